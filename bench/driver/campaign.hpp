// All combinations that the options ask for, measured through Google Benchmark.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "clocks/sm_clock.hpp"
#include "counters/call_counter.hpp"
#include "options.hpp"
#include "report/row.hpp"
#include "report/turn_samples.hpp"

namespace daa::bench {

/// Where a campaign's results go while it runs.
struct Listener {
  /// The rows of one workload, size and way to run, all measured by now: a row an allocator, in the order
  /// asked for. Those of a sweep over the number of allocations come together, once all are measured.
  std::function<void(const std::vector<Row>&)> on_rows;
  /// Before each turn: turns done so far, and what comes now.
  std::function<void(std::size_t done, std::string_view now)> on_progress;
  /// The samples of each turn that had right results, before the rows of its group, be they reported or not.
  std::function<void(const TurnSamples&)> on_samples = [](const TurnSamples&) {};
  /// Something that the user should know, in a line; each thing once.
  std::function<void(std::string_view)> on_note = [](std::string_view) {};
  /// The rows of the last group of a sweep over the number of allocations, behind on_rows. May be empty.
  std::function<void(const std::vector<Row>&)> on_sweep = {};
};

/// What a campaign asks the device with. Those of the current device, unless a test has others.
struct Instruments {
  std::function<MadeCallCounter()> make_call_counter = bench::make_call_counter;
  ClockReader read_clock = make_clock_reader();
};

/// How a campaign ended.
struct CampaignEnd {
  std::size_t missing = 0;    // combinations without a row: Ctrl-C, or the time was up
  std::string first_missing;  // "scan/1048576/sync:end/arena"
};

/// Turns of allocators in a whole campaign, if none ends early.
[[nodiscard]] std::size_t turn_count(const Options& options);

/// Measures on the current device, after set_up_benchmark(). The allocators of one workload, size and way
/// to run take their turns in rounds, see run_rounds(); each is verified before it is timed, and one that
/// fails has a row that says how, while the others go on. After them comes a pass that is not timed, for the
/// counters. After Ctrl-C, and once Options::timeout_s is over, only groups with all their rounds are
/// reported (with Options::max_noise, with as many as it takes at least), and allocators that have failed by
/// then. Throws std::runtime_error if the JSON file cannot be
/// written, and what the listener throws.
CampaignEnd run_campaign(const Options& options, const Context& context, const Listener& listener,
                         const Instruments& instruments = {});

}  // namespace daa::bench
