// The driver's pool as its users should set it up: it keeps its memory.

#include "allocators/pool_allocator.hpp"
#include "allocators/table.hpp"

namespace daa::bench {

AllocatorInfo cuda_malloc_async_tuned() {
  return {"cuda-malloc-async-tuned", "the same with the release threshold at maximum",
          [](cudaStream_t stream, const Demand& demand) {
            return make_peer<PoolAllocator>(demand, stream, keep_all);
          }};
}

}  // namespace daa::bench
