// The arena that keeps nothing between phases, and is otherwise what `arena` is: the price of giving memory
// back.

#include "allocators/arena_allocator.hpp"
#include "allocators/table.hpp"

namespace daa::bench {

AllocatorInfo arena_release() {
  return {"arena-release", "DeviceAsyncArena, retain_bytes 0: everything is given back after each phase",
          [](cudaStream_t stream, const Demand& demand) -> std::unique_ptr<ScratchAllocator> {
            ArenaOptions options = arena_options(demand);
            options.retain_bytes = 0;
            return std::make_unique<ArenaAllocator>(stream, 0, options);
          }};
}

}  // namespace daa::bench
