// The interface of a workload.
#pragma once

#include <cuda_runtime_api.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "allocators/allocator.hpp"
#include "ranks/transport.hpp"

namespace daa::bench {

/// One problem of one size with its inputs, outputs and reference results, which are not temporaries: they
/// are allocated before and outlive every measured phase.
class Workload {
 public:
  virtual ~Workload() = default;

  /// Number of different phases: enqueue_phase() cycles through that many inputs, each of which needs other
  /// temporaries.
  [[nodiscard]] virtual std::size_t cycle_length() const { return 1; }

  /// Makes the next phase the first of the cycle.
  virtual void restart_cycle() {}

  /// Enqueues one phase on `stream`, its temporaries taken from `scratch`; does not call end_phase() and
  /// never synchronises, except that dist-sort synchronises `stream` and throws std::logic_error if it is
  /// being captured. Throws what `scratch` and a transport throw, and CudaError if a launch fails.
  virtual void enqueue_phase(ScratchAllocator& scratch, cudaStream_t stream) = 0;

  /// Advances in the cycle as enqueue_phase() does, but enqueues nothing: find_error() then expects the
  /// results of that phase, which a graph has computed.
  virtual void skip_phase() {}

  /// Overwrites every output with garbage, in stream order, so that no earlier result can pass.
  virtual void spoil_outputs(cudaStream_t stream) = 0;

  /// Synchronises `stream` and compares the outputs of the phase enqueued last with a reference computed on
  /// the CPU. Returns what is wrong, the first difference named, or nothing.
  [[nodiscard]] virtual std::optional<std::string> find_error(cudaStream_t stream) = 0;
};

/// One workload of the program.
struct WorkloadInfo {
  std::string_view name;
  std::string_view summary;  // one line for --list
  std::size_t min_elements;  // fewest elements it makes sense for
  std::size_t
      bytes_per_element;  // estimate of all device memory, inputs, outputs and temporaries, per element
  /// Fresh random data drawn from `seed`, on the current device. Synchronises freely.
  std::unique_ptr<Workload> (*make)(std::size_t elements, std::uint64_t seed, cudaStream_t stream);
  /// The same with a chosen number of temporaries a phase, at most one an element. Null if it cannot be
  /// chosen.
  std::unique_ptr<Workload> (*make_cut)(std::size_t elements, std::size_t allocations, std::uint64_t seed,
                                        cudaStream_t stream) = nullptr;
  /// Of a workload in which ranks exchange data: the part of `transport`'s rank, with `elements` in each
  /// rank. `seed` is the same in all ranks, and data differ. `transport` outlives the workload. make() is
  /// that of one rank alone.
  std::unique_ptr<Workload> (*make_between)(std::size_t elements, std::uint64_t seed, cudaStream_t stream,
                                            Transport& transport) = nullptr;
};

/// Workloads that stand for what programs do, in the order of the list.
[[nodiscard]] std::span<const WorkloadInfo> workloads();

/// Workloads that isolate something, to be asked for by name.
[[nodiscard]] std::span<const WorkloadInfo> synthetic_workloads();

/// Workloads in which ranks exchange data, to be asked for by name.
[[nodiscard]] std::span<const WorkloadInfo> communicating_workloads();

}  // namespace daa::bench
