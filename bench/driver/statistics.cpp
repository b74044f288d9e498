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

ClockSummary summarise(const Repetitions& samples, const Repetitions& floor) {
  std::vector<double> all;
  for (const auto& repetition : samples) all.insert(all.end(), repetition.begin(), repetition.end());

  std::vector<double> medians;
  for (const auto& repetition : samples) medians.push_back(quantile(repetition, 0.5));

  std::vector<double> ratios;
  for (std::size_t i = 0; i < std::min(samples.size(), floor.size()); ++i) {
    ratios.push_back(medians[i] / quantile(floor[i], 0.5));
  }
  return {quantile(all, 0.5),    quantile(all, 0.99),   quantile(ratios, 0.5),
          quantile(ratios, 0.0), quantile(ratios, 1.0), std::move(medians)};
}

}  // namespace daa::bench
