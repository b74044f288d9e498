// Work on a stream that takes part of the time of other work on it.
#pragma once

#include <cuda_runtime_api.h>

namespace daa::test {

/// Lengthens what a stream does between begin() and end() by a fraction. Both only enqueue, and throw
/// CudaError; the destructor waits for the stream.
class DeviceDelay {
 public:
  DeviceDelay(cudaStream_t stream, double fraction);
  ~DeviceDelay();
  DeviceDelay(const DeviceDelay&) = delete;
  DeviceDelay& operator=(const DeviceDelay&) = delete;

  void begin();
  void end();

 private:
  cudaStream_t stream_;
  double fraction_;
  struct State* state_;
};

}  // namespace daa::test
