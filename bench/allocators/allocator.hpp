// The one interface through which a workload takes its temporaries.
#pragma once

#include <cuda_runtime_api.h>

#include <cstddef>

namespace daa::bench {

/// Temporaries of one phase, on one stream. An allocator lives for one turn of one measurement.
///
/// Workloads never call free(): every allocator then gives the temporaries of a phase the same lifetime, from
/// allocate() to end_phase(), and what is compared is the cost of taking and giving back. Replays of traces
/// do call it: what is compared there is also how early memory serves again.
class ScratchAllocator {
 public:
  virtual ~ScratchAllocator() = default;

  /// `bytes` (more than 0) of uninitialised device memory, aligned to 256, usable by work on the stream until
  /// free() or end_phase(). Throws daa::OutOfDeviceMemory or daa::CudaError; no allocation is then lost.
  [[nodiscard]] virtual void* allocate(std::size_t bytes) = 0;

  /// Gives one temporary of `bytes` back before the phase ends: its memory may serve the phase again, behind
  /// the work enqueued on the stream so far. An allocator that cannot do that ignores it, and the temporary
  /// lives until end_phase(). Throws daa::CudaError; end_phase() then gives it back.
  virtual void free(void* /*pointer*/, std::size_t /*bytes*/) {}

  /// Gives all of the phase's temporaries back, behind the work enqueued so far.
  virtual void end_phase() = 0;

  /// Whether it keeps no list of the temporaries that live: whoever uses it then frees each of them before
  /// the phase ends and before the allocator dies, and asks for that with Demand::frees_all.
  [[nodiscard]] virtual bool needs_every_free() const { return false; }

  /// Memory taken for temporaries and not given back, as the driver was asked for it.
  [[nodiscard]] virtual std::size_t bytes_reserved() const = 0;

  /// What the allocator's memory pool has mapped for that, idle memory and the driver's rounding included; 0
  /// without a pool, for the driver does not tell how it rounds cudaMalloc.
  [[nodiscard]] virtual std::size_t pool_mapped_bytes() const { return 0; }
};

/// A typed temporary.
template <class T>
[[nodiscard]] T* allocate(ScratchAllocator& scratch, std::size_t count) {
  return static_cast<T*>(scratch.allocate(count * sizeof(T)));
}

}  // namespace daa::bench
