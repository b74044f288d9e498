// Places the allocations of a phase: as a plan says, into holes, or at the top.
//
// Phases repeat: a solver's step or a model's layer requests the same sizes in the same order. What a phase
// does is recorded, so that it can be planned when it has ended. A phase that begins as a planned one follows
// the plan as long as it does the same, with no more memory for any allocation: without a search, and without
// holes to maintain. When it differs, what is not live in the range of the plan becomes holes. If phase after
// phase differs from all plans, only one in sixteen is planned.
#pragma once

#include <algorithm>
#include <cstddef>
#include <vector>

#include "free_ranges.hpp"
#include "phase_plans.hpp"

namespace daa::v0_1::detail {

/// Offsets and sizes are multiples of min_alignment. `top` is the end of the phase, which the caller tracks.
class PhaseLayout {
 public:
  static constexpr std::size_t none = ~std::size_t{0};

  PhaseLayout() : levels_(1) {}

  /// Whether the caller must ask take() for every allocation, and tell took() of those at the top.
  [[nodiscard]] bool sees_all() const noexcept { return follows() || records_; }

  /// Whether no hole is available to an allocation.
  [[nodiscard]] bool empty() const noexcept { return levels_[level_].empty(); }

  /// Whether there is a hole of at least `size` bytes; `size` is more than 0.
  [[nodiscard]] bool has_hole(std::size_t size) const noexcept {
    return size != 0 && levels_[level_].find(size) != FreeRanges::none;
  }

  /// Whether the phase has freed anything, apart from scopes.
  [[nodiscard]] bool frees() const noexcept { return frees_; }

  /// The highest top of the phase before the top was lowered.
  [[nodiscard]] std::size_t highest_top() const noexcept { return highest_top_; }

  /// Whether the phase could follow a plan from here on: it has done nothing yet.
  [[nodiscard]] bool is_new() const noexcept { return records_ && record_.empty() && !follows(); }
  /// Follows a plan, which outlives the phase, from the beginning of the phase on. The top is plan.bytes().
  void follow(PlannedPhase& plan) noexcept {
    plan_ = &plan;
    plan.begin();
  }
  [[nodiscard]] bool follows() const noexcept { return plan_ != nullptr; }
  /// Whether the plan, if one is followed, says what comes next.
  [[nodiscard]] bool goes_on(std::size_t size) const noexcept { return !follows() || plan_->is_next(size); }
  [[nodiscard]] bool goes_on(Range freed) const noexcept { return !follows() || plan_->is_next(freed); }
  /// Whether `place` may be an allocation: in a plan, whether it is one.
  [[nodiscard]] bool may_have(Range place) const noexcept { return !follows() || plan_->has_live(place); }
  /// Stops following the plan and returns the new top.
  std::size_t leave_plan() noexcept;

  /// Takes `size` bytes, more than 0, from the plan or from the hole that fits best and returns their offset.
  /// Returns none if there is no such hole or the top is the better place; there is then room at the top up
  /// to highest_top(). The phase goes_on() with it.
  std::size_t take(std::size_t size, std::size_t top) noexcept {
    if (follows()) return plan_->take(size);
    const std::size_t offset = search(size, top);
    if (offset == none) return none;
    if (records_) record({offset, size, false});
    return offset;
  }

  /// `size` bytes were taken at the top, at `offset`.
  void took(std::size_t size, std::size_t offset) noexcept {
    if (records_) record({offset, size, false});
  }

  /// Frees an allocation and returns the new top, which is below `top` if it was the last allocation. Returns
  /// none, with nothing changed, if a hole is there. Memory that was allocated before the innermost scope is
  /// reused only after that scope. The phase goes_on() with it.
  std::size_t give(Range place, std::size_t top) noexcept {
    frees_ = true;
    if (follows()) {
      plan_->give();
      return top;
    }
    const std::size_t new_top = put_back(place, top);
    if (new_top != none) gave(place);
    return new_top;
  }

  /// An allocation at `place`, not below the top, was freed.
  void gave(Range place) noexcept {
    frees_ = true;
    if (records_) record({place.begin, place.end - place.begin, true});
  }

  /// Makes a hole of a part of an allocation that was freed. Returns the new top, or none, as give().
  std::size_t put_back(Range part, std::size_t top) noexcept {
    if (is_outside(part)) return give_to_outer(part) ? top : none;
    const std::size_t new_top = add(part, top);
    if (new_top < top) highest_top_ = std::max(highest_top_, top);
    return new_top;
  }

  /// The holes that are available, in ascending order. Throws std::bad_alloc.
  [[nodiscard]] std::vector<Range> holes() const;
  /// Takes parts of the holes, in ascending order, without a record. Throws std::bad_alloc, with nothing
  /// changed.
  void take_parts(const std::vector<Range>& parts);
  /// Adds [top, end) to the holes below the top, which becomes `end`.
  void raise_top(std::size_t top, std::size_t end) noexcept {
    if (top != end) levels_[level_].insert({top, end});
  }
  /// Lowers the top to the beginning of the hole that ends there, if any.
  std::size_t lower_top(std::size_t top) noexcept {
    highest_top_ = std::max(highest_top_, top);
    return levels_[level_].take_ending_at(top);
  }

  /// Opens a scope that begins at `top`: existing holes are out of reach until it ends. The phase follows no
  /// plan, and is not recorded. Throws std::bad_alloc, with nothing changed.
  void begin_scope(std::size_t top);
  /// Ends the innermost scope with all its allocations, and returns the new top.
  std::size_t end_scope(std::size_t top) noexcept;

  /// Limits highest_top() to `end`.
  void forget_behind(std::size_t end) noexcept { highest_top_ = std::min(highest_top_, end); }

  /// The plan that the phase has followed to its last step; null if it has not.
  [[nodiscard]] PlannedPhase* followed() const noexcept {
    return follows() && plan_->is_at_end() ? plan_ : nullptr;
  }
  /// What the phase has done, if that is known, follows no plan and may be planned; else null.
  [[nodiscard]] const std::vector<RecordedStep>* recorded() const noexcept {
    const bool is_due = misses_ < 8 || misses_ % 16 == 0;
    return records_ && frees_ && is_due && !follows() ? &record_ : nullptr;
  }

  /// Ends the phase.
  void clear() noexcept;

  /// The phase is no longer recorded.
  void stop_recording() noexcept {
    records_ = false;
    record_.clear();
  }

 private:
  // Limits the time of planning: some 30 ms for so many steps.
  static constexpr std::size_t most_steps = std::size_t{1} << 13;
  // After so many phases without a free, phases are no longer recorded, and allocate by the inline path.
  static constexpr unsigned idle = 16;

  // The space above the top that the phase has used before is a hole as well. It is used if it is smaller
  // than the best hole and that hole is more than twice the requested size. (That helps phases of random
  // sizes; always using it where it is smaller would cost more on the traces of real models.)
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

  // Whether it was allocated before the innermost scope.
  [[nodiscard]] bool is_outside(Range place) const noexcept {
    return level_ != 0 && place.begin < scopes_.back();
  }
  bool give_to_outer(Range place) noexcept;
  void record(RecordedStep step) noexcept;

  std::vector<FreeRanges> levels_;   // holes outside all scopes, then of each scope; unused by a plan
  std::size_t level_ = 0;            // scopes that are open
  std::vector<std::size_t> scopes_;  // where they begin, innermost last
  std::size_t highest_top_ = 0;
  PlannedPhase* plan_ = nullptr;  // that is followed
  std::vector<RecordedStep> record_;
  bool records_ = true;       // the first phase, and more if it frees anything
  bool frees_ = false;        // in this phase
  unsigned idle_ = idle - 1;  // phases since the last that freed anything
  unsigned misses_ = 0;  // phases that could have been planned since the last that followed a plan to its end
};

}  // namespace daa::v0_1::detail
