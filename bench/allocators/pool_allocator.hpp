// cudaMallocFromPoolAsync and cudaFreeAsync for each temporary, from a pool of the allocator's own.
#pragma once

#include "allocators/memory_pool.hpp"
#include "allocators/peer_allocator.hpp"
#include "out_of_memory.hpp"

namespace daa::bench {

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

}  // namespace daa::bench
