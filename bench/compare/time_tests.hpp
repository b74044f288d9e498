// The times of a comparison: a verdict on each allocator over all cases, and on each case.
#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

#include "compare/finding.hpp"
#include "run_config.hpp"

namespace daa::bench {

/// Whether the times of a case, or of a suite, are compared as ratios to preallocated: all but those of
/// preallocated itself.
[[nodiscard]] bool is_ratio(const Key& key);

/// Whether a slow-down of the time must be ruled out: of phases that do more than to call the allocator. An
/// operation of a replay, an allocation alone, and the phases of a sweep, which are mostly allocations, are
/// as noisy as the driver's allocator is.
[[nodiscard]] bool must_be_bounded(const Key& key, std::string_view clock);

/// The time of one clock in one case: a ratio, or nanoseconds. A value for each process of either side, in
/// the same order in all cases; NaN where a process has none.
struct CaseTimes {
  Key key;
  std::string_view clock;
  std::vector<double> base, head;
};

struct TimeFindings {
  /// For each kind, allocator and clock, in the order of the first case.
  std::vector<Finding> suite;
  /// In the order of the cases.
  std::vector<Finding> cases;
  /// Of the cases; and those in which a slow-down by GateConfig::visible would have been significant.
  std::size_t judged = 0, visible = 0;
};

/// Judges the times of all cases together. A process gives one value a case: its repetitions are not
/// independent.
///
/// Over the suite: a process's value is the median, over all cases of one kind, allocator, number of ranks
/// and clock, of the logarithm of the time over the case's median of both sides. Then each case for itself,
/// and the times of preallocated, which no ratio shows. In either family a time is a regression if HEAD's
/// values are greater by the Mann-Whitney test, at half of `alpha` for the family (Holm-Bonferroni), and the
/// change, Hodges and Lehmann's estimate, exceeds `threshold`; an improvement is the mirror image. A time of
/// the suite is inconclusive if it did not change so and there are too few processes for any change to be
/// significant, or, if it must be bounded, the one-sided 95 % upper bound of the change reaches `visible`. A
/// single case never is.
///
/// Rows of preallocated that was measured again ("preallocated:2") are shown and not judged, nor are those of
/// preallocated unless GateConfig::is_interleaved.
[[nodiscard]] TimeFindings judge_times(const std::vector<CaseTimes>& cases, const GateConfig& config);

}  // namespace daa::bench
