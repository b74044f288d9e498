#include "allocators/allocators.hpp"

#include <array>

#include "allocators/table.hpp"

namespace daa::bench {

std::span<const AllocatorInfo> allocators() {
  static const std::array table{
      preallocated(), cuda_malloc(),      cuda_malloc_async(), cuda_malloc_async_tuned(),
      arena(),        arena_individual(), arena_recycle(),     arena_release(),
  };
  return table;
}

}  // namespace daa::bench
