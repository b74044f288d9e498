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
  if (!follows_ && !writes_) decisions_.clear();  // not all of the phase
  misses_ = follows_ ? 0 : misses_ + 1;
  writes_ = misses_ < 8 || misses_ % 16 == 0;
  follows_ = !decisions_.empty();
  next_ = 0;
  empty_ = true;
  highest_top_ = 0;
  holes_.clear();
}

void PhaseLayout::write_down(Decision decision) noexcept {
  decision.empty = holes_.empty();
  writes_ = decisions_.size() < most_decisions;
  try {
    if (writes_) decisions_.push_back(decision);
  } catch (const std::bad_alloc&) {
    writes_ = false;
  }
  if (!writes_) decisions_.clear();
}

// Makes the holes anew. Where they come out otherwise (the host had no memory to remember one, then or now),
// all are forgotten until the phase ends: not reused, nothing worse.
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
