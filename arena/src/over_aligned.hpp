// Allocations with more than the minimum alignment. Their range in the chunk has slack, so that they can be
// aligned wherever the chunk lies.
#pragma once

#include <cstddef>
#include <vector>

#include "backing_store.hpp"
#include "offset_table.hpp"

namespace daa::v0_1::detail {

/// Keyed by the aligned offset.
class OverAligned {
 public:
  [[nodiscard]] bool empty() const noexcept { return places_.empty(); }
  /// Ensures that the next add() cannot throw. May throw std::bad_alloc.
  void prepare() {
    reserve_one_more(in_scopes_);
    places_.prepare();
  }
  /// Adds an allocation at `offset`, whose range begins at `begin`, made inside `depth` scopes.
  void add(std::size_t offset, std::size_t begin, std::size_t alignment, std::size_t depth) noexcept {
    places_.put(offset, begin | static_cast<std::size_t>(__builtin_ctzll(alignment)));  // in the low bits
    if (depth != 0) in_scopes_.push_back({offset, depth});
  }
  /// The range of an allocation of `bytes` at `offset`, over-aligned or not.
  [[nodiscard]] Range place_of(std::size_t offset, std::size_t bytes) const noexcept {
    const std::size_t* const found = places_.find(offset);
    if (found == nullptr) return {offset, offset + footprint(bytes)};
    const std::size_t begin = *found & ~(min_alignment - 1);
    const std::size_t alignment = std::size_t{1} << (*found & (min_alignment - 1));
    return {begin, begin + footprint(bytes, alignment_slack(alignment))};
  }
  void remove(std::size_t offset) noexcept {
    places_.remove(offset);
    if (!in_scopes_.empty() && in_scopes_.back().offset == offset) in_scopes_.pop_back();
  }
  /// Removes the allocations made inside more than `depth` scopes.
  void remove_deeper_than(std::size_t depth) noexcept {
    for (; !in_scopes_.empty() && in_scopes_.back().depth > depth; in_scopes_.pop_back())
      places_.remove(in_scopes_.back().offset);
  }
  void clear() noexcept {
    places_.clear();
    in_scopes_.clear();
  }

 private:
  struct InScope {
    std::size_t offset;
    std::size_t depth;
  };

  OffsetTable places_;
  std::vector<InScope> in_scopes_;  // added in open scopes, in that order, including recycled ones
};

}  // namespace daa::v0_1::detail
