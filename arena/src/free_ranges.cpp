#include "free_ranges.hpp"

#include <algorithm>
#include <new>

#include "daa/device_async_arena.hpp"

namespace daa::detail {

namespace {

// Ranges of one bin that are looked at: thousands of nearly equal ones cost no more.
constexpr int most_compared = 32;

unsigned log2_floor(std::size_t value) noexcept {
  return 63u - static_cast<unsigned>(__builtin_clzll(value));
}

}  // namespace

FreeRanges::FreeRanges() {
  heads_.fill(none);
}

void FreeRanges::insert(Range range) noexcept {
  try {
    make_room();
  } catch (const std::bad_alloc&) {
    return;
  }
  const Index below = at(range.begin);
  const Index above = at(range.end);
  const bool overlaps = (below != none && nodes_[below].range.end != range.begin) ||
                        (above != none && nodes_[above].range.begin != range.end);
  if (overlaps) return;
  Index node = below;
  if (below == none && above == none) {
    node = unused_;
    unused_ = nodes_[node].next;
    ++count_;
    nodes_[node].range = range;
    put(range.begin, node);
    put(range.end, node);
  } else if (above == none) {
    unlink(below);
    erase(range.begin);
    nodes_[below].range.end = range.end;
    put(range.end, below);
  } else if (below == none) {
    node = above;
    unlink(above);
    erase(range.end);
    nodes_[above].range.begin = range.begin;
    put(range.begin, above);
  } else {
    unlink(below);
    unlink(above);
    erase(range.begin);
    erase(range.end);
    nodes_[below].range.end = nodes_[above].range.end;
    put(nodes_[below].range.end, below);
    release(above);
  }
  link(node);
}

bool FreeRanges::has_at(std::size_t offset) const noexcept {
  const Index node = count_ == 0 ? none : at(offset);
  return node != none && nodes_[node].range.begin == offset;
}

FreeRanges::Index FreeRanges::find(std::size_t size) const noexcept {
  if (count_ == 0) return none;
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
  erase(range.begin);
  if (range.end - range.begin == size) {
    erase(range.end);
    unlink(index);
    release(index);
  } else {
    put(range.begin + size, index);
    const bool moves = bin_of(range.end - range.begin) != bin_of(range.end - range.begin - size);
    if (moves) unlink(index);
    range.begin += size;
    if (moves) link(index);
  }
}

std::size_t FreeRanges::take_ending_at(std::size_t end) noexcept {
  const Index index = count_ == 0 ? none : at(end);
  if (index == none || nodes_[index].range.end != end) return end;
  const std::size_t begin = nodes_[index].range.begin;
  take(index, end - begin);
  return begin;
}

// Whatever was inserted, overlapping ranges too, is gone in bounded time.
void FreeRanges::clear() noexcept {
  if (nodes_.empty()) return;
  if (16 * nodes_.size() < slots_.size()) {  // the table is not worth going over
    for (const Node& node : nodes_) {
      erase(node.range.begin);
      erase(node.range.end);
    }
  } else {
    std::fill(slots_.begin(), slots_.end(), Slot{0, none});
    used_ = 0;
  }
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

// Sizes count in units of min_alignment: up to 31 units a bin each, then 16 bins for each power of two.
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
  Index best = none;
  std::size_t best_size = 0;
  int compared = 0;
  for (Index node = heads_[bin]; node != none && compared < most_compared; node = nodes_[node].next) {
    const Range& range = nodes_[node].range;
    const std::size_t its_size = range.end - range.begin;
    const bool better = best == none || its_size < best_size ||
                        (its_size == best_size && range.begin > nodes_[best].range.begin);
    if (its_size >= size && better) {
      best = node;
      best_size = its_size;
    }
    ++compared;
  }
  return best;
}

void FreeRanges::link(Index node) noexcept {
  const std::size_t bin = bin_of(nodes_[node].range.end - nodes_[node].range.begin);
  nodes_[node].previous = none;
  nodes_[node].next = heads_[bin];
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
  nodes_[node].next = unused_;
  unused_ = node;
  --count_;
}

// --- the table of ends: open addressing, linear probing ---

// Room for one range more, before anything changes.
void FreeRanges::make_room() {
  if (unused_ == none) {
    nodes_.push_back({{0, 0}, none, none});
    unused_ = static_cast<Index>(nodes_.size() - 1);
  }
  if (2 * (used_ + 2) <= slots_.size()) return;
  std::vector<Slot> larger(std::max<std::size_t>(64, 2 * slots_.size()), Slot{0, none});
  larger.swap(slots_);
  used_ = 0;
  shift_ = 64u - log2_floor(slots_.size());
  for (const Slot& slot : larger) {
    if (slot.node != none) put(slot.offset, slot.node);
  }
}

// Fibonacci hashing (Knuth, TAOCP 3, 6.4).
std::size_t FreeRanges::home(std::size_t offset) const noexcept {
  return (offset / min_alignment * 0x9e3779b97f4a7c15u) >> shift_;
}

FreeRanges::Index FreeRanges::at(std::size_t offset) const noexcept {
  const std::size_t mask = slots_.size() - 1;
  for (std::size_t i = home(offset);; i = (i + 1) & mask) {
    if (slots_[i].node == none || slots_[i].offset == offset) return slots_[i].node;
  }
}

void FreeRanges::put(std::size_t offset, Index node) noexcept {
  const std::size_t mask = slots_.size() - 1;
  std::size_t i = home(offset);
  while (slots_[i].node != none && slots_[i].offset != offset) i = (i + 1) & mask;
  if (slots_[i].node == none) ++used_;
  slots_[i] = {offset, node};
}

// Moves back what was put further on because this slot was taken (Knuth, TAOCP 3, 6.4, algorithm R).
void FreeRanges::erase(std::size_t offset) noexcept {
  const std::size_t mask = slots_.size() - 1;
  std::size_t hole = home(offset);
  while (slots_[hole].node != none && slots_[hole].offset != offset) hole = (hole + 1) & mask;
  if (slots_[hole].node == none) return;
  --used_;
  for (std::size_t i = (hole + 1) & mask; slots_[i].node != none; i = (i + 1) & mask) {
    if (((i - home(slots_[i].offset)) & mask) < ((i - hole) & mask)) continue;
    slots_[hole] = slots_[i];
    hole = i;
  }
  slots_[hole].node = none;
}

}  // namespace daa::detail
