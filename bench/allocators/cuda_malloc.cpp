// Raw cudaMalloc and cudaFree, which synchronises the device.

#include "allocators/peer_allocator.hpp"
#include "allocators/table.hpp"
#include "daa/error.hpp"
#include "device/out_of_memory.hpp"

namespace daa::bench {

namespace {

class CudaMalloc {
 public:
  static constexpr const char* name = "cuda-malloc";

  void* allocate(std::size_t bytes) {
    void* pointer = nullptr;
    throw_if_not_allocated(cudaMalloc(&pointer, bytes), bytes, "cudaMalloc", __FILE__, __LINE__);
    reserved_ += bytes;
    return pointer;
  }

  void deallocate(void* pointer, std::size_t bytes) {
    throw_if_failed(cudaFree(pointer), "cudaFree", __FILE__, __LINE__);
    reserved_ -= bytes;
  }

  std::size_t bytes_reserved() const { return reserved_; }
  std::size_t pool_mapped_bytes() const { return 0; }

 private:
  std::size_t reserved_ = 0;
};

}  // namespace

AllocatorInfo cuda_malloc() {
  return {CudaMalloc::name, "cudaMalloc and cudaFree for each temporary; synchronises the device",
          [](cudaStream_t, const Demand& demand) { return make_peer<CudaMalloc>(demand); }};
}

}  // namespace daa::bench
