// From samples to the figures of a row.
#pragma once

#include <vector>

#include "driver/bootstrap.hpp"
#include "report/row.hpp"

namespace daa::bench {

/// The q-quantile (0 <= q <= 1) of `values` by linear interpolation between order statistics (Hyndman and
/// Fan's type 7); NaN if there are none.
[[nodiscard]] double quantile(std::vector<double> values, double q);

/// One clock's samples, nanoseconds a phase, a vector for each repetition. A repetition whose samples were
/// dropped is empty, and has no ratio.
using Repetitions = std::vector<std::vector<double>>;

/// The ratios of the repetitions' medians, each to that of the same number.
[[nodiscard]] std::vector<double> paired_ratios(const Repetitions& samples, const Repetitions& reference);

/// `floor` and `against` are what the ratios refer to, empty where it was not measured: they are then NaN.
[[nodiscard]] ClockSummary summarise(const Repetitions& samples, const Repetitions& floor,
                                     const Repetitions& against = {});

}  // namespace daa::bench
