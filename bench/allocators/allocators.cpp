#include "allocators/allocators.hpp"

#include <algorithm>
#include <vector>

#include "allocators/table.hpp"

namespace daa::bench {

namespace {

struct Table {
  std::vector<AllocatorInfo> rows{
      preallocated(),
      cuda_malloc(),
      cuda_malloc_async(),
      cuda_malloc_async_tuned(),
      cub_caching(),
      thrust_pool(),
      rmm_pool(),
      rmm_async(),
      rmm_arena(),
      torch_caching(),
      arena(),
      arena_individual(),
      arena_recycle(),
      arena_release(),
  };
  std::span<AllocatorInfo> absent = std::ranges::stable_partition(
      rows, [](std::string_view absence) { return absence.empty(); }, &AllocatorInfo::absence);
};

const Table& table() {
  static const Table instance;
  return instance;
}

}  // namespace

std::span<const AllocatorInfo> allocators() {
  return std::span{table().rows}.first(table().rows.size() - table().absent.size());
}

std::span<const AllocatorInfo> absent_allocators() {
  return table().absent;
}

}  // namespace daa::bench
