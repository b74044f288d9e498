// All combinations that the options ask for, measured through Google Benchmark.
#pragma once

#include <cstddef>
#include <functional>
#include <string_view>
#include <vector>

#include "options.hpp"
#include "report/row.hpp"

namespace daa::bench {

/// Where a campaign's results go while it runs.
struct Listener {
  /// The rows of one workload, size and way to run, all measured by now: a row an allocator, in the order
  /// asked for. Those of a sweep over the number of allocations come together, once all are measured.
  std::function<void(const std::vector<Row>&)> on_rows;
  /// Before each turn: turns done so far, and what comes now.
  std::function<void(std::size_t done, std::string_view now)> on_progress;
  /// The rows of the last group of a sweep over the number of allocations, behind on_rows. May be empty.
  std::function<void(const std::vector<Row>&)> on_sweep = {};
};

/// Turns of allocators in a whole campaign.
[[nodiscard]] std::size_t turn_count(const Options& options);

/// Measures on the current device, after set_up_benchmark(). The allocators of one workload, size and way
/// to run take their turns in random order; each is verified before it is timed, and one that fails has a row
/// that says how, while the others go on. After Ctrl-C only rows with all their repetitions are reported, and
/// those that have failed by then. Throws std::runtime_error if the JSON file cannot be written, and what the
/// listener throws.
void run_campaign(const Options& options, const Context& context, const Listener& listener);

}  // namespace daa::bench
