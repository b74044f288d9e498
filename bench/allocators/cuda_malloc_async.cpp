// The driver's pool with default attributes: at a synchronisation it gives all idle memory back to the
// device.

#include "allocators/pool_allocator.hpp"
#include "allocators/table.hpp"

namespace daa::bench {

AllocatorInfo cuda_malloc_async() {
  return {"cuda-malloc-async",
          "cudaMallocAsync from a pool of its own, default attributes (release threshold 0)",
          [](cudaStream_t stream, const Demand& demand) {
            return make_peer<PoolAllocator>(demand, stream, std::uint64_t{0});
          }};
}

}  // namespace daa::bench
