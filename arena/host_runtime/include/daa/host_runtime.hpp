// What a test can ask of the host runtime, and make it do, beyond the CUDA runtime API.
//
// Linking `daa::host_runtime` in place of `CUDA::cudart` gives a program the CUDA runtime's functions over
// host memory: a stream is a queue that a worker thread executes in order. Those that it has are meant to
// behave as cudart's; one that it has not got does not link. Where it is simpler than a device:
//
// - Memory freed on a stream is reused on another only once the free has been done there (and, where a pool
//   forbids opportunistic reuse, a synchronisation has seen it); not behind an event, not by waiting. An
//   allocation that does not fit fails at once, as on a device: no work in any stream is waited for.
// - Pools map multiples of 2 MiB, hand out multiples of 512 bytes, and unmap a mapping only as a whole.
// - Any device reaches the memory of any other. A violation does not destroy the context.
// - Handles are never used twice, so that a stale one is always cudaErrorInvalidResourceHandle, or
//   cudaErrorInvalidValue for a pool or a graph.
// - A stream holds up its caller at 65,536 pieces of work. At the end of the process, work that has not
//   begun is dropped; what static objects call later returns cudaErrorCudartUnloading.
// - A graph runs its nodes one after the other, in the order of their capture. Each allocation of a graph
//   has its addresses for itself. Its memory is mapped, in multiples of 2 MiB, at the first launch or upload.
//   Where there is not enough, that waits for the device, and then returns cudaErrorMemoryAllocation. The
//   memory stays mapped, as on a device, until cudaDeviceGraphMemTrim, also when the graph is gone; until
//   then it serves other graphs.
// - Contexts are primary contexts. Of the driver API there is what cudaGetDriverEntryPointByVersion finds:
//   the functions that retain a primary context and make it current. A context that is released while memory
//   of its device is allocated is a violation, and the memory stays.
// - A captured copy from or to pageable memory reads or writes it when the graph runs.
// - A capture cannot wait for an event outside (cudaEventWaitExternal), nor hold a launch of a graph that
//   allocates or frees: both return cudaErrorNotSupported and make the capture invalid.
//
// Every function here may be called from any thread.
#pragma once

#include <cuda_runtime_api.h>

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace daa::host_runtime {

/// Finishes all work, then puts everything back as at program start: no allocation, stream, event, pool,
/// log, fault, error or violation is left; one device without a memory limit of note. No other thread may be
/// in a CUDA call meanwhile. Does nothing once the process ends.
void reset();

// --- the machine -------------------------------------------------------------------------------------------

/// Number of devices; 1 at start, 0 for a machine without. Call before anything uses the new devices.
void set_device_count(int count);

/// Most bytes that may be mapped at once on `device`; 16 GiB at start. What cudaMemGetInfo calls total.
void set_memory_limit(std::size_t bytes, int device = 0);

/// Whether the primary context of `device` is active. As since CUDA 12, cudaSetDevice makes it so, and so
/// does a thread's first call that needs a context, on its current device; cudaGetDevice and other questions
/// about devices do not, nor does a call in a thread where a context is current.
[[nodiscard]] bool has_context(int device);

/// Bytes mapped now on `device`: everything taken from the "driver", idle memory of pools and graphs
/// included.
[[nodiscard]] std::size_t mapped_bytes(int device = 0);

/// Allocations of device memory that the program owns at this moment of host time: neither freed nor
/// enqueued to be freed. What a graph allocates and does not free is among them from its launch on, what it
/// frees itself never.
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

/// The calls of the CUDA runtime API, and of the driver's functions that it has given out, made since the
/// start, reset() or clear_calls(), the first max_recorded_calls of them, in the order in which they
/// returned, over all threads. Queries of the error state (cudaGetLastError, cudaPeekAtLastError,
/// cudaGetErrorName, cudaGetErrorString) are not calls in this sense.
[[nodiscard]] std::vector<Call> calls();
/// How many calls of `function` (of all functions if empty) there were since then, however many. Throws
/// std::invalid_argument for a function that the host runtime has not got.
[[nodiscard]] std::size_t call_count(std::string_view function = {});

struct FunctionCount {
  std::string_view function;
  std::size_t calls;
};

/// call_count() of each function that the host runtime has, always in the same order.
[[nodiscard]] std::vector<FunctionCount> call_counts();
void clear_calls();

// --- faults ------------------------------------------------------------------------------------------------

/// Makes the k-th logged call from now (k = 1 is the next) of `function`, or of any function if empty, do
/// nothing and return `error`. One fault at a time; a new one replaces it. As on a device, an error that
/// destroys the context (cudaErrorIllegalAddress, cudaErrorLaunchFailure, ...) is returned by every later
/// call too, until reset(). Throws std::invalid_argument for k = 0, for cudaSuccess and for a function that
/// the host runtime has not got.
void fail_call(std::size_t k, cudaError_t error, std::string_view function = {});
/// Takes a fault back that has not struck yet. Returns whether there was one.
bool clear_fault();

// --- violations --------------------------------------------------------------------------------------------

/// How many violations are kept and printed.
inline constexpr std::size_t max_recorded_violations = 1000;

/// Misuses found so far, a sentence each: memory written after its free in stream order (found when it is
/// handed out again or unmapped), a copy, set or launch outside live memory, a free that comes second, of
/// what was never allocated, or ahead of the allocation in stream order, memory never freed when its pool was
/// destroyed or the context of its device was, an exception thrown by a task. Each is also printed to stderr
/// once.
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
/// violation, and the task is then not run. Returns an error where a launch would (a destroyed stream, one of
/// a device that is not current, a fault). Logged as "cudaLaunchKernel". `task` must not call the CUDA
/// runtime: it would get cudaErrorNotPermitted. What it holds is destroyed before the stream moves on.
cudaError_t launch(cudaStream_t stream, std::vector<Access> accesses, std::function<void()> task);

}  // namespace daa::host_runtime
