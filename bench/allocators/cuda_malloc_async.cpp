// cudaMallocFromPoolAsync and cudaFreeAsync for each temporary, from a pool of the allocator's own.

#include "allocators/memory_pool.hpp"
#include "allocators/peer_allocator.hpp"
#include "allocators/table.hpp"
#include "device/out_of_memory.hpp"

namespace daa::bench {

namespace {

class PoolAllocator {
 public:
  static constexpr const char* name = "cuda-malloc-async";

  PoolAllocator(cudaStream_t stream, std::uint64_t release_threshold_bytes)
      : stream_(stream), pool_(release_threshold_bytes) {}

  void* allocate(std::size_t bytes) {
    void* pointer = nullptr;
    throw_if_not_allocated(cudaMallocFromPoolAsync(&pointer, bytes, pool_.handle(), stream_), bytes,
                           "cudaMallocFromPoolAsync", __FILE__, __LINE__);
    return pointer;
  }

  void deallocate(void* pointer, std::size_t) {
    throw_if_failed(cudaFreeAsync(pointer, stream_), "cudaFreeAsync", __FILE__, __LINE__);
  }

  std::size_t bytes_reserved() const { return pool_.bytes_used(); }
  std::size_t pool_mapped_bytes() const { return pool_.bytes_mapped(); }

 private:
  cudaStream_t stream_;
  MemoryPool pool_;
};

}  // namespace

// With the driver's default attributes: at a synchronisation all idle memory is given back to the device.
AllocatorInfo cuda_malloc_async() {
  return {"cuda-malloc-async",
          "cudaMallocAsync from a pool of its own, default attributes (release threshold 0)",
          [](cudaStream_t stream, const Demand& demand) {
            return make_peer<PoolAllocator>(demand, stream, std::uint64_t{0});
          }};
}

// As its users should set it up: it keeps its memory.
AllocatorInfo cuda_malloc_async_tuned() {
  return {"cuda-malloc-async-tuned", "the same with the release threshold at maximum",
          [](cudaStream_t stream, const Demand& demand) {
            return make_peer<PoolAllocator>(demand, stream, keep_all);
          }};
}

}  // namespace daa::bench
