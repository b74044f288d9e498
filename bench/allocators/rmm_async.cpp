// RMM over the driver's pool, which is RMM's own and keeps everything.

#include <rmm/mr/cuda_async_memory_resource.hpp>

#include "allocators/memory_pool.hpp"
#include "allocators/peer_allocator.hpp"
#include "allocators/rmm_resource.hpp"
#include "allocators/table.hpp"

namespace daa::bench {

namespace {

class RmmAsync {
 public:
  static constexpr const char* name = "rmm-async";

  explicit RmmAsync(cudaStream_t stream) : stream_(stream), resource_(name, stream, 0) {}
  // Its resource destroys a pool: see MemoryPool.
  ~RmmAsync() { static_cast<void>(cudaStreamSynchronize(stream_)); }
  RmmAsync(const RmmAsync&) = delete;
  RmmAsync& operator=(const RmmAsync&) = delete;

  void* allocate(std::size_t bytes) { return resource_.allocate(bytes); }
  void deallocate(void* pointer, std::size_t bytes) { resource_.deallocate(pointer, bytes); }
  std::size_t bytes_reserved() const { return bytes_used(resource_.resource().pool_handle()); }
  std::size_t pool_mapped_bytes() const { return bytes_mapped(resource_.resource().pool_handle()); }

 private:
  cudaStream_t stream_;
  RmmResource<rmm::mr::cuda_async_memory_resource> resource_;
};

}  // namespace

AllocatorInfo rmm_async() {
  return {RmmAsync::name, "rmm::mr::cuda_async_memory_resource as it comes: release threshold at maximum",
          [](cudaStream_t stream, const Demand& demand) { return make_peer<RmmAsync>(demand, stream); }};
}

}  // namespace daa::bench
