// What a test can ask of the host runtime, and make it do, beyond the CUDA runtime API.
//
// Linking `daa::host_runtime` in place of `CUDA::cudart` gives a program the CUDA runtime's functions over
// host memory: a stream is a queue that a worker thread executes in order. Every function here may be called
// from any thread.
#pragma once

#include <cuda_runtime_api.h>

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace daa::host_runtime {

/// Finishes all work, then puts everything back as at program start: no allocation, stream, event, pool,
/// log, fault or violation is left; one device without a memory limit of note.
void reset();

// --- the machine -------------------------------------------------------------------------------------------

/// Number of devices; 1 at start. Call before anything uses the new devices.
void set_device_count(int count);

/// Most bytes that may be mapped at once on `device`; 16 GiB at start. What cudaMemGetInfo calls total.
void set_memory_limit(std::size_t bytes, int device = 0);

/// Bytes mapped now on `device`: everything taken from the "driver", pools' idle memory included.
[[nodiscard]] std::size_t mapped_bytes(int device = 0);

/// Allocations that the program owns at this moment of host time: neither freed nor enqueued to be freed.
[[nodiscard]] std::size_t live_allocations();

// --- the call log ------------------------------------------------------------------------------------------

struct Call {
  std::string_view function;  // "cudaMallocAsync"
  cudaError_t result;
  cudaStream_t stream;  // null for calls that take none
  std::size_t bytes;    // asked, copied or set; 0 where there are none
  const void* pointer;  // allocated, freed or written; null where there is none
};

/// How many calls the log keeps a record of, about 12 MiB; it counts all of them.
inline constexpr std::size_t max_recorded_calls = std::size_t{1} << 18;

/// The calls of the CUDA runtime API made since the start, reset() or clear_calls(), the first
/// max_recorded_calls of them, in the order in which they returned, over all threads. Queries of the error
/// state (cudaGetLastError, cudaPeekAtLastError, cudaGetErrorName, cudaGetErrorString) are not calls in this
/// sense.
[[nodiscard]] std::vector<Call> calls();
/// How many calls of `function` (of all functions if empty) there were since then, however many. Throws
/// std::invalid_argument for a function that the host runtime has not got.
[[nodiscard]] std::size_t call_count(std::string_view function = {});
void clear_calls();

// --- faults ------------------------------------------------------------------------------------------------

/// Makes the k-th logged call from now (k = 1 is the next) of `function`, or of any function if empty, do
/// nothing and return `error`. One fault at a time; a new one replaces it. As on a device, an error that
/// destroys the context (cudaErrorIllegalAddress, cudaErrorLaunchFailure, ...) is returned by every later
/// call too, until reset().
void fail_call(std::size_t k, cudaError_t error, std::string_view function = {});
/// Takes a fault back that has not struck yet. Returns whether there was one.
bool clear_fault();

// --- violations --------------------------------------------------------------------------------------------

/// Misuses found so far, a sentence each: memory written after its free in stream order, a copy or set
/// outside live memory, a second free, a free of what was never allocated, memory never freed when its pool
/// was destroyed. Each is also printed to stderr once. The first max_recorded_violations of them.
inline constexpr std::size_t max_recorded_violations = 1000;
[[nodiscard]] std::vector<std::string> violations();
void clear_violations();

// --- work of one's own -------------------------------------------------------------------------------------

/// A range of device memory that a task reads or writes.
struct Access {
  const void* pointer;
  std::size_t bytes;
};

/// Stands in for a kernel launch: runs `task` on the stream's worker in stream order. Before it runs,
/// each access is checked against the memory that is live at that point of the stream; one outside is a
/// violation, and the task is then not run. Returns an error where a launch would (a destroyed stream, a
/// fault). Logged as "cudaLaunchKernel". `task` must not call the CUDA runtime.
cudaError_t launch(cudaStream_t stream, std::vector<Access> accesses, std::function<void()> task);

}  // namespace daa::host_runtime
