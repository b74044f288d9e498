// Where in the one endless chunk of a phase its allocations go, once it has given some of them back: into
// which holes, or to the top.
//
// Phases come again: a solver's step or a model's layer asks for the same sizes in the same order. What was
// decided in a phase is written down, and followed in the next one for as long as that asks for the same. The
// holes themselves are then not kept up; where a phase takes another turn, they are made anew from what it
// has done so far. So a phase that comes again is laid out as before, without a search; each other one is
// laid out as if nothing had been written down, at the price of doing twice what it has in common with the
// last, all of it in the call that takes the other turn. Where phase after phase takes one, only one in
// sixteen is written down.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "free_ranges.hpp"

namespace daa::detail {

/// Offsets and sizes are multiples of min_alignment. `top` is where the phase ends, which its caller knows.
class PhaseLayout {
 public:
  static constexpr std::size_t none = ~std::size_t{0};

  /// Whether there is no hole.
  [[nodiscard]] bool empty() const noexcept { return follows_ ? empty_ : holes_.empty(); }

  /// How far the phase has reached before its top was lowered.
  [[nodiscard]] std::size_t highest_top() const noexcept { return highest_top_; }

  /// Takes `size` bytes, more than 0, of the hole that fits best and returns where they begin; none if there
  /// is no such hole, or the top is the better place.
  std::size_t take(std::size_t size, std::size_t top) noexcept {
    if (is_next(size, 0, top)) return next();
    const std::size_t offset = search(size, top);
    if (writes_) write_down({size, 0, top, offset});
    return offset;
  }

  /// Undoes take(), as the next call; the phase is then not followed, see by_hand().
  void put_back(Range place) noexcept { by_hand().insert(place); }

  /// Gives an allocation back and returns the top: below `top` if it was the last one. none, with nothing
  /// changed, if a hole is there.
  std::size_t give(Range place, std::size_t top) noexcept {
    const std::size_t size = place.end - place.begin, what = place.begin | is_give;
    std::size_t new_top;
    if (is_next(size, what, top)) {
      new_top = next();
    } else {
      new_top = add(place, top);
      if (writes_ && new_top != none) write_down({size, what, top, new_top});
    }
    if (new_top < top) note_top(top);
    return new_top;
  }

  /// Before the top is lowered by anything else than give().
  void note_top(std::size_t top) noexcept { highest_top_ = std::max(highest_top_, top); }

  /// The holes, for changes that a phase to come shall not repeat: until clear() nothing is followed.
  FreeRanges& by_hand() noexcept;

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
    turn_off();
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
    const FreeRanges::Index index = holes_.find(size);
    if (index == FreeRanges::none) return none;
    const Range hole = holes_[index];
    const std::size_t room = std::max(highest_top_, top) - top;
    const std::size_t hole_size = hole.end - hole.begin;
    if (size <= room && room < hole_size && size < hole_size / 2) return none;
    holes_.take(index, size);
    return hole.begin;
  }

  std::size_t add(Range place, std::size_t top) noexcept {
    if (place.end != top) return holes_.insert(place) ? top : none;
    return holes_.has_at(place.begin) ? none : holes_.take_ending_at(place.begin);
  }

  void write_down(Decision decision) noexcept;
  void turn_off() noexcept;

  FreeRanges holes_;  // empty while decisions are followed
  std::size_t highest_top_ = 0;
  std::vector<Decision> decisions_;  // of this phase so far, or of the last one where that is followed
  std::size_t next_ = 0;             // of those to follow
  bool follows_ = false;
  bool empty_ = true;    // while decisions are followed
  bool writes_ = true;   // down what it decides
  unsigned misses_ = 0;  // phases since one came again
};

}  // namespace daa::detail
