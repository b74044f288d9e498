// What several ranks have measured, brought together: the same in all of them.
#pragma once

#include <cstddef>
#include <vector>

#include "measure/series.hpp"
#include "ranks/ranks.hpp"

namespace daa::bench {

/// Each rank's, in their order.
[[nodiscard]] std::vector<TrialSamples> gather_samples(Ranks& ranks, const TrialSamples& own);
[[nodiscard]] std::vector<Recording> gather_recordings(Ranks& ranks, const Recording& own);

/// Sample by sample: host and device time are the mean, end to end is the slowest. What was found is the mean
/// or, of what is called slowest or worst and of bytes, the greatest. The clock is the lowest.
[[nodiscard]] TrialSamples combined(const std::vector<TrialSamples>& of_ranks);

/// The greatest of each figure; sizes and phases are the first rank's.
[[nodiscard]] Recording greatest(const std::vector<Recording>& of_ranks);

/// The part of one rank in what they have measured together, where that was kept.
[[nodiscard]] Series part_of(const Series& together, std::size_t rank);

}  // namespace daa::bench
