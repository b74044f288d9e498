// A hash table keyed by offset (a multiple of min_alignment): open addressing, linear probing.
#pragma once

#include <algorithm>
#include <cstddef>
#include <vector>

#include "free_ranges.hpp"

namespace daa::v0_1::detail {

class OffsetTable {
 public:
  [[nodiscard]] bool empty() const noexcept { return size_ == 0; }

  /// Ensures that the next put() cannot throw. Throws std::bad_alloc, with nothing changed.
  void prepare() {
    if (2 * (size_ + 1) <= slots_.size()) return;
    std::vector<Slot> larger(slots_.empty() ? 64 : 2 * slots_.size());
    larger.swap(slots_);
    for (const Slot& slot : larger) {
      if (slot.offset != none) slots_[slot_of(slot.offset)] = slot;
    }
  }

  /// Inserts an offset, or changes its value.
  void put(std::size_t offset, std::size_t value) noexcept {
    Slot& slot = slots_[slot_of(offset)];
    if (slot.offset == none) ++size_;
    slot = {offset, value};
  }

  /// Returns a pointer to its value, valid until the next change; null if the offset is absent.
  [[nodiscard]] const std::size_t* find(std::size_t offset) const noexcept {
    if (empty()) return nullptr;
    const Slot& slot = slots_[slot_of(offset)];
    return slot.offset == offset ? &slot.value : nullptr;
  }

  void clear() noexcept {
    if (empty()) return;
    if (slots_.size() > 64 && 16 * size_ < slots_.size()) slots_.resize(slots_.size() / 2);
    std::fill(slots_.begin(), slots_.end(), Slot{});
    size_ = 0;
  }

  void remove(std::size_t offset) noexcept {
    if (empty()) return;
    std::size_t hole = slot_of(offset);
    if (slots_[hole].offset != offset) return;
    // Moves up entries that would no longer be found behind the hole (Knuth, TAOCP 3, 6.4, algorithm R).
    for (std::size_t i = next(hole); slots_[i].offset != none; i = next(i)) {
      const std::size_t home = home_of(slots_[i].offset);
      const bool stays = hole <= i ? hole < home && home <= i : hole < home || home <= i;
      if (stays) continue;
      slots_[hole] = slots_[i];
      hole = i;
    }
    slots_[hole].offset = none;
    --size_;
  }

 private:
  static constexpr std::size_t none = ~std::size_t{0};

  struct Slot {
    std::size_t offset = none;
    std::size_t value = 0;
  };

  [[nodiscard]] std::size_t home_of(std::size_t offset) const noexcept {
    return spread(offset / min_alignment) & (slots_.size() - 1);
  }
  [[nodiscard]] std::size_t next(std::size_t slot) const noexcept { return (slot + 1) & (slots_.size() - 1); }
  /// The slot of an offset, or the empty slot where it would go.
  [[nodiscard]] std::size_t slot_of(std::size_t offset) const noexcept {
    std::size_t slot = home_of(offset);
    while (slots_[slot].offset != none && slots_[slot].offset != offset) slot = next(slot);
    return slot;
  }

  std::vector<Slot> slots_;  // a power of two, at most half of them in use
  std::size_t size_ = 0;
};

}  // namespace daa::v0_1::detail
