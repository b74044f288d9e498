#include "allocators/allocators.hpp"

#include <algorithm>
#include <vector>

#include "allocators/table.hpp"

namespace daa::bench {

namespace {

struct Table {
#define DAA_CALL(name) name(),
  std::vector<AllocatorInfo> rows{DAA_ALLOCATORS(DAA_CALL)};
#undef DAA_CALL
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
