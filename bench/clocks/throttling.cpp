#include "clocks/throttling.hpp"

#include <algorithm>

#include "driver/statistics.hpp"

namespace daa::bench {

namespace {

constexpr double least_fraction = 0.95;

}  // namespace

ClockReading clock_of_turn(const ClockReading& before, const ClockReading& after) {
  const bool slowed_down = before.is_slowed_down || after.is_slowed_down;
  if (!before.sm_mhz || !after.sm_mhz) return {before.sm_mhz ? before.sm_mhz : after.sm_mhz, slowed_down};
  return {std::min(*before.sm_mhz, *after.sm_mhz), slowed_down};
}

double median_mhz(const std::vector<ClockReading>& turns) {
  std::vector<double> rates;
  for (const ClockReading& turn : turns)
    if (turn.sm_mhz) rates.push_back(*turn.sm_mhz);
  return quantile(std::move(rates), 0.5);
}

std::optional<double> least_rate_mhz(const std::vector<ClockReading>& turns) {
  const double median = median_mhz(turns);
  if (!(median > 0)) return std::nullopt;
  return least_fraction * median;
}

bool is_throttled(const ClockReading& turn, std::optional<double> least_mhz) {
  return turn.is_slowed_down || (turn.sm_mhz && least_mhz && *turn.sm_mhz < *least_mhz);
}

}  // namespace daa::bench
