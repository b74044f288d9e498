// Memory from a CUDA memory pool in the order of one stream: the only place where the library calls the
// runtime for memory. Counts its calls, knows its device, throws nothing but what it says.
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

/// Whether the handle stands for another stream on another device.
[[nodiscard]] inline bool is_default_stream(cudaStream_t stream) noexcept {
  return is_legacy_stream(stream) || stream == cudaStreamPerThread;
}

/// Whether a stream is being captured into a graph: memory can then be neither taken nor given back.
struct Capture {
  static constexpr const char* call = "cudaStreamGetCaptureInfo";

  bool is_active = false;
  /// cudaErrorStreamCaptureInvalidated or cudaErrorStreamCaptureImplicit (of the legacy stream, while a
  /// stream that waits for it is captured) of an active one; any other where the runtime failed to tell.
  cudaError_t error = cudaSuccess;
};

/// Whether a capture of the stream is going on, valid or not. To be asked before cudaStreamGetId and
/// cudaStreamGetDevice, which a capture forbids, whatever its mode, and which make it invalid. Throws
/// CudaError if the stream is not valid.
[[nodiscard]] bool is_captured(cudaStream_t stream);

class StreamOrderedMemory {
 public:
  /// Throws CudaError if the stream is not valid, std::invalid_argument for a null pool.
  StreamOrderedMemory(cudaStream_t stream, std::optional<cudaMemPool_t> pool);

  /// Returns the runtime's error, already taken out of its per-thread state; `*pointer` is then unchanged.
  [[nodiscard]] cudaError_t allocate(void** pointer, std::size_t bytes) noexcept;
  [[nodiscard]] cudaError_t free(void* pointer) noexcept;

  /// A capture that was made invalid goes on until it is ended.
  [[nodiscard]] Capture capture() noexcept;

  /// Gives what no other stream of the process ever has, or the runtime's error, with `id` unchanged. Not
  /// while the stream is captured. One value for all legacy streams, which are never destroyed.
  [[nodiscard]] cudaError_t stream_id(unsigned long long& id) noexcept;

  /// Sets all bytes.
  [[nodiscard]] cudaError_t fill(void* pointer, std::uint8_t value, std::size_t bytes) noexcept;

  /// For checks only, since wait() waits for the stream. Throw CudaError.
  void read(void* host, const void* pointer, std::size_t bytes);
  void wait();

  /// Throws what stands for `code`, an error of allocate(). `shortage` is completed with the device's
  /// figures.
  [[noreturn]] void throw_failed_allocation(cudaError_t code, MemoryShortage shortage,
                                            const std::string& asker);

  [[nodiscard]] std::size_t calls() const noexcept { return calls_; }
  [[nodiscard]] std::size_t allocations() const noexcept { return allocations_; }

 private:
  template <class Call>
  cudaError_t in_stream_order(Call call) noexcept;

  cudaStream_t stream_;
  std::optional<cudaMemPool_t> pool_;
  int device_;                 // for the figures of a shortage; unknown if the stream was captured
  bool needs_current_device_;  // a default stream is that of the device current at each call
  std::size_t calls_ = 0;
  std::size_t allocations_ = 0;  // that succeeded
};

}  // namespace daa::v0_1::detail
