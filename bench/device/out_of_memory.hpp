// One way to report that device memory ran out.
#pragma once

#include <cuda_runtime_api.h>

#include <cstddef>
#include <string>

#include "daa/error.hpp"

namespace daa::bench {

/// Throws OutOfDeviceMemory, with what the device has free.
[[noreturn]] inline void throw_out_of_memory(std::size_t bytes_asked, const std::string& asker = {}) {
  MemoryShortage shortage{.bytes_asked = bytes_asked};
  if (cudaMemGetInfo(&shortage.device_free, &shortage.device_total) != cudaSuccess)
    static_cast<void>(cudaGetLastError());
  throw OutOfDeviceMemory(shortage, asker);
}

/// For the result of `call`, a string literal, which allocates `bytes`: throws OutOfDeviceMemory if memory
/// ran out, CudaError if something else is wrong.
inline void throw_if_not_allocated(cudaError_t result, std::size_t bytes, const char* call, const char* file,
                                   int line) {
  if (result == cudaErrorMemoryAllocation) {
    static_cast<void>(cudaGetLastError());  // handled here
    throw_out_of_memory(bytes, call);
  }
  throw_if_failed(result, call, file, line);
}

}  // namespace daa::bench
