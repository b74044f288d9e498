#include "driver/statistics.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

namespace daa::bench {

double quantile(std::vector<double> values, double q) {
  if (values.empty()) return std::numeric_limits<double>::quiet_NaN();
  std::sort(values.begin(), values.end());
  const double position = q * static_cast<double>(values.size() - 1);
  const auto below = static_cast<std::size_t>(position);
  const std::size_t above = std::min(below + 1, values.size() - 1);
  return std::lerp(values[below], values[above], position - static_cast<double>(below));
}

std::vector<double> paired_ratios(const Repetitions& samples, const Repetitions& reference) {
  std::vector<double> ratios;
  for (std::size_t i = 0; i < std::min(samples.size(), reference.size()); ++i) {
    if (samples[i].empty() || reference[i].empty()) continue;
    ratios.push_back(quantile(samples[i], 0.5) / quantile(reference[i], 0.5));
  }
  return ratios;
}

ClockSummary summarise(const Repetitions& samples, const Repetitions& floor, const Repetitions& against) {
  std::vector<double> all;
  for (const auto& repetition : samples) all.insert(all.end(), repetition.begin(), repetition.end());
  const MedianInterval to_floor = bootstrap_median(paired_ratios(samples, floor));
  const MedianInterval to_against = bootstrap_median(paired_ratios(samples, against));

  ClockSummary summary;
  summary.median_ns = quantile(all, 0.5);
  summary.p90_ns = quantile(all, 0.9);
  summary.p99_ns = quantile(all, 0.99);
  summary.max_ns = quantile(all, 1.0);
  summary.ratio = to_floor.median;
  summary.ratio_low = to_floor.low;
  summary.ratio_high = to_floor.high;
  summary.against_ratio = to_against.median;
  summary.against_ratio_low = to_against.low;
  summary.against_ratio_high = to_against.high;
  for (const auto& repetition : samples)
    if (!repetition.empty()) summary.repetitions_ns.push_back(quantile(repetition, 0.5));
  return summary;
}

}  // namespace daa::bench
