// Device memory for inputs and outputs, which are not temporaries.
#pragma once

#include <cuda_runtime_api.h>

#include <cstddef>
#include <memory>
#include <span>
#include <type_traits>
#include <vector>

#include "daa/error.hpp"
#include "device/out_of_memory.hpp"

namespace daa::bench {

struct CudaFree {
  void operator()(void* pointer) const noexcept { cudaFree(pointer); }
};

/// Like cudaMalloc(). Throws OutOfDeviceMemory, with what the device has free, or CudaError.
[[nodiscard]] inline std::unique_ptr<void, CudaFree> malloc_device(std::size_t bytes) {
  void* pointer = nullptr;
  throw_if_not_allocated(cudaMalloc(&pointer, bytes), bytes, "cudaMalloc", __FILE__, __LINE__);
  return std::unique_ptr<void, CudaFree>(pointer);
}

/// `size()` elements of T from cudaMalloc(), on the device that was current. Movable.
template <class T>
class DeviceBuffer {
  static_assert(std::is_trivially_copyable_v<T>);

 public:
  /// Uninitialised. Throws as malloc_device().
  explicit DeviceBuffer(std::size_t count) : memory_(malloc_device(count * sizeof(T))), count_(count) {}

  /// A copy of `values`, complete on return: synchronises `stream`.
  DeviceBuffer(std::span<const T> values, cudaStream_t stream) : DeviceBuffer(values.size()) {
    upload(values, stream);
  }

  [[nodiscard]] T* data() const noexcept { return static_cast<T*>(memory_.get()); }
  [[nodiscard]] std::size_t size() const noexcept { return count_; }
  [[nodiscard]] std::size_t size_bytes() const noexcept { return count_ * sizeof(T); }

  /// Copies `values`, size() of them, after the work enqueued on `stream` so far. Synchronises it.
  void upload(std::span<const T> values, cudaStream_t stream) {
    DAA_CUDA_CHECK(cudaMemcpyAsync(data(), values.data(), size_bytes(), cudaMemcpyHostToDevice, stream));
    DAA_CUDA_CHECK(cudaStreamSynchronize(stream));
  }

  /// Enqueues setting every byte to `byte`.
  void fill_bytes(unsigned char byte, cudaStream_t stream) {
    DAA_CUDA_CHECK(cudaMemsetAsync(data(), byte, size_bytes(), stream));
  }

  /// The elements after the work enqueued on `stream` so far. Synchronises it.
  [[nodiscard]] std::vector<T> download(cudaStream_t stream) const {
    std::vector<T> values(count_);
    DAA_CUDA_CHECK(cudaMemcpyAsync(values.data(), data(), size_bytes(), cudaMemcpyDeviceToHost, stream));
    DAA_CUDA_CHECK(cudaStreamSynchronize(stream));
    return values;
  }

 private:
  std::unique_ptr<void, CudaFree> memory_;
  std::size_t count_;
};

}  // namespace daa::bench
