// One turn of one allocator: constructed just before, warmed up, measured, checked, destroyed just after.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>

#include "allocators/allocators.hpp"
#include "driver/counted_allocator.hpp"
#include "driver/handles.hpp"
#include "driver/nvtx.hpp"
#include "options.hpp"
#include "workloads/workload.hpp"

namespace daa::bench {

/// A workload on the driver's stream, and what its phases ask for.
struct Problem {
  std::string_view name;
  Workload& workload;
  Demand demand;
  cudaStream_t stream;
};

/// A sample is a block of phases between two synchronisations: the mean over its phases, in nanoseconds a
/// phase.
struct Sample {
  double host_enqueue_ns;  // from the first call of the block to the return of the last before the
                           // synchronisation
  double device_ns;  // between events around the block on the stream, idle time between kernels included
  double
      end_to_end_ns;  // from the first call to the return of the synchronisation, one event record included
};

struct TurnOptions {
  SyncMode sync = SyncMode::end;
  std::size_t iters = 1;   // phases to measure
  std::size_t warmup = 0;  // phases before them
  bool profile =
      false;  // measured blocks between cudaProfilerStart and cudaProfilerStop, a range for each phase
};

/// Most phases in one sample of a turn, and how many samples the turn has.
[[nodiscard]] std::size_t phases_per_sample(const TurnOptions& options);
[[nodiscard]] std::size_t samples_per_turn(const TurnOptions& options);

/// Everything throws what the allocator and the workload throw.
class Turn {
 public:
  /// Constructs the allocator and warms it up. `problem` must outlive the turn. All turns of a problem go
  /// through the same phases.
  Turn(const Problem& problem, const AllocatorInfo& allocator, const TurnOptions& options);
  ~Turn();
  Turn(const Turn&) = delete;
  Turn& operator=(const Turn&) = delete;

  /// Measures the next block. The stream is idle before and after.
  Sample measure();

  /// Ends the measurement and runs one more cycle of phases, the result of each of which is checked. Returns
  /// what is wrong with them, or nothing.
  [[nodiscard]] std::optional<std::string> finish();

  /// In place of measure() and finish(): one cycle of phases, untimed, with an account of what the allocator
  /// does in them. Without `counter` no calls are counted.
  [[nodiscard]] PassCounts count(CallCounter* counter);

 private:
  void run_phase();

  const Problem& problem_;
  TurnOptions options_;
  // A profiler sees only ranges that begin in what it captures: under profile, both begin with the measured
  // blocks.
  std::optional<NvtxRange> workload_range_;
  std::optional<NvtxRange> allocator_range_;
  std::unique_ptr<ScratchAllocator> scratch_;
  Event begin_ = make_event();
  Event end_ = make_event();
  std::size_t phases_left_;
  std::size_t samples_left_;
};

/// Runs every phase of the workload twice with a fresh allocator, outputs spoilt before each, and returns
/// what is wrong with the results, or nothing.
[[nodiscard]] std::optional<std::string> find_error(const Problem& problem, const AllocatorInfo& allocator);

/// What the phases ask for; runs one cycle of them with plain cudaMalloc.
[[nodiscard]] Demand measure_demand(Workload& workload, cudaStream_t stream);

}  // namespace daa::bench
