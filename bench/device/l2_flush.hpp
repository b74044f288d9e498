// Empties the device's L2 cache.
#pragma once

#include <algorithm>
#include <cstddef>

#include "device/device_buffer.hpp"

namespace daa::bench {

/// Owns a buffer of twice the L2 cache of the current device at least, from none of the allocators under
/// test. 1 MiB if the device reports no cache, as the host runtime does, where the flush has no effect.
class L2Flush {
 public:
  L2Flush() : buffer_(std::max(2 * l2_bytes(), std::size_t{1} << 20)) {}

  /// Overwrites the buffer on `stream` and synchronises it.
  void flush(cudaStream_t stream) {
    buffer_.fill_bytes(0, stream);
    DAA_CUDA_CHECK(cudaStreamSynchronize(stream));
  }

  [[nodiscard]] std::size_t bytes() const noexcept { return buffer_.size(); }

 private:
  static std::size_t l2_bytes() {
    int device = 0, bytes = 0;
    DAA_CUDA_CHECK(cudaGetDevice(&device));
    DAA_CUDA_CHECK(cudaDeviceGetAttribute(&bytes, cudaDevAttrL2CacheSize, device));
    return static_cast<std::size_t>(bytes);
  }

  DeviceBuffer<std::byte> buffer_;
};

}  // namespace daa::bench
