// At which offsets the allocations of a phase lie, once it has given some of them back: in which holes, or at
// the top.
//
// Phases come again: a solver's step or a model's layer asks for the same sizes in the same order. What was
// decided in a phase is written down, and followed in the next one for as long as that asks for the same. The
// holes themselves are then not kept up; where a phase differs, they are made anew from what it has done so
// far. So a phase that comes again is laid out as before, without a search; each other one is laid out as if
// nothing had been written down, at the price of doing twice what it has in common with the last, all of it
// in the call that differs. Where phase after phase differs, only one in sixteen is written down.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "free_ranges.hpp"

namespace daa::v0_1::detail {

/// Offsets and sizes are multiples of min_alignment. `top` is where the phase ends, which its caller knows.
/// Copyable: a copy goes on by itself.
class PhaseLayout {
 public:
  static constexpr std::size_t none = ~std::size_t{0};

  PhaseLayout() : levels_(1) {}

  /// Whether there is no hole that an allocation could take.
  [[nodiscard]] bool empty() const noexcept { return follows_ ? empty_ : levels_[level_].empty(); }

  /// Whether there is a hole of at least `size` bytes, more than 0.
  [[nodiscard]] bool has_hole(std::size_t size) noexcept {
    if (follows_) stop_following();
    return size != 0 && levels_[level_].find(size) != FreeRanges::none;
  }

  /// Whether the phase has only allocated so far, one thing behind the other.
  [[nodiscard]] bool untouched() const noexcept {
    const bool has_decided = follows_ ? next_ != 0 : !decisions_.empty();
    return level_ == 0 && highest_top_ == 0 && levels_[0].empty() && !has_decided;
  }

  /// How far the phase has reached before its top was lowered.
  [[nodiscard]] std::size_t highest_top() const noexcept { return highest_top_; }

  /// Takes `size` bytes, more than 0, of the hole that fits best and returns where they begin; none if there
  /// is no such hole, or the top is the better place. That has then room for them up to highest_top().
  std::size_t take(std::size_t size, std::size_t top) noexcept {
    if (is_next(size, 0, top)) return next();
    const std::size_t offset = search(size, top);
    if (writes_) write_down({size, 0, top, offset});
    return offset;
  }

  /// Gives an allocation back and returns the top: below `top` if it was the last one. none, with nothing
  /// changed, if a hole is there. What was allocated before the innermost scope serves again behind it.
  std::size_t give(Range place, std::size_t top) noexcept {
    if (level_ != 0 && place.begin < scopes_.back()) return give_to_outer(place) ? top : none;
    const std::size_t size = place.end - place.begin, what = place.begin | is_give;
    std::size_t new_top;
    if (is_next(size, what, top)) {
      new_top = next();
    } else {
      new_top = add(place, top);
      if (writes_ && new_top != none) write_down({size, what, top, new_top});
    }
    if (new_top < top) highest_top_ = std::max(highest_top_, top);
    return new_top;
  }

  /// Opens a scope that begins at `top`: the holes so far are out of reach until it ends. A phase with a
  /// scope is neither followed nor written down. Throws std::bad_alloc, with nothing changed.
  void begin_scope(std::size_t top);
  /// Ends the innermost scope, all of whose allocations are gone, and returns the top of the phase around it.
  std::size_t end_scope(std::size_t top) noexcept;

  /// Lowers the top to the beginning of the hole that ends there, if one does. The phase is then not
  /// followed.
  std::size_t lower(std::size_t top) noexcept;
  /// Offsets from `end` on are out of reach of the top from now on.
  void forget_behind(std::size_t end) noexcept { highest_top_ = std::min(highest_top_, end); }

  /// Ends the phase.
  void clear() noexcept;

  /// Whether the phase has done nothing but what the last one did; for tests.
  [[nodiscard]] bool follows() const noexcept { return follows_; }

 private:
  static constexpr std::size_t is_give = 1;  // no offset is odd
  // More are not written down: to make so many anew took 0.8 to 1.1 ms on an EPYC. They are 0.6 MiB.
  static constexpr std::size_t most_decisions = 1 << 14;

  struct Decision {
    std::size_t size;
    std::size_t what;  // 0: take(); else the offset that give() was called for, and is_give
    std::size_t top;
    std::size_t result;
    bool empty = false;  // afterwards
  };

  /// Whether that is followed by what was decided for it the last time.
  bool is_next(std::size_t size, std::size_t what, std::size_t top) noexcept {
    if (!follows_) return false;
    if (next_ < decisions_.size()) {
      const Decision& next = decisions_[next_];
      if ((next.size == size) & (next.what == what) & (next.top == top)) return true;
    }
    stop_following();
    return false;
  }
  std::size_t next() noexcept {
    const Decision& decision = decisions_[next_++];
    empty_ = decision.empty;
    return decision.result;
  }

  // What the phase has used above the top and given back is a hole as well. It is taken where the other one
  // would be cut into pieces. (That helps phases of random sizes; to take it always where it is the smaller
  // one would cost more on the traces of real models, see tests/arena_traces_test.cpp.)
  std::size_t search(std::size_t size, std::size_t top) noexcept {
    FreeRanges& holes = levels_[level_];
    const FreeRanges::Index index = holes.find(size);
    if (index == FreeRanges::none) return none;
    const Range hole = holes[index];
    const std::size_t room = std::max(highest_top_, top) - top;
    const std::size_t hole_size = hole.end - hole.begin;
    if (size <= room && room < hole_size && size < hole_size / 2) return none;
    holes.take(index, size);
    return hole.begin;
  }

  std::size_t add(Range place, std::size_t top) noexcept {
    FreeRanges& holes = levels_[level_];
    if (place.end != top) return holes.insert(place) ? top : none;
    return holes.has_at(place.begin) ? none : holes.take_ending_at(place.begin);
  }

  bool give_to_outer(Range place) noexcept;
  void write_down(Decision decision) noexcept;
  void stop_following() noexcept;
  void write_nothing_down() noexcept;

  std::vector<FreeRanges> levels_;   // the holes outside all scopes, and of each scope; empty while followed
  std::size_t level_ = 0;            // scopes that are open
  std::vector<std::size_t> scopes_;  // where they begin, innermost last
  std::size_t highest_top_ = 0;
  std::vector<Decision> decisions_;  // of this phase so far, or of the last one where that is followed
  std::size_t next_ = 0;             // of those to follow
  bool follows_ = false;
  bool empty_ = true;    // while decisions are followed
  bool writes_ = true;   // down what it decides
  unsigned misses_ = 0;  // phases since one came again
};

}  // namespace daa::v0_1::detail
