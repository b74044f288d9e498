// What is reported of one combination of workload, size, way to run and allocator.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "options.hpp"

namespace daa::bench {

enum class Status {
  ok,
  out_of_memory,
  wrong_result,
  failed,
  unsupported,  // cannot be run in that way, by what the allocator is: no failure
};
[[nodiscard]] std::string_view to_string(Status status);

/// One clock over all samples of a row. Nanoseconds a phase; NaN where there is no figure.
/// A ratio is this allocator's repetition over the repetition of the same number of the floor, or of the
/// allocator that --against names, medians of samples both.
struct ClockSummary {
  static constexpr double none = std::numeric_limits<double>::quiet_NaN();
  double median_ns = none;
  double p90_ns = none;
  double p99_ns = none;
  double max_ns = none;
  double ratio = none;      // to the floor: median over the repetitions
  double ratio_low = none;  // its 95 % confidence interval
  double ratio_high = none;
  double against_ratio = none;  // likewise
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

/// What is reported of a replay of a trace, and of nothing else.
struct ReplayFigures {
  std::string trace;
  std::size_t operations = 0;       // allocations and frees of one pass over the trace
  std::size_t left_out = 0;         // lines of the trace that take no memory
  ClockSummary operation;           // a sample is the mean over a pass
  std::size_t peak_live_bytes = 0;  // of the trace, as requested
  std::size_t held_bytes = 0;       // most taken from the device at any operation
  bool has_min_fit = false;         // it was asked for
  std::size_t min_fit_bytes = 0;    // least device memory in which the trace completes; 0: in none there is
};

/// How a row was run, beyond its sync mode.
struct RowMode {
  State state = State::steady;
  bool graph = false;
  bool lanes = false;  // threads or streams were asked for
  std::size_t threads = 1, streams = 1;
  std::optional<std::size_t> allocs_per_phase;  // where they were chosen
  bool flush_l2 = false;
  std::string profiler = "none";
};

/// What only some ways to run find out.
struct RowFindings {
  std::optional<double> graph_memory_nodes;     // a phase
  std::optional<double> allocation_ns;          // giving back included, mean of the threads
  std::optional<double> slowest_allocation_ns;  // of the slowest thread
  std::optional<double> serial_ns;              // of the floor's streams, one after the other
  std::optional<double> overlap_score;
  std::optional<std::size_t> break_even_allocs;
};

struct Row {
  std::string workload;
  std::size_t elements = 0;
  SyncMode sync = SyncMode::end;
  RowMode mode;
  std::string allocator;  // with ":2", ":3" where an allocator was named more than once
  Status status = Status::ok;
  std::string message;  // what went wrong, in one line; empty if nothing did
  std::size_t iters = 0, warmup = 0, repetitions = 0;
  std::size_t phases_per_sample = 0;
  std::size_t samples = 0;            // behind the figures
  std::size_t throttled_samples = 0;  // of turns on a device that was throttled: dropped, unless all were
  double sm_clock_mhz = ClockSummary::none;  // in the turns: median; NaN where the device does not tell
  std::string against;                       // the allocator that against_ratio refers to
  ClockSummary host_enqueue, device, end_to_end;
  double allocations_per_phase = 0;
  CallFigures calls;
  double bytes_asked_per_phase = 0;
  std::size_t bytes_peak_phase = 0;   // greatest demand of any phase, each allocation rounded up to 256
  std::size_t bytes_reserved = 0;     // most that the allocator had taken at any time, as asked
  std::size_t bytes_wasted = 0;       // what of that was never asked for at once
  std::size_t pool_mapped_bytes = 0;  // most that its memory pool had mapped; 0 without a pool
  std::uint64_t seed = 0;
  RowFindings found;
  std::optional<ReplayFigures> replay;
  std::string planted_delay;  // as --plant-delay was given; empty if none was planted
};

/// What a result must be read with. The same for all rows of a run.
struct Context {
  std::string daa_version;
  std::string commit;       // of the sources, "-dirty" appended if they differ from it; "unknown" outside git
  std::string device_kind;  // "cuda" or "host"
  std::string device;       // "NVIDIA H200"
  std::string driver;       // "580.159.04" where it can be had, else the driver API's version
  std::string toolkit;      // version of the CUDA runtime that was linked: "13.0"
  std::string compiler;     // "g++ 12.2.0, nvcc 13.0.88"
  std::string cpu;          // model name of the host's processor; "unknown" where it cannot be had
  int sm_clock_mhz = 0;     // greatest clock rates of the device; 0 where it tells none
  int memory_clock_mhz = 0;
  std::string time;  // of the run's start, UTC, ISO 8601
};

}  // namespace daa::bench
