// Work on a stream that takes part of the time of other work on it.
#pragma once

#include <cuda_runtime_api.h>

namespace daa::test {

/// What begin() and end() enqueue on the stream. It outlives the work.
class DeviceDelay {
 public:
  explicit DeviceDelay(cudaStream_t stream);
  ~DeviceDelay();
  DeviceDelay(const DeviceDelay&) = delete;
  DeviceDelay& operator=(const DeviceDelay&) = delete;

  /// Notes the time.
  void begin();
  /// Waits for `fraction` of the time since begin(); what the clock is too coarse for is added to the next
  /// wait.
  void end(double fraction);

 private:
  cudaStream_t stream_;
  struct State* state_;
};

}  // namespace daa::test
