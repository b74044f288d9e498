// The allocations whose place in a chunk has slack, so that they can be aligned wherever the chunk lies.
#pragma once

#include <cstddef>
#include <vector>

#include "free_ranges.hpp"

namespace daa::inline v0_1::detail {

/// By the offset at which they are aligned. A hash table: open addressing, linear probing.
class OverAligned {
 public:
  /// Makes sure that the next add() cannot throw. Throws std::bad_alloc.
  void prepare() {
    if (offsets_.size() == offsets_.capacity()) offsets_.reserve(2 * offsets_.size() + 16);
    if (2 * (size_ + 1) <= table_.size()) return;
    std::vector<Entry> larger(table_.empty() ? 64 : 2 * table_.size());
    larger.swap(table_);
    for (const Entry& entry : larger) {
      if (entry.offset != none) table_[slot_of(entry.offset)] = entry;
    }
  }

  void add(std::size_t offset, Range place) noexcept {
    table_[slot_of(offset)] = {offset, place};
    offsets_.push_back(offset);
    ++size_;
  }

  /// The place of the allocation at `offset`, until the next change; null if that is not among them.
  [[nodiscard]] const Range* find(std::size_t offset) const noexcept {
    if (size_ == 0) return nullptr;
    const Entry& entry = table_[slot_of(offset)];
    return entry.offset == offset ? &entry.place : nullptr;
  }

  void remove(std::size_t offset) noexcept {
    if (size_ == 0) return;
    std::size_t hole = slot_of(offset);
    if (table_[hole].offset != offset) return;
    // Entries behind it that would no longer be found move up (Knuth, TAOCP 3, 6.4, algorithm R).
    for (std::size_t i = next(hole); table_[i].offset != none; i = next(i)) {
      const std::size_t home = home_of(table_[i].offset);
      const bool stays = hole <= i ? hole < home && home <= i : hole < home || home <= i;
      if (stays) continue;
      table_[hole] = table_[i];
      hole = i;
    }
    table_[hole].offset = none;
    --size_;
    if (!offsets_.empty() && offsets_.back() == offset) offsets_.pop_back();
  }

  /// Removes those that were added in a scope that began at `begin`.
  void remove_from(std::size_t begin) noexcept {
    while (!offsets_.empty() && offsets_.back() >= begin) {
      const std::size_t offset = offsets_.back();
      offsets_.pop_back();
      remove(offset);
    }
  }

  void clear() noexcept { remove_from(0); }

 private:
  static constexpr std::size_t none = ~std::size_t{0};

  struct Entry {
    std::size_t offset = none;
    Range place{0, 0};
  };

  [[nodiscard]] std::size_t home_of(std::size_t offset) const noexcept {
    return spread(offset / min_alignment) & (table_.size() - 1);
  }
  [[nodiscard]] std::size_t next(std::size_t slot) const noexcept { return (slot + 1) & (table_.size() - 1); }
  /// The slot of an offset, or the empty one that it would take.
  [[nodiscard]] std::size_t slot_of(std::size_t offset) const noexcept {
    std::size_t slot = home_of(offset);
    while (table_[slot].offset != none && table_[slot].offset != offset) slot = next(slot);
    return slot;
  }

  std::vector<Entry> table_;          // a power of two, at most half full
  std::vector<std::size_t> offsets_;  // in the order of allocation, recycled ones included
  std::size_t size_ = 0;
};

}  // namespace daa::inline v0_1::detail
