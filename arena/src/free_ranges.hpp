// The holes of a phase: ranges that were recycled and may serve again. Best fit with coalescing, in nearly
// constant time.
//
// A hole is found by its size through bins (segregated fits, as in TLSF: Masmano et al., "TLSF: a new dynamic
// memory allocator for real-time systems", ECRTS 2004), each a power of two cut into 16 steps, and by either
// end through a hash table: at one address at most one hole ends or begins, since neighbours are joined.
// Nothing is ever removed from the table. What it says of an offset counts if the hole that it names does
// begin or end there: so a phase that comes again finds its offsets in the table and changes nothing in it.
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

/// Spreads a key over all bits, for hash tables. Two rounds of multiplication, as in MurmurHash3's finalizer:
/// after one (Fibonacci hashing), keys at Fibonacci distances lie side by side.
[[nodiscard]] inline std::uint64_t spread(std::uint64_t key) noexcept {
  key *= 0x9e3779b97f4a7c15u;
  key ^= key >> 32;
  key *= 0xff51afd7ed558ccdu;
  return key ^ key >> 32;
}

/// Disjoint ranges of offsets, no two of them adjacent. Offsets and sizes are multiples of min_alignment.
class FreeRanges {
 public:
  /// Names a range until the next change.
  using Index = std::uint32_t;
  static constexpr Index none = ~Index{0};

  FreeRanges();

  [[nodiscard]] bool empty() const noexcept { return count_ == 0; }

  /// Adds a range that overlaps none, and joins it with its neighbours. Returns false, with nothing changed,
  /// if one begins where it begins, ends where it ends, or reaches into it from there. Another overlap, which
  /// is a mistake of the caller's as well, may be found twice. Where the host has no memory left to remember
  /// the range, and beyond 2^40 bytes, it is forgotten: not reused, nothing worse.
  bool insert(Range range) noexcept;

  [[nodiscard]] Range operator[](Index index) const noexcept { return nodes_[index].range; }

  /// Whether a range begins at `offset`.
  [[nodiscard]] bool has_at(std::size_t offset) const noexcept;

  /// The smallest range of at least `size` bytes, or `none`. Among equals the one at the highest
  /// address: what lives longest came first and lies low. Of many ranges of nearly the same size only the 32
  /// most recent ones are looked at: one that fits exactly may go unseen among them.
  [[nodiscard]] Index find(std::size_t size) const noexcept;

  /// Takes the first `size` bytes of a range that has as many. Where the host has no memory left to remember
  /// the rest, it is forgotten.
  void take(Index index, std::size_t size) noexcept;

  /// Removes the range that ends at `end` and returns where it began, or `end` if there is none.
  std::size_t take_ending_at(std::size_t end) noexcept;

  void clear() noexcept;

  /// All ranges, in no particular order; for tests.
  [[nodiscard]] std::vector<Range> all() const;

 private:
  static constexpr unsigned step_bits = 4;
  static constexpr std::size_t bin_count = 960;  // sizes up to 2^64

  struct Node {
    Range range;
    std::uint64_t rank;  // the lowest fits best: its size, then how low it lies
    Index previous;      // in the bin; for a node not in use, only next
    Index next;
  };
  struct Slot {
    std::uint32_t unit;  // the offset, in units of min_alignment
    Index node;          // that began or ended there when it was put; none: empty
  };

  [[nodiscard]] static std::size_t bin_of(std::size_t size) noexcept;
  [[nodiscard]] std::size_t next_bin(std::size_t bin) const noexcept;
  [[nodiscard]] Index best_in(std::size_t bin, std::size_t size) const noexcept;
  [[nodiscard]] bool make_room(bool for_a_node) noexcept;
  void link(Index node) noexcept;
  void unlink(Index node) noexcept;
  void release(Index node) noexcept;

  /// The slot of an offset, or the empty one that it would take.
  [[nodiscard]] std::size_t slot_of(std::size_t offset) const noexcept;
  /// What begins or ends at the offset of that slot.
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
