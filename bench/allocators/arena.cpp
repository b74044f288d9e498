// The arena as a user gets it: chunked, on a pool with default attributes.

#include "allocators/arena_allocator.hpp"
#include "allocators/table.hpp"

namespace daa::bench {

AllocatorInfo arena() {
  return {"arena", "DeviceAsyncArena: chunks kept across phases",
          [](cudaStream_t stream, const Demand& demand) -> std::unique_ptr<ScratchAllocator> {
            return std::make_unique<ArenaAllocator>(stream, 0, arena_options(demand));
          }};
}

}  // namespace daa::bench
