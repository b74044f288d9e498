// What is reported of one case and allocator.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "run_config.hpp"
#include "stats/quantile.hpp"

namespace daa::bench {

enum class Status {
  ok,
  out_of_memory,
  wrong_result,
  failed,
  unsupported,  // the allocator cannot be run in this mode, by what it is: no failure
};

[[nodiscard]] constexpr std::string_view to_string(Status status) {
  constexpr std::string_view names[]{"ok", "out_of_memory", "wrong_result", "failed", "unsupported"};
  return names[static_cast<std::size_t>(status)];
}

/// One clock over all samples of a row, in nanoseconds; NaN where there is no figure. A ratio is the median
/// over the repetitions of this allocator's time over that of the reference in the same repetition.
struct ClockSummary {
  static constexpr double none = std::numeric_limits<double>::quiet_NaN();
  double median_ns = none;
  double p90_ns = none;
  double p99_ns = none;
  double max_ns = none;
  double ratio = none;      // to the lower bound
  double ratio_low = none;  // its 95 % confidence interval
  double ratio_high = none;
  double against_ratio = none;  // to the allocator that --against names
  double against_ratio_low = none;
  double against_ratio_high = none;
  std::vector<double> repetitions_ns = {};  // the median of each repetition's samples, in their order
};

/// CUDA calls that an allocator made for its memory, a phase; NaN where they could not be counted.
struct CallFigures {
  static constexpr double none = std::numeric_limits<double>::quiet_NaN();
  double runtime = none;  // of the runtime API
  double driver = none;   // of the driver API, those that the runtime makes included
  // What the calls were for, a call within a call not counted.
  double allocate = none;
  double free = none;
  double launch = none;
  double copy = none;
  double synchronise = none;
  double other = none;
  double synchronisations = none;  // of these calls, those that wait for the device, frees among them
};

/// What only some modes find out.
struct RowFindings {
  std::optional<double> graph_memory_nodes;     // a phase
  std::optional<double> allocation_ns;          // giving back included, mean of the threads
  std::optional<double> allocation_ratio;       // to preallocated's in the same repetition: median
  std::optional<double> slowest_allocation_ns;  // in the slowest thread
  std::optional<double> serial_ns;              // of the lower bound's streams, one after the other
  std::optional<double> overlap_score;
};

/// What is reported of a replay, and of nothing else.
struct ReplayFigures {
  std::string trace;
  std::size_t operations = 0;       // allocations and frees of one pass over the trace, as it was varied
  std::size_t left_out = 0;         // lines of the trace that take no memory
  std::size_t peak_live_bytes = 0;  // in any phase, as requested
  std::size_t held_bytes = 0;       // most taken from the device at any operation
  ClockSummary operation;           // host time of an operation; a sample is the mean over a pass
  // The same in the first phase of a trial and in the slowest after it: median over the repetitions.
  std::optional<double> first_phase_ns, first_phase_ratio, worst_phase_ns;
};

/// Where several ranks measure together. Host and device times are then the mean of the ranks', end-to-end
/// times those of the slowest rank, and counts and bytes the greatest of any rank.
struct RankFigures {
  std::size_t ranks = 1, hosts = 1;
  std::size_t ranks_per_device = 1;             // the most that share one
  std::optional<std::size_t> rank = {};         // of a row that is of one rank
  double imbalance = ClockSummary::none;        // end to end, slowest over mean: median of the samples
  double weak_efficiency = ClockSummary::none;  // end to end, the first rank alone over all: median
  double weak_efficiency_low = ClockSummary::none;
  double weak_efficiency_high = ClockSummary::none;
};

struct Row {
  std::string workload;
  std::size_t elements = 0;                     // 0 of a replay
  std::optional<std::size_t> allocs_per_phase;  // where it was chosen
  Configuration configuration;
  std::string profiler = "none";
  std::string allocator;  // with ":2", ":3" where an allocator was named more than once
  Status status = Status::ok;
  std::string message;  // what went wrong, in one line; empty if nothing did
  std::size_t iters = 0, warmup = 0, repetitions = 0;
  std::size_t phases_per_batch = 0;          // between two synchronisations
  std::size_t samples = 0;                   // behind the figures
  std::size_t throttled_samples = 0;         // taken on a throttled device; dropped, unless all were
  double sm_clock_mhz = ClockSummary::none;  // median over the repetitions; NaN where it cannot be read
  std::string against;                       // the allocator that against_ratio refers to
  ClockSummary host_enqueue, device, end_to_end;
  double allocations_per_phase = 0;
  CallFigures calls;
  double asked_per_phase_bytes = 0;
  std::size_t peak_phase_bytes = 0;   // greatest demand of any phase, each allocation rounded up to 256
  std::size_t reserved_bytes = 0;     // most that the allocator had taken at any time, as asked
  std::size_t wasted_bytes = 0;       // of that, what was never asked for at once
  std::size_t pool_mapped_bytes = 0;  // most that its memory pool had mapped; 0 without a pool
  std::uint64_t seed = 0;
  RowFindings found;
  RankFigures ranks;
  std::optional<ReplayFigures> replay;

  /// The mode; "sweep" for a steady one in which the number of allocations was chosen.
  [[nodiscard]] std::string_view kind() const {
    const bool is_sweep = allocs_per_phase && configuration.mode == Mode::steady;
    return is_sweep ? std::string_view{"sweep"} : to_string(configuration.mode);
  }
};

/// "scan/1048576/sync:end": the case that a row is of, without the allocator. Unique in a run.
[[nodiscard]] std::string case_name(const Row& row);

/// The figures of one clock. `lower_bound` and `against` are the samples that the ratios refer to: a ratio is
/// NaN if its reference is empty.
[[nodiscard]] ClockSummary summarise(const Repetitions& samples, const Repetitions& lower_bound,
                                     const Repetitions& against = {});

}  // namespace daa::bench
