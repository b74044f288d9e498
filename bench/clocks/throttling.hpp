// Which turns were measured on a device that ran slower than it does as a rule.
#pragma once

#include <optional>
#include <vector>

#include "clocks/sm_clock.hpp"

namespace daa::bench {

/// The clock in a turn, from readings just before and just after its samples: the lower rate of the two, and
/// whether the device was slowed down at either.
[[nodiscard]] ClockReading clock_of_turn(const ClockReading& before, const ClockReading& after);

/// The rate below which a turn is throttled: 5 % less than the median of `turns`; nothing if none has a rate.
[[nodiscard]] std::optional<double> least_rate_mhz(const std::vector<ClockReading>& turns);

/// Whether the device was slowed down, or its rate below `least_mhz`.
[[nodiscard]] bool is_throttled(const ClockReading& turn, std::optional<double> least_mhz);

/// Of the turns that have a rate; NaN if none has.
[[nodiscard]] double median_mhz(const std::vector<ClockReading>& turns);

}  // namespace daa::bench
