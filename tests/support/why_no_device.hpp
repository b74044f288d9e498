// Whether there is a device to test on.
#pragma once

#include <cuda_runtime_api.h>

#include <string>

namespace daa::test {

/// Why there is no device; empty if there is one. Leaves no error in the runtime.
inline std::string why_no_device() {
  int count = 0;
  const cudaError_t error = cudaGetDeviceCount(&count);
  static_cast<void>(cudaGetLastError());
  if (error != cudaSuccess) return std::string{"no GPU: "} + cudaGetErrorString(error);
  return count == 0 ? "no GPU" : "";
}

}  // namespace daa::test
