#include "replay/placement.hpp"

#include <algorithm>
#include <bit>
#include <numeric>
#include <utility>
#include <vector>

namespace daa::bench {
namespace {

// How many of `blocks` begin before `step`.
std::size_t begun_before(std::span<const Lifetime> blocks, std::size_t step) {
  return static_cast<std::size_t>(std::ranges::lower_bound(blocks, step, {}, &Lifetime::begin) -
                                  blocks.begin());
}

// For each block, the most bytes that are live at once while it lives.
std::vector<std::size_t> peaks(std::span<const Lifetime> blocks) {
  const std::size_t count = blocks.size();
  std::vector<std::size_t> by_end(count);
  std::iota(by_end.begin(), by_end.end(), std::size_t{0});
  std::ranges::sort(by_end, {}, [&](std::size_t i) { return blocks[i].end; });

  // Where a block begins, and nowhere else, there can be more than ever: live[n + i] is what is live then,
  // and the nodes above hold the most of those below.
  std::vector<std::size_t> live(2 * count);
  std::size_t now = 0;
  for (std::size_t i = 0, ended = 0; i < count; ++i) {
    for (; ended < count && blocks[by_end[ended]].end <= blocks[i].begin; ++ended)
      now -= footprint(blocks[by_end[ended]].bytes);
    now += footprint(blocks[i].bytes);
    live[count + i] = now;
  }
  for (std::size_t node = count; node-- > 1;) live[node] = std::max(live[2 * node], live[2 * node + 1]);

  std::vector<std::size_t> result(count, 0);
  for (std::size_t i = 0; i < count; ++i) {
    std::size_t first = count + i, last = count + begun_before(blocks, blocks[i].end);
    for (; first < last; first /= 2, last /= 2) {
      if (first % 2 == 1) result[i] = std::max(result[i], live[first++]);
      if (last % 2 == 1) result[i] = std::max(result[i], live[--last]);
    }
  }
  return result;
}

// Of the blocks placed so far, finds those that live at once with another: a tree over all blocks in the
// order of their beginnings, each node of which holds the latest end below it, 0 where nothing is placed.
class PlacedBlocks {
 public:
  explicit PlacedBlocks(std::span<const Lifetime> blocks)
      : blocks_(blocks), leaves_(std::bit_ceil(blocks.size())), latest_end_(2 * leaves_, 0) {}

  void add(std::size_t block) {
    for (std::size_t node = leaves_ + block; node > 0; node /= 2)
      latest_end_[node] = std::max(latest_end_[node], blocks_[block].end);
  }

  /// Their numbers, in any order, into `found`.
  void overlapping(const Lifetime& life, std::vector<std::size_t>& found) const {
    found.clear();
    collect(1, 0, leaves_, begun_before(blocks_, life.end), life.begin, found);
  }

 private:
  // From the `count` blocks from `first` on, which are those below `node`: those before `last` that end after
  // `begin`.
  void collect(std::size_t node, std::size_t first, std::size_t count, std::size_t last, std::size_t begin,
               std::vector<std::size_t>& found) const {
    if (first >= last || latest_end_[node] <= begin) return;
    if (count == 1) {
      found.push_back(first);
      return;
    }
    collect(2 * node, first, count / 2, last, begin, found);
    collect(2 * node + 1, first + count / 2, count / 2, last, begin, found);
  }

  std::span<const Lifetime> blocks_;
  std::size_t leaves_;
  std::vector<std::size_t> latest_end_;
};

}  // namespace

PlacementPlan plan_placement(std::span<const Lifetime> blocks) {
  PlacementPlan plan;
  plan.offsets.resize(blocks.size());
  std::vector<std::size_t> order(blocks.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  const std::vector<std::size_t> peak = peaks(blocks);
  std::ranges::stable_sort(order, std::ranges::greater{}, [&](std::size_t i) {
    return std::pair{peak[i], blocks[i].bytes};
  });

  PlacedBlocks placed(blocks);
  std::vector<std::size_t> neighbours;
  for (const std::size_t block : order) {
    placed.overlapping(blocks[block], neighbours);
    std::ranges::sort(neighbours, {}, [&](std::size_t i) { return plan.offsets[i]; });
    const std::size_t bytes = footprint(blocks[block].bytes);
    std::size_t offset = 0;
    for (const std::size_t neighbour : neighbours) {
      if (plan.offsets[neighbour] >= offset + bytes) break;
      offset = std::max(offset, plan.offsets[neighbour] + footprint(blocks[neighbour].bytes));
    }
    plan.offsets[block] = offset;
    plan.bytes = std::max(plan.bytes, offset + bytes);
    placed.add(block);
  }
  return plan;
}

}  // namespace daa::bench
