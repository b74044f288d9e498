// The rate at which the device's processors run at this moment.
#pragma once

#include <functional>
#include <optional>

namespace daa::bench {

struct ClockReading {
  std::optional<double> sm_mhz;  // nothing where the device does not tell
  /// The device says that it runs slower because of heat, of its power supply or of another fault outside.
  /// Not because it is idle, of rates that somebody has set, or of its ordinary power limit: what those cost
  /// shows in the rate.
  bool is_slowed_down = false;
};

/// Costs up to milliseconds, and changes nothing. Never throws.
using ClockReader = std::function<ClockReading()>;

/// Reads the clock of the device that is current now: through NVIDIA's management library where that is
/// there; on the host runtime there is nothing to read.
[[nodiscard]] ClockReader make_clock_reader();

}  // namespace daa::bench
