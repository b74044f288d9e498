#include "layout_store.hpp"

#include <utility>
#include <vector>

namespace daa::v0_1::detail {

namespace {

void count(Bump& bump, std::size_t asked) noexcept {
  ++bump.allocations;
  bump.bytes_requested += asked;
}

}  // namespace

void* LayoutStore::allocate(Bump& bump, std::size_t bytes, std::size_t alignment) {
  const std::size_t size = footprint(bytes, alignment_slack(alignment));
  if (layout_.follows() && size != 0 && alignment <= min_alignment && layout_.goes_on(size)) {
    const std::size_t offset = layout_.take(size, none);
    set_bytes_in_use(bump, bytes_in_use(bump) + size);
    count(bump, bytes);
    return reinterpret_cast<void*>(layout_base_ + offset);
  }
  if (alignment > min_alignment) over_aligned_.prepare();
  const std::size_t offset = place(bump, bytes, size);
  set_limit(bump);
  count(bump, bytes);
  const std::uintptr_t address = address_at(offset);
  const std::uintptr_t aligned = round_up(address, alignment);
  if (alignment > min_alignment)
    over_aligned_.add(offset + (aligned - address), offset, alignment, scopes_.size());
  return reinterpret_cast<void*>(aligned);
}

void LayoutStore::recycle(Bump& bump, void* pointer, std::size_t bytes) {
  if (layout_.follows() && over_aligned_.empty()) {
    const std::size_t begin = address_of(pointer) - layout_base_, size = footprint(bytes);
    if (layout_.goes_on(Range{begin, begin + size})) {
      static_cast<void>(layout_.give({begin, begin + size}, none));
      note_recycled(bump, size);
      set_bytes_in_use(bump, bytes_in_use(bump) - size);
      return;
    }
  }
  const std::optional<Location> location = locate(bump, address_of(pointer));
  if (!location) throw_foreign_pointer(pointer, bytes);
  const std::size_t offset = location->offset;
  const Range place = over_aligned_.place_of(offset, bytes);
  const std::size_t size = place.end - place.begin;
  // Differences, since what lies outside of the home may end where offsets begin again.
  const bool can_be_one = offset % min_alignment == 0 && footprint(bytes) != 0 &&
                          offset - place.begin < size && size <= location->end - place.begin &&
                          size <= bytes_in_use(bump);
  if (!can_be_one) throw_foreign_pointer(pointer, bytes);

  if (!layout_.goes_on(place)) {
    if (!layout_.may_have(place)) throw_foreign_pointer(pointer, bytes);
    leave_plan(bump);
  }
  const std::size_t position = position_of(place);
  const std::size_t new_top = give(bump, place);
  if (new_top == none) throw_foreign_pointer(pointer, bytes);
  over_aligned_.remove(offset);
  for (ScopeMark& scope : scopes_) {
    if (position < scope.begin) scope.bytes_in_use -= size;
  }
  recycles_ = true;
  note_recycled(bump, size);
  const std::size_t in_use = bytes_in_use(bump) - size;
  bump.cursor -= top(bump) - new_top;
  set_bytes_in_use(bump, in_use);
  set_limit(bump);
}

// Places an allocation of `asked` bytes, `size` with padding, and returns its offset.
std::size_t LayoutStore::place(Bump& bump, std::size_t asked, std::size_t size) {
  if (size != 0) {
    if (layout_.is_new()) follow_a_plan(bump, asked, size);
    if (!layout_.goes_on(size)) leave_plan(bump);
  }
  const bool takes = size != 0 && (layout_.follows() || !layout_.empty());
  std::size_t offset = takes ? layout_.take(size, top(bump)) : none;
  if (offset == none && (size == 0 || size > room_end_ - bump.cursor)) {
    offset = make_room(bump, asked, size);
  }
  if (offset != none) {
    set_bytes_in_use(bump, bytes_in_use(bump) + size);
    return offset;
  }
  offset = top(bump);
  bump.cursor += size;
  layout_.took(size, offset);
  return offset;
}

// Begins a planned phase, in which the whole range of the plan is below the top, if there is a plan that
// begins with so much and there is room for it. Not where reserve() has promised more behind the top.
void LayoutStore::follow_a_plan(Bump& bump, std::size_t asked, std::size_t size) {
  if (plans_.empty() || promised_before_ != 0 || promised_bytes_ != 0) return;
  if (room_end_ == 0) make_room(bump, asked, size);
  if (top(bump) != 0) return;
  if (PlannedPhase* const plan = plans_.choose(size, room_end_ - bump.cursor)) {
    layout_.follow(*plan);
    move_top(bump, plan->bytes());
  }
}

void LayoutStore::leave_plan(Bump& bump) noexcept {
  if (!layout_.follows()) return;
  left_plan_ = true;
  move_top(bump, layout_.leave_plan());
  set_limit(bump);
}

std::optional<std::size_t> LayoutStore::end_plan(bool is_contiguous) noexcept {
  if (PlannedPhase* const plan = layout_.followed()) {
    plans_.followed(*plan);
    ++followed_in_a_row_;
    return std::nullopt;
  }
  if (layout_.follows()) return std::nullopt;  // the beginning of it
  followed_in_a_row_ = 0;
  const std::vector<RecordedStep>* const record = layout_.recorded();
  return record == nullptr ? std::nullopt : plans_.learn(*record, is_contiguous);
}

ScopeMark LayoutStore::mark(Bump& bump) {
  leave_plan(bump);
  layout_.begin_scope(top(bump));
  set_limit(bump);
  return {top(bump), bytes_in_use(bump)};
}

}  // namespace daa::v0_1::detail
