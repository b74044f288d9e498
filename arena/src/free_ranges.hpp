// The holes of a phase: recycled ranges that can be reused. Best fit with coalescing, in nearly constant
// time.
//
// A hole is found by its size through bins (segregated fits, as in TLSF: Masmano et al., "TLSF: a new dynamic
// memory allocator for real-time systems", ECRTS 2004), with 16 bins for each power of two. It is found by
// either end through a hash table: at most one hole begins or ends at an offset, because neighbours are
// merged. Entries are never removed from the table. An entry is valid if the hole that it names does begin or
// end at its offset. A repeated phase thus finds its offsets in the table and changes nothing in it.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "daa/device_async_arena.hpp"

namespace daa::v0_1::detail {

struct Range {
  std::size_t begin;
  std::size_t end;
};

/// Hashes a key, for hash tables. Two rounds of multiplication, as in MurmurHash3's finalizer: after one
/// round (Fibonacci hashing), keys at Fibonacci distances end up next to each other.
[[nodiscard]] inline std::uint64_t spread(std::uint64_t key) noexcept {
  key *= 0x9e3779b97f4a7c15u;
  key ^= key >> 32;
  key *= 0xff51afd7ed558ccdu;
  return key ^ key >> 32;
}

/// Disjoint ranges of offsets, no two of them adjacent. Offsets and sizes are multiples of min_alignment.
class FreeRanges {
 public:
  /// Identifies a range until the next change.
  using Index = std::uint32_t;
  static constexpr Index none = ~Index{0};

  FreeRanges();

  [[nodiscard]] bool empty() const noexcept { return count_ == 0; }

  /// Adds a range that overlaps no other, and merges it with its neighbours. Returns false, with nothing
  /// changed, if a range begins where it begins, ends where it ends, or extends into it from either end.
  /// Other overlaps, which are the caller's mistake too, are not detected and may be found twice. If the host
  /// is out of memory, or beyond 2^40 bytes, the range is dropped: it is not reused, and nothing else is
  /// affected.
  bool insert(Range range) noexcept;

  [[nodiscard]] Range operator[](Index index) const noexcept { return nodes_[index].range; }

  /// Whether a range begins at `offset`.
  [[nodiscard]] bool has_at(std::size_t offset) const noexcept;

  /// Returns the smallest range of at least `size` bytes, or `none`; among equal sizes, the one at the
  /// highest offset, because long-lived allocations tend to come first and lie low. Compares only the 32 most
  /// recent ranges of nearly the same size, so an exact fit may be missed among many.
  [[nodiscard]] Index find(std::size_t size) const noexcept;

  /// Removes the first `size` bytes of a range, which must have as many. If the host is out of memory, the
  /// rest of the range is dropped.
  void take(Index index, std::size_t size) noexcept;

  /// Removes the range that ends at `end` and returns where it began, or `end` if there is none.
  std::size_t take_ending_at(std::size_t end) noexcept;

  void clear() noexcept;

  /// All ranges in unspecified order; for tests.
  [[nodiscard]] std::vector<Range> all() const;

 private:
  static constexpr unsigned step_bits = 4;
  static constexpr std::size_t bin_count = 960;  // sizes up to 2^64

  struct Node {
    Range range;
    std::uint64_t rank;  // the lowest is the best fit: size, then highest offset first
    Index previous;      // in the bin; unused nodes use only `next`
    Index next;
  };
  struct Slot {
    std::uint32_t unit;  // the offset, in units of min_alignment
    Index node;          // that began or ended there when the entry was written; none: empty
  };

  [[nodiscard]] static std::size_t bin_of(std::size_t size) noexcept;
  [[nodiscard]] std::size_t next_bin(std::size_t bin) const noexcept;
  [[nodiscard]] Index best_in(std::size_t bin, std::size_t size) const noexcept;
  [[nodiscard]] bool make_room(bool for_a_node) noexcept;
  void link(Index node) noexcept;
  void unlink(Index node) noexcept;
  void release(Index node) noexcept;

  /// The slot of an offset, or the empty slot where it would go.
  [[nodiscard]] std::size_t slot_of(std::size_t offset) const noexcept;
  /// The node that begins or ends at `offset`, whose slot is `slot`; none if there is none.
  [[nodiscard]] Index node_in(std::size_t slot, std::size_t offset) const noexcept;
  [[nodiscard]] Index at(std::size_t offset) const noexcept { return node_in(slot_of(offset), offset); }
  void put(std::size_t slot, std::size_t offset, Index node) noexcept;

  std::vector<Node> nodes_;
  Index unused_ = none;      // head of the nodes not in use
  std::vector<Slot> slots_;  // a power of two, at most half full
  std::size_t used_ = 0;     // slots
  std::size_t count_ = 0;
  std::array<Index, bin_count> heads_;
  std::array<std::uint64_t, bin_count / 64> nonempty_{};  // a bit for each bin
};

}  // namespace daa::v0_1::detail
