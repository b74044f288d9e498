// The clock rate of the device's processors, and which trials it makes unfit for comparison.
#pragma once

#include <functional>
#include <optional>
#include <vector>

namespace daa::bench {

struct ClockReading {
  std::optional<double> sm_mhz;  // nothing if it cannot be read
  /// The device reports that it is slowed down by heat, its power supply or another external fault. Idling,
  /// application clocks and the ordinary power limit are not included: their effect shows in the rate.
  bool is_slowed_down = false;
};

/// Takes up to milliseconds. Never throws.
using ClockReader = std::function<ClockReading()>;

/// Reads the clock of the device that is current now, through NVIDIA's management library if it is installed.
/// The host runtime has no clock.
[[nodiscard]] ClockReader make_clock_reader();

/// The clock in a trial, from readings just before and just after its samples: the lower rate of the two, and
/// whether the device was slowed down at either.
[[nodiscard]] ClockReading clock_of_trial(const ClockReading& before, const ClockReading& after);

/// The rate below which a trial is throttled: 5 % less than the median of `trials`; nothing if none has a
/// rate.
[[nodiscard]] std::optional<double> least_rate_mhz(const std::vector<ClockReading>& trials);

/// Whether the device was slowed down, or its rate below `least_mhz`.
[[nodiscard]] bool is_throttled(const ClockReading& trial, std::optional<double> least_mhz);

/// Median rate of the trials that have one; NaN if none has.
[[nodiscard]] double median_mhz(const std::vector<ClockReading>& trials);

}  // namespace daa::bench
