#include "driver/overlap.hpp"

#include <algorithm>

namespace daa::bench {

namespace {

std::vector<double> medians(const Repetitions& repetitions) {
  std::vector<double> result;
  for (const auto& samples : repetitions)
    if (!samples.empty()) result.push_back(quantile(samples, 0.5));
  return result;
}

}  // namespace

std::optional<double> overlap_score(const std::vector<double>& serial_ns, const Repetitions& floor_ns,
                                    const Repetitions& ns) {
  const std::vector<double> floor = medians(floor_ns), own = medians(ns);
  if (serial_ns.empty() || floor.empty() || own.empty()) return std::nullopt;
  constexpr double least_part = 0.05;
  const double serial = quantile(serial_ns, 0.5);
  const double gain = serial - quantile(floor, 0.5);
  if (gain < std::max(least_part * serial, quantile(floor, 1.0) - quantile(floor, 0.0))) return std::nullopt;
  return (serial - quantile(own, 0.5)) / gain;
}

}  // namespace daa::bench
