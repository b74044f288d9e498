// Stream-ordered allocation from a CUDA memory pool. The library calls the CUDA runtime for memory only here.
#pragma once

#include <cuda_runtime_api.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "daa/error.hpp"

namespace daa::v0_1::detail {

[[nodiscard]] inline bool is_legacy_stream(cudaStream_t stream) noexcept {
  return stream == nullptr || stream == cudaStreamLegacy;
}

/// Whether the stream that the handle names depends on the current device.
[[nodiscard]] inline bool is_default_stream(cudaStream_t stream) noexcept {
  return is_legacy_stream(stream) || stream == cudaStreamPerThread;
}

/// The capture state of a stream. During a capture, memory can be neither allocated nor freed.
struct Capture {
  static constexpr const char* call = "cudaStreamGetCaptureInfo";

  bool is_active = false;
  /// While the capture is active: cudaErrorStreamCaptureInvalidated, or cudaErrorStreamCaptureImplicit (the
  /// legacy stream, while a stream that synchronises with it is captured). Any other error means that the
  /// query failed.
  cudaError_t error = cudaSuccess;
};

/// Whether the stream is being captured, validly or not. Call it before cudaStreamGetId and
/// cudaStreamGetDevice: every capture mode forbids these two, and they invalidate the capture. Throws
/// CudaError if the stream is not valid.
[[nodiscard]] bool is_captured(cudaStream_t stream);

class StreamOrderedMemory {
 public:
  /// Throws CudaError if the stream is not valid, std::invalid_argument for a null pool.
  StreamOrderedMemory(cudaStream_t stream, std::optional<cudaMemPool_t> pool);

  /// Returns the runtime's error, cleared from its per-thread state; `*pointer` is then unchanged.
  [[nodiscard]] cudaError_t allocate(void** pointer, std::size_t bytes) noexcept;
  [[nodiscard]] cudaError_t free(void* pointer) noexcept;

  /// An invalidated capture stays active until it is ended.
  [[nodiscard]] Capture capture() noexcept;

  /// Sets `id` to a value that no other stream of the process ever has. Returns the runtime's error, with
  /// `id` unchanged, on failure. Must not be called while the stream is captured. All legacy streams have the
  /// same value; they are never destroyed.
  [[nodiscard]] cudaError_t stream_id(unsigned long long& id) noexcept;

  /// Sets `bytes` bytes to `value`, in stream order.
  [[nodiscard]] cudaError_t fill(void* pointer, std::uint8_t value, std::size_t bytes) noexcept;

  /// For checked arenas only: wait() waits for the stream. Both throw CudaError.
  void read(void* host, const void* pointer, std::size_t bytes);
  void wait();

  /// Records the point that the stream has reached in `event`, which is created if it is null. Must not be
  /// called while the stream is captured.
  [[nodiscard]] cudaError_t record(cudaEvent_t& event) noexcept;

  /// The stream's device; nothing if the stream is captured and was when this object was constructed.
  [[nodiscard]] std::optional<int> device() noexcept;

  /// Throws the exception for `code`, an error of allocate(). Adds the device's values to `shortage`.
  [[noreturn]] void throw_failed_allocation(cudaError_t code, MemoryShortage shortage,
                                            const std::string& requester);

  [[nodiscard]] std::size_t calls() const noexcept { return calls_; }
  [[nodiscard]] std::size_t allocations() const noexcept { return allocations_; }

 private:
  template <class Call>
  cudaError_t in_stream_order(Call call) noexcept;

  cudaStream_t stream_;
  std::optional<cudaMemPool_t> pool_;
  int device_;                 // for MemoryShortage; unknown if the stream was captured
  bool needs_current_device_;  // a default stream is that of the current device at each call
  std::size_t calls_ = 0;
  std::size_t allocations_ = 0;  // that succeeded
};

}  // namespace daa::v0_1::detail
