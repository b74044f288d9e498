// The arena with every early free honoured. Workloads make none: there it is what `arena` is.

#include "allocators/arena_allocator.hpp"
#include "allocators/table.hpp"

namespace daa::bench {

AllocatorInfo arena_recycle() {
  return {"arena-recycle", "DeviceAsyncArena, frees inside a phase honoured through recycle()",
          [](cudaStream_t stream, const Demand& demand) -> std::unique_ptr<ScratchAllocator> {
            return std::make_unique<ArenaAllocator>(stream, 0, arena_options(demand), EarlyFrees::recycled);
          }};
}

}  // namespace daa::bench
