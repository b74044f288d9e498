// Where each allocation of a phase is placed in one buffer, all lifetimes being known.
#pragma once

#include <cstddef>
#include <vector>

namespace daa::v0_1::detail {

/// `size` bytes, more than 0, that are allocated from step `begin` up to, and not including, step `end` of a
/// phase; begin < end.
struct Lifetime {
  std::size_t begin;
  std::size_t end;
  std::size_t size;
};

struct PhasePlan {
  std::vector<std::size_t> offsets;  // of each allocation
  std::size_t bytes = 0;             // that they take
};

/// A plan in which no two allocations that live at once overlap. They are in ascending order of `begin`. They
/// are placed one after the other, each into the smallest gap that fits it: those first that live where the
/// most is live and, of these, the largest. Where that takes more than is live at most, the largest first,
/// and those of the most bytes times steps first, are tried as well, and the least plan is taken. Not the
/// optimum, which is NP-hard to find, but on traces of real models just what is live at most. Of more than
/// 2^13 allocations, the long-lived come first, in the first of these orders alone: it takes n^2 steps of
/// some nanoseconds for n allocations up to that, and n times as many as there are long-lived ones beyond.
/// Throws std::bad_alloc.
[[nodiscard]] PhasePlan plan_phase(const std::vector<Lifetime>& allocations);

}  // namespace daa::v0_1::detail
