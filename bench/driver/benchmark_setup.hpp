// Google Benchmark's settings, which it takes from a command line only.
#pragma once

#include <optional>
#include <string>
#include <vector>

namespace daa::bench {

/// Settings for run_campaign(), which needs them: its own, whatever the environment says (BENCHMARK_FILTER
/// and the like), and `args`, which are the user's. Returns in one line what is wrong with `args`, or
/// nothing. Prints nothing.
[[nodiscard]] std::optional<std::string> set_up_benchmark(const std::vector<std::string>& args);

/// Whether these settings want the aggregates of repetitions in place of each. Google Benchmark, which is
/// given one repetition at a time, has none.
[[nodiscard]] bool asks_for_aggregates_only(const std::vector<std::string>& args);

}  // namespace daa::bench
