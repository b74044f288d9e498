// Functions of the driver API for contexts and for virtual memory, looked up at run time, so that the
// driver's library is not linked.
#pragma once

#include <cuda.h>
#include <cuda_runtime_api.h>
#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>

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

struct VirtualMemoryFunctions {
  decltype(cuDeviceGetAttribute)* attribute =
      driver_function<decltype(cuDeviceGetAttribute)>("cuDeviceGetAttribute", 2000);
  decltype(cuMemGetAllocationGranularity)* granularity =
      driver_function<decltype(cuMemGetAllocationGranularity)>("cuMemGetAllocationGranularity", 10020);
  decltype(cuMemAddressReserve)* reserve =
      driver_function<decltype(cuMemAddressReserve)>("cuMemAddressReserve", 10020);
  decltype(cuMemAddressFree)* free_addresses =
      driver_function<decltype(cuMemAddressFree)>("cuMemAddressFree", 10020);
  decltype(cuMemCreate)* create = driver_function<decltype(cuMemCreate)>("cuMemCreate", 10020);
  decltype(cuMemRelease)* release = driver_function<decltype(cuMemRelease)>("cuMemRelease", 10020);
  decltype(cuMemMap)* map = driver_function<decltype(cuMemMap)>("cuMemMap", 10020);
  decltype(cuMemUnmap)* unmap = driver_function<decltype(cuMemUnmap)>("cuMemUnmap", 10020);
  decltype(cuMemSetAccess)* set_access = driver_function<decltype(cuMemSetAccess)>("cuMemSetAccess", 10020);

  /// Of pinned memory of a device.
  static CUmemAllocationProp properties(int device = 0) {
    CUmemAllocationProp result{};
    result.type = CU_MEM_ALLOCATION_TYPE_PINNED;
    result.location.type = CU_MEM_LOCATION_TYPE_DEVICE;
    result.location.id = device;
    return result;
  }
  static CUmemAccessDesc access(int device = 0,
                                CUmemAccess_flags flags = CU_MEM_ACCESS_FLAGS_PROT_READWRITE) {
    CUmemAccessDesc result{};
    result.location.type = CU_MEM_LOCATION_TYPE_DEVICE;
    result.location.id = device;
    result.flags = flags;
    return result;
  }

  // These fail the test if the call fails.

  [[nodiscard]] CUdeviceptr reserved(std::size_t bytes, std::size_t alignment = 0) const {
    CUdeviceptr result = 0;
    EXPECT_EQ(reserve(&result, bytes, alignment, 0, 0), CUDA_SUCCESS);
    return result;
  }
  [[nodiscard]] CUmemGenericAllocationHandle created(std::size_t bytes, int device = 0) const {
    CUmemGenericAllocationHandle result = 0;
    const CUmemAllocationProp wanted = properties(device);
    EXPECT_EQ(create(&result, bytes, &wanted, 0), CUDA_SUCCESS);
    return result;
  }
  void grant(CUdeviceptr pointer, std::size_t bytes, int device = 0,
             CUmemAccess_flags flags = CU_MEM_ACCESS_FLAGS_PROT_READWRITE) const {
    const CUmemAccessDesc wanted = access(device, flags);
    EXPECT_EQ(set_access(pointer, bytes, &wanted, 1), CUDA_SUCCESS);
  }
  /// Maps and grants access.
  void map_whole(CUdeviceptr pointer, std::size_t bytes, CUmemGenericAllocationHandle memory) const {
    EXPECT_EQ(map(pointer, bytes, 0, memory, 0), CUDA_SUCCESS);
    grant(pointer, bytes);
  }
  void remove(CUdeviceptr pointer, std::size_t bytes) const {
    EXPECT_EQ(unmap(pointer, bytes), CUDA_SUCCESS);
  }
  void give_back(CUdeviceptr pointer, std::size_t bytes) const {
    EXPECT_EQ(free_addresses(pointer, bytes), CUDA_SUCCESS);
  }
  void release_whole(CUmemGenericAllocationHandle memory) const { EXPECT_EQ(release(memory), CUDA_SUCCESS); }
};

inline void* pointer_to(CUdeviceptr address) {
  return reinterpret_cast<void*>(static_cast<std::uintptr_t>(address));
}

}  // namespace daa::test
