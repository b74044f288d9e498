#include "stats/quantile.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
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

double median(std::vector<double> values) {
  return quantile(std::move(values), 0.5);
}

std::vector<double> medians(const Repetitions& repetitions) {
  std::vector<double> result;
  for (const std::vector<double>& samples : repetitions)
    if (!samples.empty()) result.push_back(median(samples));
  return result;
}

std::vector<double> paired_ratios(const Repetitions& samples, const Repetitions& reference) {
  std::vector<double> ratios;
  for (std::size_t i = 0; i < std::min(samples.size(), reference.size()); ++i) {
    if (samples[i].empty() || reference[i].empty()) continue;
    ratios.push_back(median(samples[i]) / median(reference[i]));
  }
  return ratios;
}

std::optional<double> overlap_score(const std::vector<double>& serial_ns, const Repetitions& lower_bound_ns,
                                    const Repetitions& ns) {
  const std::vector<double> bound = medians(lower_bound_ns), own = medians(ns);
  if (serial_ns.empty() || bound.empty() || own.empty()) return std::nullopt;
  constexpr double least_part = 0.05;
  const double serial = median(serial_ns);
  const double gain = serial - median(bound);
  const auto [least, greatest] = std::ranges::minmax(bound);
  if (gain < std::max(least_part * serial, greatest - least)) return std::nullopt;
  return (serial - median(own)) / gain;
}

}  // namespace daa::bench
