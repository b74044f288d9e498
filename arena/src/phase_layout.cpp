#include "phase_layout.hpp"

#include <new>
#include <utility>

namespace daa::v0_1::detail {

void PhaseLayout::begin_scope(std::size_t top) {
  if (levels_.size() == level_ + 1) levels_.emplace_back();
  scopes_.push_back(top);
  stop_recording();
  ++level_;
}

std::size_t PhaseLayout::end_scope(std::size_t top) noexcept {
  highest_top_ = std::max(highest_top_, top);
  levels_[level_].clear();
  --level_;
  const std::size_t begin = scopes_.back();
  scopes_.pop_back();
  return levels_[level_].take_ending_at(begin);
}

// The hole belongs to the innermost phase or scope in which the allocation was made.
bool PhaseLayout::give_to_outer(Range place) noexcept {
  const auto scope =
      std::find_if(scopes_.begin(), scopes_.end(), [&](std::size_t begin) { return place.begin < begin; });
  return levels_[static_cast<std::size_t>(scope - scopes_.begin())].insert(place);
}

std::vector<Range> PhaseLayout::holes() const {
  std::vector<Range> all = levels_[level_].all();
  std::sort(all.begin(), all.end(), [](Range a, Range b) { return a.begin < b.begin; });
  return all;
}

void PhaseLayout::take_parts(const std::vector<Range>& parts) {
  const std::vector<Range> before = holes();
  FreeRanges& holes = levels_[level_];
  auto part = parts.begin();
  for (const Range& hole : before) {
    std::size_t rest = hole.begin;
    for (; part != parts.end() && part->end <= hole.end; ++part) {
      if (rest == hole.begin) holes.take_ending_at(hole.end);
      if (part->begin != rest) holes.insert({rest, part->begin});
      rest = part->end;
    }
    if (rest != hole.begin && rest != hole.end) holes.insert({rest, hole.end});
  }
}

void PhaseLayout::clear() noexcept {
  if (followed() != nullptr) {
    misses_ = 0;
  } else if (records_ && frees_ && !follows()) {
    ++misses_;
  }
  idle_ = frees_ ? 0 : std::min(idle_ + 1, idle);
  frees_ = false;
  records_ = idle_ < idle;
  plan_ = nullptr;
  record_.clear();
  highest_top_ = 0;
  for (; level_ != 0; --level_) levels_[level_].clear();
  scopes_.clear();
  levels_[0].clear();
}

void PhaseLayout::record(RecordedStep step) noexcept {
  if (record_.size() == most_steps) return stop_recording();
  try {
    record_.push_back(step);
  } catch (const std::bad_alloc&) {
    stop_recording();
  }
}

// If the host is out of memory, there are no holes until the phase ends: what the plan has left is not used,
// and nothing else is affected.
std::size_t PhaseLayout::leave_plan() noexcept {
  const PlannedPhase& plan = *std::exchange(plan_, nullptr);
  highest_top_ = plan.bytes();
  try {
    if (records_) record_ = plan.so_far();
    std::size_t end = 0;
    for (const Range& place : plan.live()) {
      if (place.begin > end) levels_[0].insert({end, place.begin});
      end = place.end;
    }
    return end;
  } catch (const std::bad_alloc&) {
    stop_recording();
    levels_[0].clear();
    return plan.bytes();
  }
}

}  // namespace daa::v0_1::detail
