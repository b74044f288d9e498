// The common part of the stores that keep memory between phases and cut allocations from it.
//
// A phase is laid out in a space of offsets: an allocation goes into the hole that fits best, or to the top.
// Once the arena has recycled, every allocation of a phase is recorded, and the end of the phase plans it.
// When it comes again, and there is room for it, the whole range of the plan lies below the top, and
// allocations and frees follow the plan. At the first that differs, the top goes back to the end of what is
// live, and what is free below becomes holes. Memory that graphs use is not planned.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "backing_store.hpp"
#include "over_aligned.hpp"
#include "phase_layout.hpp"

namespace daa::v0_1::detail {

/// The derived class maps offsets to memory. Those of the cursor are contiguous: from `layout_base_` on, up
/// to `room_end_`.
class LayoutStore : public BackingStore {
 public:
  LayoutStore(StreamOrderedMemory memory, const ArenaOptions& options) : BackingStore(memory, options) {
    if (keeps_all()) layout_.stop_recording();  // a phase takes no more once it is captured than before
  }

  void* allocate(Bump& bump, std::size_t bytes, std::size_t alignment) override;
  void recycle(Bump& bump, void* pointer, std::size_t bytes) override;

 protected:
  static constexpr std::size_t none = PhaseLayout::none;

  struct Location {
    std::size_t offset;
    std::size_t end;  // of the allocations there
  };

  /// Ensures `size` bytes at the top and returns none; or takes them elsewhere and returns their offset.
  /// `size` is 0 for a size that has overflowed. Throws for an allocation of `asked` bytes, with nothing
  /// changed but idle memory.
  virtual std::size_t make_room(Bump& bump, std::size_t asked, std::size_t size) = 0;
  [[nodiscard]] virtual std::uintptr_t address_at(std::size_t offset) const noexcept = 0;
  /// Where this phase has a pointer; nothing if it has no such memory.
  [[nodiscard]] virtual std::optional<Location> locate(const Bump& bump,
                                                       std::uintptr_t address) const noexcept = 0;
  /// Of an allocation: below the beginning of each scope that it was made before, and of no other.
  [[nodiscard]] virtual std::size_t position_of(Range place) const noexcept { return place.begin; }
  /// Frees an allocation and returns the new top; none, with no allocation changed, if there is a hole.
  virtual std::size_t give(Bump& bump, Range place) noexcept { return layout_.give(place, top(bump)); }

  ScopeMark mark(Bump& bump) override;

  /// The offset of the next allocation that goes into no hole.
  [[nodiscard]] std::size_t top(const Bump& bump) const noexcept { return bump.cursor - layout_base_; }
  /// Within the memory of the cursor.
  void move_top(Bump& bump, std::size_t offset) noexcept {
    const std::size_t in_use = bytes_in_use(bump);
    bump.cursor = layout_base_ + offset;
    set_bytes_in_use(bump, in_use);
  }
  /// While there are holes, or a plan or a record of all, the inline path gets no room.
  void set_limit(Bump& bump) const noexcept {
    bump.limit = layout_.empty() && !layout_.sees_all() ? room_end_ : bump.cursor;
  }

  /// If the phase follows one.
  void leave_plan(Bump& bump) noexcept;
  /// At the end of a phase: notes which plan it was, or plans it. Returns what the plan of a phase takes that
  /// has followed none. `is_contiguous`: all of it had one range of memory.
  std::optional<std::size_t> end_plan(bool is_contiguous) noexcept;

  PhaseLayout layout_;  // below the top
  PhasePlans plans_;    // of phases that have come before
  OverAligned over_aligned_;
  std::uintptr_t layout_base_ = 0;     // an address less its offset, in the memory of the cursor
  std::uintptr_t room_end_ = 0;        // of that memory
  std::size_t promised_bytes_ = 0;     // by reserve(), for the next phase
  std::size_t promised_before_ = 0;    // by reserve() in the last phase, for this one
  std::size_t followed_in_a_row_ = 0;  // phases
  bool recycles_ = false;              // recycle() has been called on this arena
  bool left_plan_ = false;             // this phase

 private:
  std::size_t place(Bump& bump, std::size_t asked, std::size_t size);
  void follow_a_plan(Bump& bump, std::size_t asked, std::size_t size);
};

}  // namespace daa::v0_1::detail
