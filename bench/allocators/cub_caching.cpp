// CUB's caching allocator. Each size is rounded up to its bin, a power of two from 256 bytes on; a block that
// was freed serves the next request of its bin on its stream at once.

#include <cub/util_allocator.cuh>

#include <mutex>

#include "allocators/peer_allocator.hpp"
#include "allocators/table.hpp"
#include "daa/error.hpp"
#include "device/out_of_memory.hpp"

namespace daa::bench {

namespace {

class CubCaching {
 public:
  static constexpr const char* name = "cub-caching";

  explicit CubCaching(cudaStream_t stream) : stream_(stream) { DAA_CUDA_CHECK(cudaGetDevice(&device_)); }

  // With the device given, CUB makes no runtime call if a cached block fits.
  void* allocate(std::size_t bytes) {
    void* pointer = nullptr;
    throw_if_not_allocated(allocator_.DeviceAllocate(device_, &pointer, bytes, stream_), bytes,
                           "cub::CachingDeviceAllocator::DeviceAllocate", __FILE__, __LINE__);
    return pointer;
  }

  // Without the device, CUB queries the current one; with it, CUB queries and sets it.
  void deallocate(void* pointer, std::size_t) { DAA_CUDA_CHECK(allocator_.DeviceFree(pointer)); }

  std::size_t bytes_reserved() const {
    const std::lock_guard lock{allocator_.mutex};
    const auto found = allocator_.cached_bytes.find(device_);
    return found == allocator_.cached_bytes.end() ? 0 : found->second.free + found->second.live;
  }

  std::size_t pool_mapped_bytes() const { return 0; }

 private:
  // As it comes, CUB's largest bin is 2 MiB, and what is larger goes to cudaMalloc and cudaFree each time.
  static constexpr unsigned growth = 2;
  static constexpr unsigned least_bin = 8;

  cudaStream_t stream_;
  int device_ = 0;
  mutable cub::CachingDeviceAllocator allocator_{growth, least_bin, cub::CachingDeviceAllocator::INVALID_BIN,
                                                 cub::CachingDeviceAllocator::INVALID_SIZE};
};

}  // namespace

AllocatorInfo cub_caching() {
  return {CubCaching::name,
          "cub::CachingDeviceAllocator, bins of every power of two from 256 B, keeps everything",
          [](cudaStream_t stream, const Demand& demand) { return make_peer<CubCaching>(demand, stream); }};
}

}  // namespace daa::bench
