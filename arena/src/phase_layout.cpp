#include "phase_layout.hpp"

#include <new>
#include <utility>

namespace daa::v0_1::detail {

void PhaseLayout::begin_scope(std::size_t top) {
  if (levels_.size() == level_ + 1) levels_.emplace_back();
  scopes_.push_back(top);
  write_nothing_down();
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

std::size_t PhaseLayout::lower(std::size_t top) noexcept {
  write_nothing_down();
  return levels_[level_].take_ending_at(top);
}

void PhaseLayout::clear() noexcept {
  if (!follows_ && !writes_) decisions_.clear();  // incomplete
  misses_ = follows_ ? 0 : misses_ + 1;
  writes_ = misses_ < 8 || misses_ % 16 == 0;
  follows_ = !decisions_.empty();
  next_ = 0;
  empty_ = true;
  highest_top_ = 0;
  for (; level_ != 0; --level_) levels_[level_].clear();
  scopes_.clear();
  levels_[0].clear();
}

void PhaseLayout::write_down(Decision decision) noexcept {
  decision.empty = levels_[level_].empty();
  writes_ = decisions_.size() < most_decisions;
  try {
    if (writes_) decisions_.push_back(decision);
  } catch (const std::bad_alloc&) {
    writes_ = false;
  }
  if (!writes_) decisions_.clear();
}

void PhaseLayout::write_nothing_down() noexcept {
  if (follows_) stop_following();
  decisions_.clear();
  writes_ = false;
}

// Rebuilds the holes. If the result differs (the host was out of memory to record a hole, then or now), all
// holes are dropped until the phase ends: they are not reused, and nothing else is affected.
void PhaseLayout::stop_following() noexcept {
  follows_ = false;
  decisions_.resize(next_);
  const std::size_t highest_top = std::exchange(highest_top_, 0);
  for (const Decision& decision : decisions_) {
    const std::size_t begin = decision.what & ~is_give;
    const bool gives = decision.what != 0;
    const std::size_t result =
        gives ? add({begin, begin + decision.size}, decision.top) : search(decision.size, decision.top);
    if (gives && result < decision.top) highest_top_ = std::max(highest_top_, decision.top);
    if (result == decision.result) continue;
    levels_[0].clear();
    decisions_.clear();
    writes_ = false;
    break;
  }
  highest_top_ = highest_top;
}

}  // namespace daa::v0_1::detail
