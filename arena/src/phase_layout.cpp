#include "phase_layout.hpp"

#include <new>
#include <utility>

namespace daa::detail {

FreeRanges& PhaseLayout::by_hand() noexcept {
  if (follows_) turn_off();
  decisions_.clear();
  writes_ = false;
  return holes_;
}

void PhaseLayout::clear() noexcept {
  misses_ = follows_ ? 0 : misses_ + 1;
  writes_ = misses_ < 8 || misses_ % 16 < 2;
  if (!writes_) decisions_.clear();
  follows_ = !decisions_.empty();
  next_ = 0;
  empty_ = true;
  highest_top_ = 0;
  holes_.clear();
}

std::size_t PhaseLayout::decide_take(std::size_t size, std::size_t top) noexcept {
  if (holes_.empty()) return none;
  const std::size_t offset = search(size, top);
  write_down(size, 0, top, offset);
  return offset;
}

std::size_t PhaseLayout::decide_give(Range place, std::size_t top) noexcept {
  const std::size_t new_top = add(place, top);
  if (new_top != none) write_down(place.end - place.begin, place.begin | is_give, top, new_top);
  return new_top;
}

// What the phase has used above the top and given back is a hole as well. It is taken where the other one
// would be cut into pieces. (That helps phases of random sizes; to take it always where it is the smaller
// one would cost more on the traces of real models, see tests/arena_traces_test.cpp.)
std::size_t PhaseLayout::search(std::size_t size, std::size_t top) noexcept {
  const FreeRanges::Index index = holes_.find(size);
  if (index == FreeRanges::none) return none;
  const Range hole = holes_[index];
  const std::size_t room = std::max(highest_top_, top) - top;
  const std::size_t hole_size = hole.end - hole.begin;
  if (size <= room && room < hole_size && size < hole_size / 2) return none;
  holes_.take(index, size);
  return hole.begin;
}

std::size_t PhaseLayout::add(Range place, std::size_t top) noexcept {
  if (place.end != top) return holes_.insert(place) ? top : none;
  return holes_.has_at(place.begin) ? none : holes_.take_ending_at(place.begin);
}

void PhaseLayout::write_down(std::size_t size, std::size_t what, std::size_t top,
                             std::size_t result) noexcept {
  if (!writes_) return;
  writes_ = decisions_.size() < most_decisions;
  try {
    if (writes_) decisions_.push_back({size, what, top, result & (~std::size_t{0} >> 1), holes_.empty()});
  } catch (const std::bad_alloc&) {
    writes_ = false;
  }
  if (!writes_) decisions_.clear();
}

// Makes the holes anew. Where they come out otherwise (the host had no memory to remember one, then or now),
// all are forgotten: not reused, nothing worse.
void PhaseLayout::turn_off() noexcept {
  follows_ = false;
  decisions_.resize(next_);
  const std::size_t highest_top = std::exchange(highest_top_, 0);
  for (const Decision& decision : decisions_) {
    const std::size_t begin = decision.what & ~is_give;
    const bool gives = decision.what != 0;
    const std::size_t result =
        gives ? add({begin, begin + decision.size}, decision.top) : search(decision.size, decision.top);
    if (gives && result < decision.top) note_top(decision.top);
    if (result == decision.result) continue;
    holes_.clear();
    decisions_.clear();
    writes_ = false;
    break;
  }
  highest_top_ = highest_top;
}

}  // namespace daa::detail
