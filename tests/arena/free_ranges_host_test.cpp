// FreeRanges compared with a simple model.

#include "arena/src/free_ranges.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>

namespace daa::v0_1::detail {
namespace {

constexpr std::size_t unit = 256;

// A slow model of FreeRanges: where each range begins and ends.
class Model {
 public:
  void insert(Range range) {
    const auto above = ranges_.find(range.end);
    if (above != ranges_.end()) {
      range.end = above->second;
      ranges_.erase(above);
    }
    const auto next = ranges_.lower_bound(range.begin);
    if (next != ranges_.begin() && std::prev(next)->second == range.begin) {
      std::prev(next)->second = range.end;
    } else {
      ranges_.emplace(range.begin, range.end);
    }
  }
  void take(Range range, std::size_t size) {
    ranges_.erase(range.begin);
    if (range.begin + size != range.end) ranges_.emplace(range.begin + size, range.end);
  }
  // The smallest range of at least `size` bytes, and among equals the highest; {0, 0} if there is none.
  [[nodiscard]] Range best(std::size_t size) const {
    Range best{0, 0};
    for (const auto& [begin, end] : ranges_) {
      if (end - begin >= size && (best.end == 0 || end - begin <= best.end - best.begin)) best = {begin, end};
    }
    return best;
  }
  [[nodiscard]] const std::map<std::size_t, std::size_t>& ranges() const { return ranges_; }

 private:
  std::map<std::size_t, std::size_t> ranges_;
};

void expect_same(const FreeRanges& holes, const Model& model) {
  std::map<std::size_t, std::size_t> ranges;
  for (const Range range : holes.all()) ranges.emplace(range.begin, range.end);
  ASSERT_EQ(ranges, model.ranges());
  ASSERT_EQ(holes.empty(), model.ranges().empty());
}

TEST(FreeRanges, AgreesWithAModelOverRandomOperations) {
  for (const std::uint32_t seed : {1u, 2u, 3u}) {
    std::mt19937 random(seed);
    const auto below = [&](std::size_t bound) {
      return std::uniform_int_distribution<std::size_t>{0, bound - 1}(random);
    };
    FreeRanges holes;
    Model model;
    std::vector<Range> taken;  // disjoint, as allocations are
    std::size_t top = 0;
    for (int step = 0; step < 20'000; ++step) {
      const std::size_t size = unit * (1 + below(std::size_t{1} << below(12)));
      const std::size_t dice = below(100);
      if (dice < 50) {
        const Range expected = model.best(size);
        const FreeRanges::Index found = holes.find(size);
        ASSERT_EQ(found == FreeRanges::none, expected.end == 0);
        Range range{top, top + size};
        if (found == FreeRanges::none) {
          top += size;
        } else {
          ASSERT_EQ(holes[found].begin, expected.begin);
          ASSERT_EQ(holes[found].end, expected.end);
          range = {expected.begin, expected.begin + size};
          holes.take(found, size);
          model.take(expected, size);
        }
        taken.push_back(range);
      } else if (dice < 99 && !taken.empty()) {
        const std::size_t which = below(taken.size());
        holes.insert(taken[which]);
        model.insert(taken[which]);
        taken[which] = taken.back();
        taken.pop_back();
      } else if (dice == 99) {
        const std::size_t end =
            below(2) == 0 && !model.ranges().empty() ? model.ranges().begin()->second : top + unit;
        const auto ends_there = std::find_if(model.ranges().begin(), model.ranges().end(),
                                             [&](const auto& range) { return range.second == end; });
        const Range range = ends_there == model.ranges().end() ? Range{end, end}
                                                               : Range{ends_there->first, ends_there->second};
        ASSERT_EQ(holes.take_ending_at(end), range.begin);
        if (range.begin != end) model.take(range, end - range.begin);
      }
      if (step % 100 == 0) expect_same(holes, model);
    }
    expect_same(holes, model);
    holes.clear();
    EXPECT_TRUE(holes.empty());
    EXPECT_EQ(holes.find(unit), FreeRanges::none);
    EXPECT_TRUE(holes.all().empty());
    holes.insert({0, unit});
    EXPECT_EQ(holes.all().size(), 1u);
  }
}

// A regression test: when only insert() made room in the table of ends, the table filled up here and a search
// never ended.
TEST(FreeRanges, AHoleCanBeTakenPieceByPiece) {
  for (const std::size_t ranges : {std::size_t{1}, std::size_t{20}}) {
    FreeRanges holes;
    constexpr std::size_t pieces = 10'000;
    for (std::size_t i = 0; i < ranges; ++i) {
      const std::size_t begin = i * (pieces + 1) * unit;
      holes.insert({begin, begin + pieces * unit});
    }
    for (std::size_t i = 0; i < ranges * pieces; ++i) {
      const FreeRanges::Index found = holes.find(unit);
      ASSERT_NE(found, FreeRanges::none) << i;
      holes.take(found, unit);
    }
    EXPECT_TRUE(holes.empty());
  }
}

// Long runs of one kind of operation, with sizes over twelve powers of two.
TEST(FreeRanges, AgreesWithAModelOverRunsOfOneKind) {
  for (std::uint32_t seed = 1; seed <= 10; ++seed) {
    std::mt19937 random(seed);
    const auto below = [&](std::size_t bound) {
      return std::uniform_int_distribution<std::size_t>{0, bound - 1}(random);
    };
    FreeRanges holes;
    Model model;
    std::vector<Range> taken;
    std::size_t top = 0;
    for (int run = 0; run < 60; ++run) {
      const std::size_t length = 1 + below(400);
      const std::size_t kind = below(3);
      const std::size_t power = below(12);
      for (std::size_t i = 0; i < length; ++i) {
        if (kind == 0) {  // new ranges above the top
          const std::size_t size = unit << below(12);
          taken.push_back({top, top + size});
          top += size;
        } else if (kind == 1) {
          const std::size_t size = unit * (1 + below(std::size_t{1} << power));
          const FreeRanges::Index found = holes.find(size);
          const Range expected = model.best(size);
          ASSERT_EQ(found == FreeRanges::none, expected.end == 0);
          if (found == FreeRanges::none) break;
          const Range hole = holes[found];
          const std::size_t least = expected.end - expected.begin;
          ASSERT_GE(hole.end - hole.begin, least);
          ASSERT_LE(hole.end - hole.begin, least + least / 16 + unit) << "of many alike not always the best";
          holes.take(found, size);
          model.take(hole, size);
          taken.push_back({hole.begin, hole.begin + size});
        } else if (!taken.empty()) {
          std::swap(taken[below(taken.size())], taken.back());
          ASSERT_TRUE(holes.insert(taken.back()));
          model.insert(taken.back());
          taken.pop_back();
        }
      }
      expect_same(holes, model);
    }
  }
}

TEST(FreeRanges, MergesNeighboursInAnyOrder) {
  std::vector<std::size_t> order{0, 1, 2, 3, 4};
  do {
    FreeRanges holes;
    for (const std::size_t i : order) holes.insert({i * unit, (i + 1) * unit});
    const std::vector<Range> all = holes.all();
    ASSERT_EQ(all.size(), 1u);
    ASSERT_EQ(all[0].begin, 0u);
    ASSERT_EQ(all[0].end, 5 * unit);
  } while (std::next_permutation(order.begin(), order.end()));
}

TEST(FreeRanges, KeepsOffsetsBelow2To40AndDropsOthers) {
  FreeRanges holes;
  const std::size_t half = std::size_t{1} << 39;
  EXPECT_TRUE(holes.insert({0, half}));
  EXPECT_TRUE(holes.insert({half + unit, 2 * half}));
  EXPECT_TRUE(holes.insert({half + unit, 2 * half - unit}));
  const FreeRanges::Index found = holes.find(half);
  ASSERT_NE(found, FreeRanges::none);
  EXPECT_EQ(holes[found].begin, 0u);
  EXPECT_EQ(holes[holes.find(half - 2 * unit)].begin, half + unit);
  EXPECT_EQ(holes.find(half + unit), FreeRanges::none);
  EXPECT_EQ(holes.find(~std::size_t{0} - unit + 1), FreeRanges::none);
  EXPECT_EQ(holes.all().size(), 2u);
}

TEST(FreeRanges, RefusesARangeThatItAlreadyHas) {
  FreeRanges holes;
  EXPECT_TRUE(holes.insert({4 * unit, 8 * unit}));
  EXPECT_FALSE(holes.insert({4 * unit, 8 * unit}));
  EXPECT_FALSE(holes.insert({4 * unit, 6 * unit}));
  EXPECT_FALSE(holes.insert({6 * unit, 8 * unit}));
  EXPECT_EQ(holes.all().size(), 1u);
}

// Offsets that one phase left in the table must not be found in the next.
TEST(FreeRanges, IgnoresTableEntriesOfEarlierPhases) {
  FreeRanges holes;
  for (std::size_t i = 0; i < 100; ++i) EXPECT_TRUE(holes.insert({4 * i * unit, (4 * i + 2) * unit}));
  holes.clear();
  for (std::size_t i = 0; i < 100; ++i) {
    EXPECT_FALSE(holes.has_at(4 * i * unit));
    EXPECT_EQ(holes.take_ending_at((4 * i + 2) * unit), (4 * i + 2) * unit);
  }
  EXPECT_TRUE(holes.insert({2 * unit, 4 * unit}));
  EXPECT_EQ(holes.all().size(), 1u);
}

TEST(FreeRanges, FindsAClearlyLargerRangeAmongThousandsOfTheSameSize) {
  FreeRanges holes;
  const std::size_t base = unit << 12;
  for (std::size_t i = 0; i < 10'000; ++i) holes.insert({i * 4 * base, i * 4 * base + base});
  EXPECT_NE(holes.find(base), FreeRanges::none);
  EXPECT_NE(holes.find(base - base / 16), FreeRanges::none);
  EXPECT_EQ(holes.find(base + unit), FreeRanges::none);
  holes.insert({40'000 * base, 40'000 * base + base + base / 16});
  EXPECT_EQ(holes[holes.find(base + unit)].begin, 40'000 * base);
}

TEST(FreeRanges, ClearRemovesOverlappingRangesToo) {
  std::mt19937 random(1);
  FreeRanges holes;
  for (int round = 0; round < 20; ++round) {
    for (int i = 0; i < 2000; ++i) {
      const std::size_t begin = unit * (random() % 1000);
      holes.insert({begin, begin + unit * (1 + random() % 20)});
      const FreeRanges::Index found = holes.find(unit * (1 + random() % 20));
      if (found != FreeRanges::none && holes[found].end > holes[found].begin) holes.take(found, unit);
    }
    holes.clear();
    ASSERT_TRUE(holes.empty());
    ASSERT_TRUE(holes.all().empty());
    holes.insert({0, unit});
    holes.insert({unit, 2 * unit});
    ASSERT_EQ(holes.all().size(), 1u);
    holes.clear();
  }
}

TEST(FreeRanges, KnowsWhereRangesBegin) {
  FreeRanges holes;
  EXPECT_FALSE(holes.has_at(0));
  holes.insert({0, unit});
  holes.insert({2 * unit, 4 * unit});
  EXPECT_TRUE(holes.has_at(0));
  EXPECT_TRUE(holes.has_at(2 * unit));
  EXPECT_FALSE(holes.has_at(unit));
  EXPECT_FALSE(holes.has_at(3 * unit));
}

}  // namespace
}  // namespace daa::v0_1::detail
