// Context functions of the driver API, looked up at run time, so that the driver's library is not linked.
#pragma once

#include <cuda.h>
#include <cuda_runtime_api.h>
#include <gtest/gtest.h>

namespace daa::test {

/// Returns null and fails the test if the driver does not have the function.
template <class Function>
Function* driver_function(const char* name, unsigned int version) {
  void* address = nullptr;
  cudaDriverEntryPointQueryResult status{};
  EXPECT_EQ(cudaGetDriverEntryPointByVersion(name, &address, version, cudaEnableDefault, &status),
            cudaSuccess);
  EXPECT_EQ(status, cudaDriverEntryPointSuccess) << name;
  return reinterpret_cast<Function*>(address);
}

struct DriverFunctions {
  decltype(cuDevicePrimaryCtxGetState)* primary_state =
      driver_function<decltype(cuDevicePrimaryCtxGetState)>("cuDevicePrimaryCtxGetState", 7000);
  decltype(cuDevicePrimaryCtxRetain)* retain_primary =
      driver_function<decltype(cuDevicePrimaryCtxRetain)>("cuDevicePrimaryCtxRetain", 7000);
  decltype(cuDevicePrimaryCtxRelease)* release_primary =
      driver_function<decltype(cuDevicePrimaryCtxRelease)>("cuDevicePrimaryCtxRelease", 11000);
  decltype(cuCtxGetCurrent)* get_current =
      driver_function<decltype(cuCtxGetCurrent)>("cuCtxGetCurrent", 4000);
  decltype(cuCtxPushCurrent)* push_current =
      driver_function<decltype(cuCtxPushCurrent)>("cuCtxPushCurrent", 4000);
  decltype(cuCtxPopCurrent)* pop_current =
      driver_function<decltype(cuCtxPopCurrent)>("cuCtxPopCurrent", 4000);

  /// Whether the primary context of the device is active.
  [[nodiscard]] bool has_context(int device) const {
    unsigned int flags = 0;
    int is_active = 0;
    EXPECT_EQ(primary_state(device, &flags, &is_active), CUDA_SUCCESS);
    return is_active != 0;
  }
  /// The current context of this thread; null if there is none.
  [[nodiscard]] CUcontext current() const {
    CUcontext context = nullptr;
    EXPECT_EQ(get_current(&context), CUDA_SUCCESS);
    return context;
  }
  CUcontext retain(int device) const {
    CUcontext context = nullptr;
    EXPECT_EQ(retain_primary(&context, device), CUDA_SUCCESS);
    return context;
  }
  /// Returns the context that was current.
  CUcontext pop() const {
    CUcontext context = nullptr;
    EXPECT_EQ(pop_current(&context), CUDA_SUCCESS);
    return context;
  }
};

}  // namespace daa::test
