// Where in the one endless chunk of a phase its allocations go, once it has given some of them back: into
// which holes, or to the top.
//
// Phases come again: a solver's step or a model's layer asks for the same sizes in the same order. What was
// decided in a phase is written down, and followed in the next one for as long as that asks for the same. The
// holes themselves are then not kept up; where a phase takes another turn, they are made anew from what it
// has done so far. So a phase that comes again is laid out as before, without a search; each other one is
// laid out as if nothing had been written down, at the price of doing twice what it has in common with the
// last. Where none comes again, two phases in sixteen try.
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
  static constexpr std::size_t none = (~std::size_t{0} >> 1) - 255;

  /// Whether there is no hole.
  [[nodiscard]] bool empty() const noexcept { return follows_ ? empty_ : holes_.empty(); }

  /// How far the phase has reached before its top was lowered.
  [[nodiscard]] std::size_t highest_top() const noexcept { return highest_top_; }

  /// Takes `size` bytes, more than 0, of the hole that fits best and returns where they begin; none if there
  /// is no such hole, or the top is the better place.
  std::size_t take(std::size_t size, std::size_t top) noexcept {
    return is_next(size, 0, top) ? next() : decide_take(size, top);
  }

  /// Undoes the last take().
  void put_back(Range place) noexcept { by_hand().insert(place); }

  /// Gives an allocation back and returns the top: below `top` if it was the last one. none, with nothing
  /// changed, if a hole is there.
  std::size_t give(Range place, std::size_t top) noexcept {
    const std::size_t new_top =
        is_next(place.end - place.begin, place.begin | is_give, top) ? next() : decide_give(place, top);
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
  static constexpr std::size_t is_give = 1;               // no offset is odd
  static constexpr std::size_t most_decisions = 1 << 16;  // 2 MiB of them

  struct Decision {
    std::size_t size;
    std::size_t what;  // 0: take(); else the offset that give() was called for, and is_give
    std::size_t top;
    std::size_t result : 63;
    std::size_t empty : 1;  // afterwards
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

  std::size_t decide_take(std::size_t size, std::size_t top) noexcept;
  std::size_t decide_give(Range place, std::size_t top) noexcept;
  [[nodiscard]] std::size_t search(std::size_t size, std::size_t top) noexcept;
  [[nodiscard]] std::size_t add(Range place, std::size_t top) noexcept;
  void write_down(std::size_t size, std::size_t what, std::size_t top, std::size_t result) noexcept;
  void turn_off() noexcept;

  FreeRanges holes_;  // empty while decisions are followed
  std::size_t highest_top_ = 0;
  std::vector<Decision> decisions_;  // of this phase so far, or of the last one where that is followed
  std::size_t next_ = 0;             // of those to follow
  bool follows_ = false;
  bool empty_ = true;    // while decisions are followed
  bool writes_ = true;   // decisions down
  unsigned misses_ = 0;  // phases since one came again
};

}  // namespace daa::detail
