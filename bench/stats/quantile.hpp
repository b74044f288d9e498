// Quantiles of samples, ratios of repetitions, and how well streams overlap.
#pragma once

#include <optional>
#include <vector>

namespace daa::bench {

/// The q-quantile (0 <= q <= 1) of `values` by linear interpolation between order statistics (Hyndman and
/// Fan's type 7); NaN if there are none.
[[nodiscard]] double quantile(std::vector<double> values, double q);

[[nodiscard]] double median(std::vector<double> values);

/// The samples of one clock, a vector for each repetition. A repetition whose samples were dropped is empty.
using Repetitions = std::vector<std::vector<double>>;

/// The median of each repetition that has samples.
[[nodiscard]] std::vector<double> medians(const Repetitions& repetitions);

/// The median of each repetition of `samples` over that of the same repetition of `reference`, where both
/// have samples.
[[nodiscard]] std::vector<double> paired_ratios(const Repetitions& samples, const Repetitions& reference);

/// (T_serial - T) / (T_serial - T_bound), where each T is the median over the repetitions of the time for a
/// phase on every stream: T_serial runs the lower bound's streams one after the other, T_bound runs them at
/// once, T is the allocator's. 1: the streams overlap as much as the lower bound's. 0: they take as long as
/// one after the other; negative: longer. T includes the host time of allocation, so a score below 1 alone
/// does not prove serialisation: see allocation_ns.
///
/// Nothing if the lower bound itself does not overlap: if it gains less than 5 % of T_serial, or less than
/// the range of its own repetitions.
[[nodiscard]] std::optional<double> overlap_score(const std::vector<double>& serial_ns,
                                                  const Repetitions& lower_bound_ns, const Repetitions& ns);

}  // namespace daa::bench
