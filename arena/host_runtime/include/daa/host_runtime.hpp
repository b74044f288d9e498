// Control functions of the host runtime: what tests can query and inject beyond the CUDA runtime API.
//
// A program that links `daa::host_runtime` instead of `CUDA::cudart` gets the CUDA runtime's functions on
// host memory: a stream is a queue that a worker thread executes in order. The implemented functions behave
// as cudart's; a function that is not implemented does not link. Where it is simpler than a device:
//
// - Memory freed on a stream is reused on another stream only after the free has been executed (and, if the
//   pool forbids opportunistic reuse, a synchronisation has observed it); events and waiting do not enable
//   reuse. An allocation that does not fit fails at once, as on a device: no work in any stream is waited
//   for.
// - Pools map multiples of 2 MiB, hand out multiples of 512 bytes, and unmap a mapping only as a whole.
// - Every device can access the memory of every other one; memory of cuMemCreate, where cuMemSetAccess has
//   granted it. A violation does not destroy the context.
// - Handles are never reused, so a stale handle always gives cudaErrorInvalidResourceHandle, or
//   cudaErrorInvalidValue for a pool or a graph.
// - A stream blocks its caller while 65,536 pieces of work are queued. At the end of the process, work that
//   has not begun is dropped; later calls by static objects return cudaErrorCudartUnloading.
// - A graph runs its nodes one after the other, in the order of their capture. Each allocation of a graph has
//   its own addresses. Its memory is mapped, in multiples of 2 MiB, at the first launch or upload. If there
//   is not enough memory, that call waits for the device and then returns cudaErrorMemoryAllocation. As on a
//   device, the memory stays mapped until cudaDeviceGraphMemTrim, even if the graph was destroyed; until then
//   other graphs use it.
// - Of the driver API, the functions exist, through cudaGetDriverEntryPointByVersion, that retain a primary
//   context and make it current, and those of virtual memory management: cuMemGetAllocationGranularity,
//   cuMemAddressReserve, cuMemAddressFree, cuMemCreate, cuMemRelease, cuMemMap, cuMemUnmap, cuMemSetAccess
//   and cuDeviceGetAttribute. Contexts are primary contexts. Releasing a context while memory of its device
//   is allocated is a violation; the memory stays, except that of cuMemCreate.
// - The granularity of virtual memory is 2 MiB. Access is set for whole mappings, read and write or none.
//   Memory of cuMemCreate takes a file descriptor. Unmapping memory while a task or a copy that has begun
//   uses it crashes the process; if it has not begun, it is a violation. Unmapping what is not mapped is an
//   error; driver 580 accepts it.
// - A captured copy from or to pageable memory reads or writes it when the graph runs.
// - A capture cannot wait for an external event (cudaEventWaitExternal), nor contain a launch of a graph that
//   allocates or frees: both return cudaErrorNotSupported and invalidate the capture.
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

/// Finishes all work, then restores the state of program start: no allocations, streams, events, pools, log
/// entries, faults, errors or violations; one device with a memory limit of 16 GiB. No other thread may be in
/// a CUDA call meanwhile. Does nothing once the process is ending.
void reset();

// --- the machine -------------------------------------------------------------------------------------------

/// Sets the number of devices: 1 at start, 0 for a machine without devices. Call it before the new devices
/// are used.
void set_device_count(int count);

/// Sets the maximum number of bytes mapped at once on `device`, 16 GiB at start. cudaMemGetInfo reports it as
/// total.
void set_memory_limit(std::size_t bytes, int device = 0);

/// Whether the primary context of `device` is active. As in CUDA 12 and later, cudaSetDevice activates it,
/// and so does, for the current device, a thread's first call that needs a context. cudaGetDevice and other
/// device queries do not, nor does any call in a thread that has a current context.
[[nodiscard]] bool has_context(int device);

/// Bytes mapped now on `device`, including idle memory of pools and graphs, and memory of cuMemCreate, mapped
/// or not.
[[nodiscard]] std::size_t mapped_bytes(int device = 0);

/// Number of device allocations that the program owns at this moment of host time: neither freed nor enqueued
/// to be freed. Memory of cuMemCreate does not count. An allocation that a graph makes and does not free
/// counts from its launch on; one that the graph itself frees never counts.
[[nodiscard]] std::size_t live_allocations();

// --- the call log ------------------------------------------------------------------------------------------

struct Call {
  std::string_view function;  // "cudaMallocAsync"
  cudaError_t result;
  cudaStream_t stream;  // null for calls without a stream
  std::size_t bytes;    // requested, mapped, copied or set; 0 if not applicable
  const void* pointer;  // allocated, mapped, freed or written; null if not applicable
};

/// Maximum number of calls of which the log keeps a record, about 12 MiB. All calls are counted.
inline constexpr std::size_t max_recorded_calls = std::size_t{1} << 18;

/// The first max_recorded_calls calls since the start, reset() or clear_calls(), over all threads, in the
/// order in which they returned: calls of the CUDA runtime API and of the driver functions that it has
/// provided. Queries of the error state (cudaGetLastError, cudaPeekAtLastError, cudaGetErrorName,
/// cudaGetErrorString) are not logged.
[[nodiscard]] std::vector<Call> calls();
/// The number of calls of `function` (of all functions if empty) since then, without a limit. Throws
/// std::invalid_argument for a function that the host runtime does not implement.
[[nodiscard]] std::size_t call_count(std::string_view function = {});

struct FunctionCount {
  std::string_view function;
  std::size_t calls;
};

/// call_count() of every function that the host runtime implements, always in the same order.
[[nodiscard]] std::vector<FunctionCount> call_counts();
void clear_calls();

// --- faults ------------------------------------------------------------------------------------------------

/// Makes the k-th logged call from now (k = 1 is the next) of `function`, or of any function if empty, do
/// nothing and return `error`. There is at most one fault; a new one replaces it. As on a device, an error
/// that destroys the context (cudaErrorIllegalAddress, cudaErrorLaunchFailure, ...) is returned by every
/// later call too, until reset(). Throws std::invalid_argument for k = 0, for cudaSuccess and for a function
/// that the host runtime does not implement.
void fail_call(std::size_t k, cudaError_t error, std::string_view function = {});
/// Removes a fault that has not occurred yet. Returns whether there was one.
bool clear_fault();

// --- violations --------------------------------------------------------------------------------------------

/// Maximum number of violations that are kept and printed.
inline constexpr std::size_t max_recorded_violations = 1000;

/// The violations found so far, one sentence each. A violation is: memory written after its free in stream
/// order (found when it is handed out again or unmapped); a copy, set or launch outside live memory; a second
/// free, a free of memory that was never allocated, or a free ahead of the allocation in stream order; memory
/// not freed when its pool or its device's context was destroyed; an exception thrown by a task. Each is also
/// printed to stderr once.
[[nodiscard]] std::vector<std::string> violations();
void clear_violations();

// --- tasks in place of kernels -----------------------------------------------------------------------------

/// A range of device memory that a task reads or writes.
struct Access {
  const void* pointer;
  std::size_t bytes;
};

/// Replaces a kernel launch: runs `task` on the stream's worker in stream order. Before it runs, each access
/// is checked against the memory that is live at that point of the stream; an access outside is a violation,
/// and the task is not run. Returns an error where a launch would (a destroyed stream, a stream of a device
/// that is not current, an injected fault). Logged as "cudaLaunchKernel". `task` must not call the CUDA
/// runtime: such calls return cudaErrorNotPermitted. Objects that `task` holds are destroyed before the
/// stream continues.
cudaError_t launch(cudaStream_t stream, std::vector<Access> accesses, std::function<void()> task);

}  // namespace daa::host_runtime
