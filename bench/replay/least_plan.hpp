// The plan of the lower bound of memory.
#pragma once

#include <vector>

#include "arena/src/phase_plan.hpp"

namespace daa::bench {

using v0_1::detail::Lifetime;
using v0_1::detail::PhasePlan;

/// The smallest of some plans: that of the arena's plan_phase(), which is enough where it takes no more than
/// is live at most, and those that place the largest allocations first, and those of the most bytes times
/// steps. Of more than 2^13 allocations the first alone: the others take n^2 steps for n of them.
[[nodiscard]] PhasePlan least_plan(const std::vector<Lifetime>& allocations);

}  // namespace daa::bench
