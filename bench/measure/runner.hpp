// Measures cases: the one place where the order of trials, failures and the end of a run are decided.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "device/call_counter.hpp"
#include "device/sm_clock.hpp"
#include "measure/case.hpp"
#include "measure/stop_condition.hpp"
#include "ranks/ranks.hpp"
#include "report/progress.hpp"
#include "report/sink.hpp"
#include "run_config.hpp"

namespace daa::bench {

using Cases = std::vector<std::unique_ptr<Case>>;
using Sinks = std::vector<std::unique_ptr<Sink>>;

/// What a runner asks the device with. Those of the current device, unless a test has others.
struct Instruments {
  std::function<MadeCallCounter()> make_call_counter = bench::make_call_counter;
  ClockReader read_clock = make_clock_reader();
};

/// How a run ended.
struct RunEnd {
  bool all_measured = true;   // every row is ok, or unsupported
  std::size_t missing = 0;    // combinations of case and allocator without a row
  std::string first_missing;  // "scan/1048576/sync:end/arena"
  bool has_stopped = false;   // between two trials, in all ranks
};

/// Measures every case on the current device and writes its rows to every sink, once all allocators of it are
/// measured. In each repetition every allocator takes one trial, in an order drawn from the seed, so that
/// machine drift affects all alike. Each is verified before it is timed; one that fails
/// has a row that says how, and the others go on. After the trials comes a pass that is not timed, for the
/// counters. Once `stop` is requested, a case has rows only if all its repetitions are complete (with
/// RunConfig::max_noise, as many as that needs at least), and those allocators of it that have failed by
/// then. Throws what sinks throw.
///
/// Several ranks run the same cases at once: trials and samples begin together, and before each trial the
/// first rank has one alone. A failure in one rank is that of all; in a case in which ranks exchange data it
/// ends the job. They stop between two trials.
[[nodiscard]] RunEnd run_cases(const RunConfig& config, const Cases& cases, const Sinks& sinks,
                               const StopCondition& stop, Progress& progress, Ranks& ranks,
                               const Instruments& instruments = {});

/// Trials of a whole run.
[[nodiscard]] std::size_t trial_count(const RunConfig& config, const Cases& cases);

/// A row of each case and allocator, without figures, as a run would report them.
[[nodiscard]] std::vector<Row> rows_to_come(const RunConfig& config, const Cases& cases, const Ranks& ranks);

}  // namespace daa::bench
