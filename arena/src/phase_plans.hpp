// The plans of phases that have come before, for when they come again.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "free_ranges.hpp"

namespace daa::v0_1::detail {

/// What a phase that recycles has done so far, in order.
struct RecordedStep {
  std::size_t offset;
  std::size_t size;
  bool frees;  // or allocates
};

/// A phase with a place for each allocation, and how far the phase at hand has followed it. An allocation
/// may be smaller than its place.
class PlannedPhase {
 public:
  std::size_t number = 0;     ///< of the plan, from 1 on
  std::size_t successor = 0;  ///< the number of the plan that came after it the last time

  /// A whole phase in its own places. Nothing if it freed what it did not allocate: the caller's mistake.
  /// Throws std::bad_alloc.
  [[nodiscard]] static std::optional<PlannedPhase> of(const std::vector<RecordedStep>& record);

  [[nodiscard]] std::size_t bytes() const noexcept { return bytes_; }
  [[nodiscard]] std::size_t first_size() const noexcept { return steps_.front().size; }

  /// Plans other places, unless they need no less and its own are in one chunk. Throws std::bad_alloc.
  void plan(bool in_one_chunk);

  void begin() noexcept { next_ = 0; }
  [[nodiscard]] bool is_at_end() const noexcept { return next_ == steps_.size(); }

  [[nodiscard]] bool is_next(std::size_t size) const noexcept {
    return next_ < steps_.size() && steps_[next_].allocation == none && size <= steps_[next_].size;
  }
  /// The place of an allocation of `size` bytes, which is_next().
  std::size_t take(std::size_t size) noexcept {
    Step& step = steps_[next_++];
    step.taken = size;
    return step.offset;
  }

  [[nodiscard]] bool is_next(Range freed) const noexcept {
    if (next_ >= steps_.size() || steps_[next_].allocation == none) return false;
    const Step& allocation = steps_[steps_[next_].allocation];
    return freed.begin == allocation.offset && freed.end - freed.begin == allocation.taken;
  }
  /// Frees what is_next().
  void give() noexcept { ++next_; }

  /// What the phase at hand has done. Throws std::bad_alloc.
  [[nodiscard]] std::vector<RecordedStep> so_far() const;

  /// Whether the phase at hand has an allocation exactly there.
  [[nodiscard]] bool has_live(Range place) const noexcept;
  /// What it has live, in ascending order. Throws std::bad_alloc.
  [[nodiscard]] std::vector<Range> live() const;

  /// Whether `other` does the same with no more memory for any allocation.
  [[nodiscard]] bool serves(const PlannedPhase& other) const noexcept;

 private:
  static constexpr std::uint32_t none = ~std::uint32_t{0};

  struct Step {
    std::size_t offset;
    std::size_t size;
    std::size_t taken;         // of an allocation, by the phase at hand
    std::uint32_t allocation;  // that is freed; none: this allocates
  };

  std::vector<Step> steps_;
  std::size_t next_ = 0;
  std::size_t bytes_ = 0;
};

/// The plans of the last phases that differ, at most four.
class PhasePlans {
 public:
  [[nodiscard]] bool empty() const noexcept { return plans_.empty(); }

  /// The plan to follow in `room` bytes: of those whose first allocation is the smallest of at least
  /// `first_size` bytes, the one that came after the last phase before. Null if there is none.
  [[nodiscard]] PlannedPhase* choose(std::size_t first_size, std::size_t room) noexcept;

  /// A phase has followed `plan` to its end.
  void followed(PlannedPhase& plan) noexcept { note(plan); }

  /// Plans a whole phase, unless a plan serves it, in place of one that it serves or of that which was used
  /// the longest ago. Returns what the plan takes; nothing if there is none, for the phase's mistakes or for
  /// want of host memory.
  std::optional<std::size_t> learn(const std::vector<RecordedStep>& record, bool in_one_chunk) noexcept;

  /// The most that any of the plans takes.
  [[nodiscard]] std::size_t bytes() const noexcept;

 private:
  static constexpr std::size_t most = 4;

  void note(PlannedPhase& plan) noexcept;

  std::vector<PlannedPhase> plans_;  // the last one that was followed or learned is the last
  std::size_t newest_ = 0;           // number of a plan
};

}  // namespace daa::v0_1::detail
