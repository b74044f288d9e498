#include "device/sm_clock.hpp"

#include <algorithm>

#include "stats/quantile.hpp"

namespace daa::bench {

namespace {

constexpr double least_fraction = 0.95;

}  // namespace

ClockReading clock_of_trial(const ClockReading& before, const ClockReading& after) {
  const bool slowed_down = before.is_slowed_down || after.is_slowed_down;
  if (!before.sm_mhz || !after.sm_mhz) return {before.sm_mhz ? before.sm_mhz : after.sm_mhz, slowed_down};
  return {std::min(*before.sm_mhz, *after.sm_mhz), slowed_down};
}

double median_mhz(const std::vector<ClockReading>& trials) {
  std::vector<double> rates;
  for (const ClockReading& trial : trials)
    if (trial.sm_mhz) rates.push_back(*trial.sm_mhz);
  return quantile(std::move(rates), 0.5);
}

std::optional<double> least_rate_mhz(const std::vector<ClockReading>& trials) {
  const double median = median_mhz(trials);
  if (!(median > 0)) return std::nullopt;
  return least_fraction * median;
}

bool is_throttled(const ClockReading& trial, std::optional<double> least_mhz) {
  return trial.is_slowed_down || (trial.sm_mhz && least_mhz && *trial.sm_mhz < *least_mhz);
}

}  // namespace daa::bench
