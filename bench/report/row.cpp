#include "report/row.hpp"

#include <fmt/format.h>

#include "stats/median_interval.hpp"

namespace daa::bench {

std::string case_name(const Row& row) {
  const Configuration& configuration = row.configuration;
  std::string name = fmt::format("{}/", row.workload);
  name += row.replay ? row.replay->trace : fmt::format("{}", row.elements);
  if (row.allocs_per_phase) name += fmt::format("/allocs:{}", *row.allocs_per_phase);
  name += fmt::format("/sync:{}", to_string(configuration.sync));
  if (configuration.vary != Variation::none) name += fmt::format("/vary:{}", to_string(configuration.vary));
  if (configuration.mode == Mode::cold) name += "/state:cold";
  if (configuration.mode == Mode::graph) name += "/graph";
  if (configuration.mode == Mode::threads) name += fmt::format("/threads:{}", configuration.threads);
  if (configuration.mode == Mode::streams) name += fmt::format("/streams:{}", configuration.streams);
  if (configuration.flush_l2) name += "/flush_l2";
  if (row.ranks.ranks > 1) name += fmt::format("/ranks:{}", row.ranks.ranks);
  if (row.ranks.rank) name += fmt::format("/rank:{}", *row.ranks.rank);
  return name;
}

ClockSummary summarise(const Repetitions& samples, const Repetitions& lower_bound,
                       const Repetitions& against) {
  std::vector<double> all;
  for (const std::vector<double>& repetition : samples)
    all.insert(all.end(), repetition.begin(), repetition.end());
  const MedianInterval to_bound = bootstrap_median(paired_ratios(samples, lower_bound));
  const MedianInterval to_against = bootstrap_median(paired_ratios(samples, against));

  ClockSummary summary;
  summary.median_ns = median(all);
  summary.p90_ns = quantile(all, 0.9);
  summary.p99_ns = quantile(all, 0.99);
  summary.max_ns = quantile(all, 1.0);
  summary.ratio = to_bound.median;
  summary.ratio_low = to_bound.low;
  summary.ratio_high = to_bound.high;
  summary.against_ratio = to_against.median;
  summary.against_ratio_low = to_against.low;
  summary.against_ratio_high = to_against.high;
  summary.repetitions_ns = medians(samples);
  return summary;
}

}  // namespace daa::bench
