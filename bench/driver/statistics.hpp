// From samples to the figures of a row.
#pragma once

#include <vector>

#include "report/row.hpp"

namespace daa::bench {

/// The q-quantile (0 <= q <= 1) of `values` by linear interpolation between order statistics (Hyndman and
/// Fan's type 7); NaN if there are none.
[[nodiscard]] double quantile(std::vector<double> values, double q);

/// One clock's samples, nanoseconds a phase, a vector for each repetition.
using Repetitions = std::vector<std::vector<double>>;

/// `floor` is empty where the floor was not measured: the ratios are then NaN.
[[nodiscard]] ClockSummary summarise(const Repetitions& samples, const Repetitions& floor);

}  // namespace daa::bench
