// Nothing of the phases before is in the device's L2 cache.
#pragma once

#include <cstddef>

#include "device_buffer.hpp"

namespace daa::bench {

/// A buffer of the driver's own, of at least twice the L2 cache of the device that was current: no allocator
/// under test has a part in it. Of 1 MiB where the device tells of no cache, as the host runtime does; that
/// the flush has an effect there is not claimed.
class L2Flush {
 public:
  L2Flush();

  /// Overwrites the buffer on `stream`, and waits for that.
  void flush(cudaStream_t stream);

  [[nodiscard]] std::size_t bytes() const noexcept { return buffer_.size(); }

 private:
  DeviceBuffer<std::byte> buffer_;
};

}  // namespace daa::bench
