// Error state, as in cudart.
//
// Every host thread has a last error: set by a call that fails, read and reset by cudaGetLastError, not
// changed by calls that succeed. An error that destroys the context belongs to the whole process instead:
// every later call returns it until host_runtime::reset().
#pragma once

#include <cuda_runtime_api.h>

#include <atomic>
#include <string>

namespace daa::host_runtime {

/// Thrown inside an API function to make it return `code`.
struct ApiError {
  cudaError_t code;
};

/// True for errors after which a CUDA context accepts no more work.
[[nodiscard]] bool destroys_context(cudaError_t error) noexcept;

/// The error that has destroyed the context, or cudaSuccess.
[[nodiscard]] cudaError_t context_error() noexcept;

/// Stores the result of a call if it destroys the context.
void remember_if_destroyed(cudaError_t result) noexcept;
/// remember_if_destroyed(), and stores the result as this thread's last error. cudaErrorNotReady is not an
/// error and is not stored.
void remember(cudaError_t result) noexcept;

/// Clears the context error and the last error of every thread.
void forget_errors() noexcept;

// --- violations: misuse that a device would not notice, or would notice too late to locate ---

/// Stores the sentence and prints it to stderr. May be called from any thread, with or without the runtime's
/// lock.
void report_violation(std::string sentence);

// --- the end of the process ---
//
// An exit handler, registered at first use, stops the runtime. Objects that are destroyed later may still
// call it: they get cudaErrorCudartUnloading, as with cudart.

inline constinit std::atomic<bool> unloading_begun{false};

[[nodiscard]] inline bool unloaded() noexcept {
  return unloading_begun.load(std::memory_order_acquire);
}

}  // namespace daa::host_runtime
