// The one interface through which a workload takes its temporaries.
#pragma once

#include <cuda_runtime_api.h>

#include <cstddef>

namespace daa::bench {

/// Temporaries of one phase, on one stream. An allocator lives for one trial.
///
/// Workloads never call free(): with every allocator a temporary then lives from allocate() to end_phase(),
/// and only the cost of allocating and freeing is compared. Replays of traces call it, so that they also
/// compare how well freed memory is reused within a phase.
class ScratchAllocator {
 public:
  virtual ~ScratchAllocator() = default;

  /// `bytes` (more than 0) of uninitialised device memory, aligned to 256, usable by work on the stream until
  /// free() or end_phase(). Throws daa::OutOfDeviceMemory or daa::CudaError; no allocation is then lost.
  [[nodiscard]] virtual void* allocate(std::size_t bytes) = 0;

  /// Frees one temporary of `bytes` before the phase ends: its memory may be reused in the phase, after the
  /// work enqueued on the stream so far. An allocator that cannot do that ignores the call, and the temporary
  /// lives until end_phase(). Throws daa::CudaError; end_phase() then frees it.
  virtual void free(void* /*pointer*/, std::size_t /*bytes*/) {}

  /// Frees all temporaries of the phase, after the work enqueued so far.
  virtual void end_phase() = 0;

  /// Whether the allocator keeps no list of live temporaries: the caller then frees each of them before the
  /// phase ends and before the allocator is destroyed, as it promised with Demand::frees_all.
  [[nodiscard]] virtual bool needs_every_free() const { return false; }

  /// Memory taken from the driver and not given back, in bytes as requested.
  [[nodiscard]] virtual std::size_t bytes_reserved() const = 0;

  /// What the allocator's memory pool has mapped, or the allocator itself, idle memory and the driver's
  /// rounding included; 0 without either: the driver does not report how it rounds cudaMalloc.
  [[nodiscard]] virtual std::size_t pool_mapped_bytes() const { return 0; }
};

/// A typed temporary.
template <class T>
[[nodiscard]] T* allocate(ScratchAllocator& scratch, std::size_t count) {
  return static_cast<T*>(scratch.allocate(count * sizeof(T)));
}

}  // namespace daa::bench
