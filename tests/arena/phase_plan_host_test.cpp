// The offline plan of a phase: nothing that lives at once overlaps, and little memory is lost.

#include "replay/placement.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <random>
#include <vector>

#include "replay/program.hpp"

namespace daa::bench {
namespace {

// `count` blocks, of which about `at_once` live at any time.
std::vector<Lifetime> random_blocks(std::mt19937& random, std::size_t count, std::size_t at_once) {
  std::vector<Lifetime> blocks;
  for (std::size_t i = 0; i < count; ++i) {
    const std::size_t length = 1 + random() % (2 * at_once);
    const std::size_t bytes = std::size_t{1} << random() % 22;
    blocks.push_back({i, i + length, bytes + random() % bytes});
  }
  return blocks;
}

std::size_t most_live(const std::vector<Lifetime>& blocks) {
  std::size_t most = 0;
  for (const Lifetime& at : blocks) {
    std::size_t live = 0;
    for (const Lifetime& block : blocks)
      if (block.begin <= at.begin && at.begin < block.end) live += footprint(block.bytes);
    most = std::max(most, live);
  }
  return most;
}

void expect_sound(const std::vector<Lifetime>& blocks, const PlacementPlan& plan) {
  ASSERT_EQ(plan.offsets.size(), blocks.size());
  for (std::size_t i = 0; i < blocks.size(); ++i) {
    EXPECT_EQ(plan.offsets[i] % 256, 0u);
    EXPECT_LE(plan.offsets[i] + blocks[i].bytes, plan.bytes);
    for (std::size_t j = 0; j < i; ++j) {
      const bool at_once = blocks[i].begin < blocks[j].end && blocks[j].begin < blocks[i].end;
      const bool apart = plan.offsets[i] + blocks[i].bytes <= plan.offsets[j] ||
                         plan.offsets[j] + blocks[j].bytes <= plan.offsets[i];
      EXPECT_TRUE(apart || !at_once) << i << " and " << j;
    }
  }
}

TEST(Placement, NoTwoBlocksThatLiveAtOnceOverlap) {
  std::mt19937 random(1);
  double sum_of_ratios = 0;
  constexpr int rounds = 200;
  for (int round = 0; round < rounds; ++round) {
    const auto blocks = random_blocks(random, 1 + random() % 150, 1 + random() % 30);
    const PlacementPlan plan = plan_placement(blocks);
    expect_sound(blocks, plan);
    EXPECT_GE(plan.bytes, most_live(blocks));
    const double ratio = static_cast<double>(plan.bytes) / static_cast<double>(most_live(blocks));
    EXPECT_LE(ratio, 2);
    sum_of_ratios += ratio;
  }
  EXPECT_LE(sum_of_ratios / rounds, 1.1);
}

TEST(Placement, BlocksThatNeverMeetShareTheirMemory) {
  const std::vector<Lifetime> blocks{{0, 1, 1000}, {1, 2, 3000}, {2, 3, 2000}};
  const PlacementPlan plan = plan_placement(blocks);
  EXPECT_EQ(plan.bytes, footprint(3000));
  EXPECT_EQ(plan.offsets, (std::vector<std::size_t>{0, 0, 0}));
}

TEST(Placement, OfNothingIsNothing) {
  const PlacementPlan plan = plan_placement({});
  EXPECT_EQ(plan.bytes, 0u);
  EXPECT_TRUE(plan.offsets.empty());
}

TEST(Placement, OnTheBundledTracesItTakesWhatIsLive) {
  std::size_t traces = 0;
  for (const auto& file : std::filesystem::directory_iterator{DAA_TRACES}) {
    if (file.path().extension() != ".csv") continue;
    ++traces;
    const Trace trace = read_trace(file.path());
    const ReplayProgram program = make_program(trace);
    ASSERT_EQ(program.slots.size(), 1u);
    const auto planned = static_cast<double>(program.slots.front().plan.bytes);
    EXPECT_LE(planned, 1.001 * static_cast<double>(trace.peak_live_bytes)) << file.path();
  }
  EXPECT_EQ(traces, 5u);
}

}  // namespace
}  // namespace daa::bench
