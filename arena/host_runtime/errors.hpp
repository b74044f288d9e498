// Error state as cudart keeps it.
//
// Every host thread has a last error: set by a call that fails, read and reset by cudaGetLastError, left
// alone by calls that succeed. An error that destroys the context belongs to the whole process instead: once
// it has struck, every call returns it, and nothing but host_runtime::reset() ends that.
#pragma once

#include <cuda_runtime_api.h>

namespace daa::host_runtime {

/// Ends an API function from further down with the error that it is to return.
struct ApiError {
  cudaError_t code;
};

/// True for errors after which a CUDA context accepts no more work.
[[nodiscard]] bool destroys_context(cudaError_t error) noexcept;

/// The error that has destroyed the context, or cudaSuccess.
[[nodiscard]] cudaError_t context_error() noexcept;

/// Remembers what a call returned, if that destroys the context.
void remember_if_destroyed(cudaError_t result) noexcept;
/// As that, and as this thread's last error. cudaErrorNotReady is an answer, not an error, and is not kept.
void remember(cudaError_t result) noexcept;

/// Forgets the context error, and this thread's and every other thread's last error.
void forget_errors() noexcept;

}  // namespace daa::host_runtime
