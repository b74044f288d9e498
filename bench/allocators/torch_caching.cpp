// PyTorch's caching allocator, from libtorch. There is one for the process: what a trial leaves in its cache
// is freed at the end of the trial. PYTORCH_CUDA_ALLOC_CONF applies.

#include <c10/cuda/CUDACachingAllocator.h>

#include "allocators/peer_allocator.hpp"
#include "allocators/table.hpp"
#include "daa/error.hpp"
#include "device/out_of_memory.hpp"

namespace daa::bench {

namespace {

namespace torch_allocator = c10::cuda::CUDACachingAllocator;

class TorchCaching {
 public:
  static constexpr const char* name = "torch-caching";

  explicit TorchCaching(cudaStream_t stream) : stream_(stream) {
    int device = 0, count = 0;
    DAA_CUDA_CHECK(cudaGetDevice(&device));
    DAA_CUDA_CHECK(cudaGetDeviceCount(&count));
    device_ = static_cast<c10::DeviceIndex>(device);
    if (!torch_allocator::get()->initialized()) torch_allocator::init(count);
    if (alive_++ == 0) bytes_before_ = bytes_of_process();
  }

  ~TorchCaching() {
    --alive_;
    try {
      torch_allocator::emptyCache();
    } catch (const std::exception&) {  // a destructor cannot report it
    }
  }
  TorchCaching(const TorchCaching&) = delete;
  TorchCaching& operator=(const TorchCaching&) = delete;

  void* allocate(std::size_t bytes) {
    try {
      return torch_allocator::raw_alloc_with_stream(bytes, stream_);
    } catch (const c10::OutOfMemoryError& error) {
      throw_out_of_memory(bytes, std::string{name} + " (" + error.what_without_backtrace() + ")");
    } catch (const c10::Error& error) {  // whose what() is pages of backtrace
      throw std::runtime_error(std::string{name} + ": " + error.what_without_backtrace());
    }
  }

  void deallocate(void* pointer, std::size_t) { torch_allocator::raw_delete(pointer); }
  // Its part of what all together have: PyTorch keeps one account for the process.
  std::size_t bytes_reserved() const { return (bytes_of_process() - bytes_before_) / alive_; }
  std::size_t pool_mapped_bytes() const { return 0; }

 private:
  std::size_t bytes_of_process() const {
    constexpr auto aggregate = static_cast<std::size_t>(c10::CachingAllocator::StatType::AGGREGATE);
    return static_cast<std::size_t>(
        torch_allocator::getDeviceStats(device_).reserved_bytes[aggregate].current);
  }

  cudaStream_t stream_;
  c10::DeviceIndex device_ = 0;
  // Of all that there are: made and destroyed in one thread, while no other uses one.
  static inline std::size_t alive_ = 0, bytes_before_ = 0;
};

}  // namespace

AllocatorInfo torch_caching() {
  return {TorchCaching::name, "PyTorch's CUDACachingAllocator, set up by PYTORCH_CUDA_ALLOC_CONF",
          [](cudaStream_t stream, const Demand& demand) { return make_peer<TorchCaching>(demand, stream); }};
}

}  // namespace daa::bench
