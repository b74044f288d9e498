// Up to how many allocations a phase an allocator is as good as memory taken beforehand.
#pragma once

#include <vector>

#include "report/row.hpp"

namespace daa::bench {

/// Most that an allocator may cost over preallocated memory, end to end, to be as good.
inline constexpr double break_even_ratio = 1.01;

/// Fills in RowFindings::break_even_allocs of all rows, each group of which is of one allocs_per_phase: the
/// greatest of these at which an allocator's end-to-end ratio to preallocated is not known to be above
/// break_even_ratio, as its confidence interval says (or the ratio itself, where there is none), nor is at
/// any smaller one; 0 if it is at each. Nothing where a ratio up to there is missing.
void find_break_even(std::vector<std::vector<Row>>& groups);

}  // namespace daa::bench
