// What a workload is to the driver.
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

namespace daa::bench {

/// One problem of one size with its inputs, outputs and reference results, which are not temporaries: they
/// are allocated before and outlive every measured phase.
class Workload {
 public:
  virtual ~Workload() = default;

  /// Number of different phases: enqueue_phase() goes through that many inputs in turn, each with its own
  /// demand for temporaries, and then begins again.
  [[nodiscard]] virtual std::size_t cycle_length() const { return 1; }

  /// Makes the next phase the first of the cycle.
  virtual void restart_cycle() {}

  /// Enqueues one phase on `stream`, its temporaries taken from `scratch`; does not call end_phase() and
  /// never synchronises. Throws what `scratch` throws, and CudaError if a launch fails.
  virtual void enqueue_phase(ScratchAllocator& scratch, cudaStream_t stream) = 0;

  /// Goes on in the cycle as enqueue_phase() does, but enqueues nothing: the results of that phase, which a
  /// graph computes, are what find_error() expects next.
  virtual void skip_phase() {}

  /// Enqueues on `stream` the overwriting of every output with garbage, so that no earlier result can pass.
  virtual void spoil_outputs(cudaStream_t stream) = 0;

  /// Synchronises `stream` and compares the outputs of the phase enqueued last with a reference computed on
  /// the CPU. Returns what is wrong, the first difference named, or nothing.
  [[nodiscard]] virtual std::optional<std::string> find_error(cudaStream_t stream) = 0;
};

/// A row of the table of workloads.
struct WorkloadInfo {
  std::string_view name;
  std::string_view summary;  // one line for --list
  std::size_t min_elements;  // fewest elements it makes sense for
  std::size_t
      bytes_per_element;  // estimate of all device memory, inputs, outputs and temporaries, per element
  /// Fresh random data drawn from `seed`, on the current device. Synchronises freely.
  std::unique_ptr<Workload> (*make)(std::size_t elements, std::uint64_t seed, cudaStream_t stream);
  /// The same with a number of temporaries a phase, at most one an element. Null where that cannot be chosen.
  std::unique_ptr<Workload> (*make_cut)(std::size_t elements, std::size_t allocations, std::uint64_t seed,
                                        cudaStream_t stream) = nullptr;
};

/// All workloads that stand for what programs do, in the order in which they are listed.
[[nodiscard]] std::span<const WorkloadInfo> workloads();

/// Those that are made to find something out, to be asked for by name.
[[nodiscard]] std::span<const WorkloadInfo> synthetic_workloads();

}  // namespace daa::bench
