// What Google Benchmark says of a benchmark's repetitions together: mean, median, standard deviation, ...
#pragma once

#include <benchmark/benchmark.h>

#include <string>
#include <vector>

namespace daa::bench {

using BenchmarkRun = benchmark::BenchmarkReporter::Run;
using BenchmarkStatistics = std::vector<benchmark::internal::Statistics>;

/// Why a run has no figures; empty if it has.
[[nodiscard]] const std::string& skip_message_of(const BenchmarkRun& run);

/// A run for each of `statistics`, over those of `repetitions` that have figures; none for fewer than two. As
/// Google Benchmark has them where it runs the repetitions itself.
[[nodiscard]] std::vector<BenchmarkRun> aggregates_of(const std::vector<BenchmarkRun>& repetitions,
                                                      const BenchmarkStatistics& statistics);

}  // namespace daa::bench
