#include "driver/aggregates.hpp"

#include <algorithm>
#include <iterator>

namespace daa::bench {

namespace {

// Google Benchmark 1.8 has renamed it.
template <class Run>
const std::string& message_of(const Run& run) {
  if constexpr (requires { run.skip_message; }) {
    return run.skip_message;
  } else {
    return run.error_message;
  }
}

template <class Figure>
std::vector<double> figures_of(const std::vector<BenchmarkRun>& runs, Figure figure) {
  std::vector<double> values;
  std::ranges::transform(runs, std::back_inserter(values), figure);
  return values;
}

}  // namespace

const std::string& skip_message_of(const BenchmarkRun& run) {
  return message_of(run);
}

std::vector<BenchmarkRun> aggregates_of(const std::vector<BenchmarkRun>& repetitions,
                                        const BenchmarkStatistics& statistics) {
  std::vector<BenchmarkRun> measured;
  std::ranges::copy_if(repetitions, std::back_inserter(measured),
                       [](const BenchmarkRun& run) { return skip_message_of(run).empty(); });
  if (measured.size() < 2) return {};

  std::vector<BenchmarkRun> aggregates;
  const auto count = static_cast<double>(measured.size());
  for (const auto& statistic : statistics) {
    // A time is divided by the iterations where it is written, a percentage is not.
    const double factor = statistic.unit_ == benchmark::kTime ? count : 1;
    BenchmarkRun run = measured.front();
    run.run_type = BenchmarkRun::RT_Aggregate;
    run.aggregate_name = statistic.name_;
    run.aggregate_unit = statistic.unit_;
    run.repetition_index = BenchmarkRun::no_repetition_index;
    run.iterations = static_cast<benchmark::IterationCount>(measured.size());
    const auto of_time = [&](double BenchmarkRun::*accumulated) {
      return factor * statistic.compute_(figures_of(measured, [&](const BenchmarkRun& each) {
        return each.*accumulated / static_cast<double>(each.iterations);
      }));
    };
    run.real_accumulated_time = of_time(&BenchmarkRun::real_accumulated_time);
    run.cpu_accumulated_time = of_time(&BenchmarkRun::cpu_accumulated_time);
    for (auto& [name, counter] : run.counters)
      counter.value = statistic.compute_(
          figures_of(measured, [&](const BenchmarkRun& each) { return double{each.counters.at(name)}; }));
    aggregates.push_back(std::move(run));
  }
  return aggregates;
}

}  // namespace daa::bench
