// The arena without chunks, on a pool set up as that of cuda-malloc-async-tuned: the difference is the
// bookkeeping.

#include "allocators/arena_allocator.hpp"
#include "allocators/table.hpp"

namespace daa::bench {

AllocatorInfo arena_individual() {
  return {"arena-individual",
          "DeviceAsyncArena, Backing::individual, on a pool with the release threshold at maximum",
          [](cudaStream_t stream, const Demand& demand) -> std::unique_ptr<ScratchAllocator> {
            ArenaOptions options = arena_options(demand);
            options.backing = Backing::individual;
            return std::make_unique<ArenaAllocator>(stream, keep_all, options, EarlyFrees::recycled);
          }};
}

}  // namespace daa::bench
