// One turn of one allocator: constructed just before, warmed up, measured, perhaps checked, destroyed just
// after.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>

#include "allocators/allocators.hpp"
#include "driver/block_clock.hpp"
#include "driver/counted_allocator.hpp"
#include "driver/l2_flush.hpp"
#include "driver/turn_ranges.hpp"
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

struct TurnOptions {
  SyncMode sync = SyncMode::end;
  std::size_t iters = 1;        // phases to measure
  std::size_t warmup = 0;       // phases before them
  bool profile = false;         // measured blocks in the range "measured", a range for each phase
  State state = State::steady;  // this and what follows: see make_turn()
  bool graph = false;
  L2Flush* l2 = nullptr;  // flushed before each sample; null: not
  PlantedDelay planted = {};
  bool check = true;  // whether finish() checks results
};

/// Most phases in one sample of a turn, and how many samples the turn has.
[[nodiscard]] std::size_t phases_per_sample(const TurnOptions& options);
[[nodiscard]] std::size_t samples_per_turn(const TurnOptions& options);

/// What a turn on several streams finds out.
struct LaneTimes {
  std::optional<double> allocation_ns;  // of one allocation, giving back included: mean of the threads
  std::optional<double> slowest_allocation_ns;  // in the slowest thread
  std::optional<double>
      serial_ns;  // of a phase on each stream, one stream after the other; the floor's alone
};

/// What a turn finds out beside its samples.
struct TurnResult {
  std::optional<std::string> error;          // of the results that TurnOptions::check asks for
  std::optional<double> graph_memory_nodes;  // of the captured phases, their mean
  LaneTimes lanes;
};

/// A turn in any of the ways to run. Everything throws what the allocator and the workload throw.
class AnyTurn {
 public:
  virtual ~AnyTurn() = default;

  /// Measures the next sample. The device is idle before and after.
  virtual Sample measure() = 0;

  /// Ends the measurement and, with TurnOptions::check, checks results of phases that are run as those
  /// measured were.
  virtual TurnResult finish() = 0;

  /// In place of measure() and finish(): phases run as those measured are, untimed, with an account of what
  /// the allocator does in them. Without `counter` no calls are counted.
  [[nodiscard]] virtual PassCounts count(CallCounter* counter) = 0;
};

/// Phases of one allocator one after the other, on one stream. Everything throws what the allocator and the
/// workload throw.
class Turn final : public AnyTurn {
 public:
  /// Constructs the allocator and warms it up. `problem` must outlive the turn. All turns of a problem go
  /// through the same phases.
  Turn(const Problem& problem, const AllocatorInfo& allocator, const TurnOptions& options);

  /// Measures the next block.
  Sample measure() override;

  /// What it checks is the result of each phase of one more cycle.
  TurnResult finish() override;

  /// One cycle of phases.
  [[nodiscard]] PassCounts count(CallCounter* counter) override;

 private:
  void run_phase();

  const Problem& problem_;
  TurnOptions options_;
  TurnRanges ranges_;
  std::unique_ptr<ScratchAllocator> scratch_;
  BlockClock clock_;
  std::size_t phases_left_;
  std::size_t samples_left_;
};

/// Runs every phase of the workload twice with a fresh allocator, outputs spoilt before each, and returns
/// what is wrong with the results, or nothing.
[[nodiscard]] std::optional<std::string> find_error(const Problem& problem, const AllocatorInfo& allocator);

/// What the phases ask for; runs one cycle of them with plain cudaMalloc.
[[nodiscard]] Demand measure_demand(Workload& workload, cudaStream_t stream);

}  // namespace daa::bench
