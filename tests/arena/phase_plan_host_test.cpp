// The plan of a phase: nothing that lives at once overlaps, and little memory is lost.

#include "arena/src/phase_plan.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <numeric>
#include <random>
#include <vector>

namespace daa::v0_1::detail {
namespace {

constexpr std::size_t unit = 256;

// `count` allocations, of which about `at_once` live at any time.
std::vector<Lifetime> random_allocations(std::mt19937& random, std::size_t count, std::size_t at_once,
                                         unsigned most_units_log2) {
  std::vector<Lifetime> allocations;
  for (std::size_t i = 0; i < count; ++i) {
    const std::size_t length = 1 + random() % (2 * at_once);
    const std::size_t units = std::size_t{1} << random() % (most_units_log2 + 1);
    allocations.push_back({i, i + length, (units + random() % units) * unit});
  }
  return allocations;
}

std::size_t most_live(const std::vector<Lifetime>& allocations) {
  std::size_t most = 0;
  for (const Lifetime& at : allocations) {
    std::size_t live = 0;
    for (const Lifetime& each : allocations)
      if (each.begin <= at.begin && at.begin < each.end) live += each.size;
    most = std::max(most, live);
  }
  return most;
}

void expect_sound(const std::vector<Lifetime>& allocations, const PhasePlan& plan) {
  ASSERT_EQ(plan.offsets.size(), allocations.size());
  for (std::size_t i = 0; i < allocations.size(); ++i) {
    EXPECT_EQ(plan.offsets[i] % unit, 0u);
    EXPECT_LE(plan.offsets[i] + allocations[i].size, plan.bytes);
    for (std::size_t j = 0; j < i; ++j) {
      const bool at_once =
          allocations[i].begin < allocations[j].end && allocations[j].begin < allocations[i].end;
      const bool apart = plan.offsets[i] + allocations[i].size <= plan.offsets[j] ||
                         plan.offsets[j] + allocations[j].size <= plan.offsets[i];
      EXPECT_TRUE(apart || !at_once) << i << " and " << j;
    }
  }
}

// The least memory: some optimal plan puts each allocation, in some order, as low as it can go.
std::size_t optimum(const std::vector<Lifetime>& allocations) {
  std::vector<std::size_t> order(allocations.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::size_t best = std::numeric_limits<std::size_t>::max();
  do {
    std::vector<std::size_t> offsets(allocations.size()), placed;
    std::size_t bytes = 0;
    for (const std::size_t i : order) {
      std::size_t& offset = offsets[i];
      for (bool moved = true; moved;) {
        moved = false;
        for (const std::size_t j : placed) {
          const bool at_once =
              allocations[i].begin < allocations[j].end && allocations[j].begin < allocations[i].end;
          const std::size_t end = offsets[j] + allocations[j].size;
          if (!at_once || end <= offset || offset + allocations[i].size <= offsets[j]) continue;
          offset = end;
          moved = true;
        }
      }
      placed.push_back(i);
      bytes = std::max(bytes, offset + allocations[i].size);
    }
    best = std::min(best, bytes);
  } while (std::next_permutation(order.begin(), order.end()));
  return best;
}

TEST(PhasePlan, LetsNoTwoAllocationsThatLiveAtOnceOverlap) {
  std::mt19937 random(1);
  double sum_of_ratios = 0;
  constexpr int rounds = 200;
  for (int round = 0; round < rounds; ++round) {
    const auto allocations = random_allocations(random, 1 + random() % 150, 1 + random() % 30, 14);
    const PhasePlan plan = plan_phase(allocations);
    expect_sound(allocations, plan);
    const std::size_t live = most_live(allocations);
    EXPECT_GE(plan.bytes, live);
    const double ratio = static_cast<double>(plan.bytes) / static_cast<double>(live);
    EXPECT_LE(ratio, 1.6);
    sum_of_ratios += ratio;
  }
  EXPECT_LE(sum_of_ratios / rounds, 1.08);
}

TEST(PhasePlan, OfAFewAllocationsIsNearlyAlwaysTheOptimum) {
  std::mt19937 random(2);
  std::size_t optimal = 0;
  constexpr std::size_t rounds = 300;
  for (std::size_t round = 0; round < rounds; ++round) {
    const auto allocations = random_allocations(random, 1 + random() % 7, 1 + random() % 4, 3);
    const PhasePlan plan = plan_phase(allocations);
    expect_sound(allocations, plan);
    const std::size_t least = optimum(allocations);
    EXPECT_GE(plan.bytes, least);
    EXPECT_LE(static_cast<double>(plan.bytes), 1.5 * static_cast<double>(least));
    optimal += plan.bytes == least;
  }
  EXPECT_GE(optimal, rounds * 9 / 10);
}

TEST(PhasePlan, AllocationsThatNeverMeetShareTheirMemory) {
  const PhasePlan plan = plan_phase({{0, 1, 1024}, {1, 2, 3072}, {2, 3, 2048}});
  EXPECT_EQ(plan.bytes, 3072u);
  EXPECT_EQ(plan.offsets, (std::vector<std::size_t>{0, 0, 0}));
}

// The gap of 2 between two that live on, and not that of 3, which the last one needs.
TEST(PhasePlan, TakesTheSmallestGapThatFits) {
  const PhasePlan plan = plan_phase({{0, 9, 1280}, {1, 9, 1280}, {2, 9, 768}, {3, 4, 512}});
  EXPECT_EQ(plan.bytes, 3840u);
}

TEST(PhasePlan, OfNothingIsNothing) {
  const PhasePlan plan = plan_phase({});
  EXPECT_EQ(plan.bytes, 0u);
  EXPECT_TRUE(plan.offsets.empty());
}

}  // namespace
}  // namespace daa::v0_1::detail
