// RMM's pool: best fit with coalescing, by stream.

#include <rmm/mr/cuda_memory_resource.hpp>
#include <rmm/mr/pool_memory_resource.hpp>

#include "allocators/peer_allocator.hpp"
#include "allocators/rmm_resource.hpp"
#include "allocators/table.hpp"

namespace daa::bench {

namespace {

// Empty at first, so that what it reserves is what the phases need; it grows as RMM lets it.
class RmmPool {
 public:
  static constexpr const char* name = "rmm-pool";

  explicit RmmPool(cudaStream_t stream)
      : pool_(name, stream, 0, rmm::mr::cuda_memory_resource{}, std::size_t{0}) {}

  void* allocate(std::size_t bytes) { return pool_.allocate(bytes); }
  void deallocate(void* pointer, std::size_t bytes) { pool_.deallocate(pointer, bytes); }
  std::size_t bytes_reserved() const { return pool_.resource().pool_size(); }
  std::size_t pool_mapped_bytes() const { return 0; }

 private:
  RmmResource<rmm::mr::pool_memory_resource> pool_;
};

}  // namespace

AllocatorInfo rmm_pool() {
  return {RmmPool::name, "rmm::mr::pool_memory_resource on cudaMalloc, empty at first",
          [](cudaStream_t stream, const Demand& demand) { return make_peer<RmmPool>(demand, stream); }};
}

}  // namespace daa::bench
