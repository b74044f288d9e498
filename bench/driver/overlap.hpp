// Whether an allocator serialises streams that would overlap.
#pragma once

#include <optional>
#include <vector>

#include "driver/statistics.hpp"

namespace daa::bench {

/// (T_serial - T) / (T_serial - T_floor), medians over the repetitions of the time for a phase on each
/// stream: 1 where the allocator's streams overlap as much as the floor's, 0 where it takes as long as one
/// stream after the other, less where it takes longer. (What an allocator costs the host is in T, too: where
/// the score is below 1, that and serialisation are told apart by allocation_ns.) Nothing where the floor
/// itself does not overlap: where it gains less than 5 % of T_serial, or less than its own repetitions
/// differ.
[[nodiscard]] std::optional<double> overlap_score(const std::vector<double>& serial_ns,
                                                  const Repetitions& floor_ns, const Repetitions& ns);

}  // namespace daa::bench
