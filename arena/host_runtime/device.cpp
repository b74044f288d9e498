#include <algorithm>
#include <cstring>
#include <thread>

#include "api.hpp"
#include "capture.hpp"
#include "memory.hpp"
#include "runtime.hpp"

#include <cuda_profiler_api.h>

using namespace daa::host_runtime;

namespace {

constexpr int warp_size = 32;
constexpr int most_threads_per_block = 1024;

int processors() {
  return static_cast<int>(std::max(1U, std::thread::hardware_concurrency()));
}

}  // namespace

// Attributes that are not listed are 0.
int daa::host_runtime::attribute_value(int attribute) {
  switch (attribute) {
    case cudaDevAttrMaxThreadsPerBlock:
      return most_threads_per_block;
    case cudaDevAttrWarpSize:
      return warp_size;
    case cudaDevAttrMultiProcessorCount:
      return processors();
    case cudaDevAttrUnifiedAddressing:
    case cudaDevAttrConcurrentKernels:
    case cudaDevAttrMemoryPoolsSupported:
    case CU_DEVICE_ATTRIBUTE_VIRTUAL_MEMORY_MANAGEMENT_SUPPORTED:
    case CU_DEVICE_ATTRIBUTE_HANDLE_TYPE_POSIX_FILE_DESCRIPTOR_SUPPORTED:
    case CU_DEVICE_ATTRIBUTE_GPU_DIRECT_RDMA_WITH_CUDA_VMM_SUPPORTED:
      return 1;
    default:
      return 0;
  }
}

cudaError_t cudaGetDevice(int* device) {
  return api("cudaGetDevice", asked(), [&](Call&) {
    if (device == nullptr) return cudaErrorInvalidValue;
    const Lock lock(runtime().mutex);
    *device = runtime().current_device().ordinal;
    return cudaSuccess;
  });
}

cudaError_t cudaSetDevice(int device) {
  return api("cudaSetDevice", asked(), [&](Call&) {
    const Lock lock(runtime().mutex);
    Device& chosen = runtime().visible_device(device);
    chosen.runtime_has_context = true;
    set_current_device(chosen.ordinal);
    return cudaSuccess;
  });
}

cudaError_t cudaGetDeviceCount(int* count) {
  return api("cudaGetDeviceCount", asked(), [&](Call&) {
    if (count == nullptr) return cudaErrorInvalidValue;
    const Lock lock(runtime().mutex);
    *count = static_cast<int>(runtime().visible_devices);
    return *count == 0 ? cudaErrorNoDevice : cudaSuccess;
  });
}

cudaError_t cudaGetDeviceProperties(cudaDeviceProp* properties, int device) {
  return api("cudaGetDeviceProperties", asked(), [&](Call&) {
    if (properties == nullptr) return cudaErrorInvalidValue;
    const Lock lock(runtime().mutex);
    const Device& of = runtime().visible_device(device);
    *properties = {};
    std::strcpy(properties->name, "host runtime");
    properties->totalGlobalMem = of.memory_limit;
    properties->warpSize = warp_size;
    properties->maxThreadsPerBlock = most_threads_per_block;
    properties->multiProcessorCount = processors();
    properties->textureAlignment = MemoryPool::unit;
    properties->unifiedAddressing = 1;
    properties->concurrentKernels = 1;
    properties->memoryPoolsSupported = 1;
    return cudaSuccess;
  });
}

cudaError_t cudaDeviceGetAttribute(int* value, cudaDeviceAttr attribute, int device) {
  return api("cudaDeviceGetAttribute", asked(), [&](Call&) {
    if (value == nullptr || attribute < 1 || attribute >= cudaDevAttrMax) return cudaErrorInvalidValue;
    const Lock lock(runtime().mutex);
    static_cast<void>(runtime().visible_device(device));
    *value = attribute_value(attribute);
    return cudaSuccess;
  });
}

cudaError_t cudaDeviceCanAccessPeer(int* can_access, int device, int peer) {
  return api("cudaDeviceCanAccessPeer", asked(), [&](Call&) {
    if (can_access == nullptr) return cudaErrorInvalidValue;
    const Lock lock(runtime().mutex);
    *can_access = &runtime().visible_device(device) != &runtime().visible_device(peer) ? 1 : 0;
    return cudaSuccess;
  });
}

cudaError_t cudaDriverGetVersion(int* version) {
  return api("cudaDriverGetVersion", asked(), [&](Call&) {
    if (version == nullptr) return cudaErrorInvalidValue;
    *version = CUDART_VERSION;
    return cudaSuccess;
  });
}

cudaError_t cudaRuntimeGetVersion(int* version) {
  return api("cudaRuntimeGetVersion", asked(), [&](Call&) {
    if (version == nullptr) return cudaErrorInvalidValue;
    *version = CUDART_VERSION;
    return cudaSuccess;
  });
}

cudaError_t cudaMemGetInfo(size_t* free, size_t* total) {
  return api("cudaMemGetInfo", asked(), [&](Call&) {
    if (free == nullptr || total == nullptr) return cudaErrorInvalidValue;
    const Lock lock(runtime().mutex);
    const Device& device = runtime().current_device();
    *total = device.memory_limit;
    *free = device.memory_limit - std::min(device.memory_limit, device.mapped_bytes);
    return cudaSuccess;
  });
}

cudaError_t cudaDeviceSynchronize() {
  return api("cudaDeviceSynchronize", asked(), [&](Call&) {
    Segments released;  // unmapped after the lock is released
    Lock lock(runtime().mutex);
    Device& device = runtime().current_device();
    refuse_waiting(device);
    runtime().synchronize(lock, device);
    released = release_idle(device, Release::to_threshold);
    return cudaSuccess;
  });
}

cudaError_t cudaProfilerStart() {
  return api("cudaProfilerStart", asked(), [](Call&) { return cudaSuccess; });
}

cudaError_t cudaProfilerStop() {
  return api("cudaProfilerStop", asked(), [](Call&) { return cudaSuccess; });
}
