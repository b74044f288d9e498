#include "free_ranges.hpp"

#include <algorithm>
#include <new>

namespace daa::v0_1::detail {

namespace {

// Maximum number of ranges of one bin that a search compares; bounds the cost of thousands of similar ranges.
constexpr int most_compared = 32;

constexpr std::size_t end_of_table = std::size_t{1} << 32;  // in units
// The range of an unused node. It is never found, because no offset is odd.
constexpr Range nowhere{1, 1};

std::uint64_t rank_of(Range range) noexcept {
  return (range.end - range.begin) / min_alignment << 32 | (~(range.begin / min_alignment) & 0xffffffffu);
}

unsigned log2_floor(std::size_t value) noexcept {
  return 63u - static_cast<unsigned>(__builtin_clzll(value));
}

}  // namespace

FreeRanges::FreeRanges() {
  heads_.fill(none);
}

bool FreeRanges::insert(Range range) noexcept {
  if (range.end / min_alignment >= end_of_table) return true;
  if (!make_room(true)) return true;
  const std::size_t begin_slot = slot_of(range.begin);
  const std::size_t end_slot = slot_of(range.end);
  const Index below = node_in(begin_slot, range.begin);
  const Index above = node_in(end_slot, range.end);
  const bool overlaps = (below != none && nodes_[below].range.end != range.begin) ||
                        (above != none && nodes_[above].range.begin != range.end);
  if (overlaps) return false;
  Index node = below;
  if (below == none && above == none) {
    node = unused_;
    unused_ = nodes_[node].next;
    ++count_;
    nodes_[node].range = range;
    put(begin_slot, range.begin, node);
    put(slot_of(range.end), range.end, node);  // put() above may have used the slot found before
  } else if (above == none) {
    unlink(below);
    nodes_[below].range.end = range.end;
    put(end_slot, range.end, below);
  } else if (below == none) {
    node = above;
    unlink(above);
    nodes_[above].range.begin = range.begin;
    put(begin_slot, range.begin, above);
  } else {
    unlink(below);
    unlink(above);
    const std::size_t end = nodes_[above].range.end;
    nodes_[below].range.end = end;
    put(slot_of(end), end, below);
    release(above);
  }
  link(node);
  return true;
}

bool FreeRanges::has_at(std::size_t offset) const noexcept {
  const Index node = count_ == 0 ? none : at(offset);
  return node != none && nodes_[node].range.begin == offset;
}

FreeRanges::Index FreeRanges::find(std::size_t size) const noexcept {
  if (count_ == 0 || size / min_alignment >= end_of_table) return none;
  std::size_t bin = bin_of(size);
  Index best = best_in(bin, size);
  while (best == none) {
    bin = next_bin(bin + 1);
    if (bin == bin_count) return none;
    best = best_in(bin, size);
  }
  return best;
}

void FreeRanges::take(Index index, std::size_t size) noexcept {
  Range& range = nodes_[index].range;
  if (range.end - range.begin == size || !make_room(false)) {
    unlink(index);
    release(index);
    return;
  }
  const bool moves = bin_of(range.end - range.begin) != bin_of(range.end - range.begin - size);
  if (moves) unlink(index);
  range.begin += size;
  put(slot_of(range.begin), range.begin, index);
  if (moves) {
    link(index);
  } else {
    nodes_[index].rank = rank_of(range);
  }
}

std::size_t FreeRanges::take_ending_at(std::size_t end) noexcept {
  const Index index = count_ == 0 ? none : at(end);
  if (index == none || nodes_[index].range.end != end) return end;
  const std::size_t begin = nodes_[index].range.begin;
  take(index, end - begin);
  return begin;
}

// The table is not cleared: its entries are ignored once their nodes are gone.
void FreeRanges::clear() noexcept {
  if (nodes_.empty()) return;
  for (std::size_t bin = next_bin(0); bin != bin_count; bin = next_bin(bin + 1)) heads_[bin] = none;
  nonempty_ = {};
  nodes_.clear();
  unused_ = none;
  count_ = 0;
}

std::vector<Range> FreeRanges::all() const {
  std::vector<Range> result;
  result.reserve(count_);
  for (std::size_t bin = next_bin(0); bin != bin_count; bin = next_bin(bin + 1)) {
    for (Index node = heads_[bin]; node != none; node = nodes_[node].next)
      result.push_back(nodes_[node].range);
  }
  return result;
}

// --- bins ---

// Sizes are in units of min_alignment: one bin for each size up to 31 units, then 16 bins per power of two.
std::size_t FreeRanges::bin_of(std::size_t size) noexcept {
  const std::size_t units = size / min_alignment;
  const unsigned exponent = log2_floor(units | (std::size_t{1} << step_bits)) - step_bits;
  return (std::size_t{exponent} << step_bits) + (units >> exponent);
}

std::size_t FreeRanges::next_bin(std::size_t bin) const noexcept {
  std::size_t word = bin / 64;
  if (word == nonempty_.size()) return bin_count;
  std::uint64_t bits = nonempty_[word] & (~std::uint64_t{0} << (bin % 64));
  while (bits == 0) {
    if (++word == nonempty_.size()) return bin_count;
    bits = nonempty_[word];
  }
  return word * 64 + static_cast<unsigned>(__builtin_ctzll(bits));
}

FreeRanges::Index FreeRanges::best_in(std::size_t bin, std::size_t size) const noexcept {
  const std::uint64_t least = std::uint64_t{size / min_alignment} << 32;
  std::uint64_t best_rank = ~std::uint64_t{0};
  Index best = none;
  int compared = 0;
  for (Index node = heads_[bin]; node != none && compared < most_compared; node = nodes_[node].next) {
    const std::uint64_t rank = nodes_[node].rank;
    const bool better = (rank >= least) & (rank < best_rank);  // branch-free: the result is unpredictable
    best = better ? node : best;
    best_rank = better ? rank : best_rank;
    ++compared;
  }
  return best;
}

void FreeRanges::link(Index node) noexcept {
  Node& linked = nodes_[node];
  const std::size_t size = linked.range.end - linked.range.begin;
  const std::size_t bin = bin_of(size);
  linked.rank = rank_of(linked.range);
  linked.previous = none;
  linked.next = heads_[bin];
  if (heads_[bin] != none) nodes_[heads_[bin]].previous = node;
  heads_[bin] = node;
  nonempty_[bin / 64] |= std::uint64_t{1} << (bin % 64);
}

void FreeRanges::unlink(Index node) noexcept {
  const Node& unlinked = nodes_[node];
  if (unlinked.next != none) nodes_[unlinked.next].previous = unlinked.previous;
  if (unlinked.previous != none) {
    nodes_[unlinked.previous].next = unlinked.next;
    return;
  }
  const std::size_t bin = bin_of(unlinked.range.end - unlinked.range.begin);
  heads_[bin] = unlinked.next;
  if (unlinked.next == none) nonempty_[bin / 64] &= ~(std::uint64_t{1} << (bin % 64));
}

void FreeRanges::release(Index node) noexcept {
  nodes_[node].range = nowhere;
  nodes_[node].next = unused_;
  unused_ = node;
  --count_;
}

// --- the table of ends: open addressing, linear probing ---

// Makes room for the two ends of one more range, and for a new node if `for_a_node`. A full table is rebuilt
// from the existing ranges, and doubled unless most of it was out of date. Returns false, with nothing
// changed, if the host is out of memory.
bool FreeRanges::make_room(bool for_a_node) noexcept try {
  if (for_a_node && unused_ == none) {
    nodes_.push_back({nowhere, 0, none, none});
    unused_ = static_cast<Index>(nodes_.size() - 1);
  }
  if (2 * (used_ + 3) <= slots_.size()) return true;
  const std::size_t size = 16 * (count_ + 1) < slots_.size() ? slots_.size() : 2 * slots_.size();
  std::vector<Slot>(std::max<std::size_t>(64, size), Slot{0, none}).swap(slots_);
  used_ = 0;
  for (Index node = 0; node < nodes_.size(); ++node) {
    const Range range = nodes_[node].range;
    if (range.end == range.begin) continue;
    put(slot_of(range.begin), range.begin, node);
    put(slot_of(range.end), range.end, node);
  }
  return true;
} catch (const std::bad_alloc&) {
  return false;
}

std::size_t FreeRanges::slot_of(std::size_t offset) const noexcept {
  const std::size_t mask = slots_.size() - 1;
  const std::size_t unit = offset / min_alignment;
  std::size_t slot = spread(unit) & mask;
  while (slots_[slot].node != none && slots_[slot].unit != unit) slot = (slot + 1) & mask;
  return slot;
}

FreeRanges::Index FreeRanges::node_in(std::size_t slot, std::size_t offset) const noexcept {
  const Index node = slots_[slot].node;
  if (node >= nodes_.size()) return none;
  const Range& range = nodes_[node].range;
  return range.begin == offset || range.end == offset ? node : none;
}

void FreeRanges::put(std::size_t slot, std::size_t offset, Index node) noexcept {
  if (slots_[slot].node == none) ++used_;
  slots_[slot] = {static_cast<std::uint32_t>(offset / min_alignment), node};
}

}  // namespace daa::v0_1::detail
