// Places the allocations of a phase that recycles: into holes, or at the top.
//
// Phases repeat: a solver's step or a model's layer requests the same sizes in the same order. The decisions
// of a phase are recorded, and the next phase follows them as long as its requests are the same. The holes
// are then not maintained; when a phase differs, they are rebuilt from its requests so far. A repeated phase
// is thus laid out as before, without a search. Any other phase is laid out as if nothing had been recorded;
// the call that differs repeats the work for everything that the phase has in common with the last. If phase
// after phase differs, only one in sixteen is recorded.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "free_ranges.hpp"

namespace daa::v0_1::detail {

/// Offsets and sizes are multiples of min_alignment. `top` is the end of the phase, which the caller tracks.
/// Copyable; copies are independent.
class PhaseLayout {
 public:
  static constexpr std::size_t none = ~std::size_t{0};

  PhaseLayout() : levels_(1) {}

  /// Whether no hole is available to an allocation.
  [[nodiscard]] bool empty() const noexcept { return follows_ ? empty_ : levels_[level_].empty(); }

  /// Whether there is a hole of at least `size` bytes; `size` is more than 0.
  [[nodiscard]] bool has_hole(std::size_t size) noexcept {
    if (follows_) stop_following();
    return size != 0 && levels_[level_].find(size) != FreeRanges::none;
  }

  /// Whether the phase has only allocated so far, each allocation behind the last one.
  [[nodiscard]] bool untouched() const noexcept {
    const bool has_decided = follows_ ? next_ != 0 : !decisions_.empty();
    return level_ == 0 && highest_top_ == 0 && levels_[0].empty() && !has_decided;
  }

  /// The highest top of the phase before the top was lowered.
  [[nodiscard]] std::size_t highest_top() const noexcept { return highest_top_; }

  /// Takes `size` bytes, more than 0, from the hole that fits best and returns their offset. Returns none if
  /// there is no such hole or the top is the better place; there is then room at the top up to highest_top().
  std::size_t take(std::size_t size, std::size_t top) noexcept {
    if (is_next(size, 0, top)) return next();
    const std::size_t offset = search(size, top);
    if (writes_) write_down({size, 0, top, offset});
    return offset;
  }

  /// Frees an allocation and returns the new top, which is below `top` if it was the last allocation. Returns
  /// none, with nothing changed, if a hole is there. Memory that was allocated before the innermost scope is
  /// reused only after that scope.
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

  /// Opens a scope that begins at `top`: existing holes are out of reach until it ends. A phase with a scope
  /// is neither followed nor recorded. Throws std::bad_alloc, with nothing changed.
  void begin_scope(std::size_t top);
  /// Ends the innermost scope with all its allocations, and returns the new top.
  std::size_t end_scope(std::size_t top) noexcept;

  /// Lowers the top to the beginning of the hole that ends there, if any. The phase is no longer followed.
  std::size_t lower(std::size_t top) noexcept;
  /// Limits highest_top() to `end`.
  void forget_behind(std::size_t end) noexcept { highest_top_ = std::min(highest_top_, end); }

  /// Ends the phase.
  void clear() noexcept;

  /// Whether the phase has repeated the last one so far; for tests.
  [[nodiscard]] bool follows() const noexcept { return follows_; }

 private:
  static constexpr std::size_t is_give = 1;  // no offset is odd
  // Limits a rebuild, which took 0.8 to 1.1 ms for this many on an EPYC. They take 0.6 MiB.
  static constexpr std::size_t most_decisions = 1 << 14;

  struct Decision {
    std::size_t size;
    std::size_t what;  // 0: take(); else the offset passed to give(), with is_give set
    std::size_t top;
    std::size_t result;
    bool empty = false;  // no hole left afterwards
  };

  /// Whether the recorded decision for this request can be followed.
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

  // The space above the top that the phase has used before is a hole as well. It is used if it is smaller
  // than the best hole and that hole is more than twice the requested size. (That helps phases of random
  // sizes; always using it where it is smaller would cost more on the traces of real models, see
  // tests/bench/arena_traces_test.cpp.)
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

  std::vector<FreeRanges> levels_;   // holes outside all scopes, then of each scope; unused while following
  std::size_t level_ = 0;            // scopes that are open
  std::vector<std::size_t> scopes_;  // where they begin, innermost last
  std::size_t highest_top_ = 0;
  std::vector<Decision> decisions_;  // of this phase so far, or of the last one while following it
  std::size_t next_ = 0;             // the next decision to follow
  bool follows_ = false;
  bool empty_ = true;    // whether there is no hole, while following
  bool writes_ = true;   // records decisions
  unsigned misses_ = 0;  // phases since the last repeated one
};

}  // namespace daa::v0_1::detail
