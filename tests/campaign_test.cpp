// What a campaign does and reports.

#include "driver/campaign.hpp"

#include <benchmark/benchmark.h>

#include <algorithm>
#include <cmath>
#include <set>
#include <stdexcept>
#include <string>
#include <tuple>

#include "campaign_fixture.hpp"

namespace daa::test {
namespace {

namespace host = host_runtime;

// How many allocators there have been and are, and how many at most at once.
struct Census {
  static inline int constructed, alive, most_alive;

  Census() {
    ++constructed;
    most_alive = std::max(most_alive, ++alive);
  }
  ~Census() { --alive; }
  Census(const Census&) = delete;
  Census& operator=(const Census&) = delete;

  static void forget() { constructed = alive = most_alive = 0; }
};

class Counted final : public HonestAllocator {
 public:
  using HonestAllocator::HonestAllocator;

 private:
  Census census_;
};

std::unique_ptr<ScratchAllocator> make_counted(cudaStream_t stream, const Demand&) {
  return std::make_unique<Counted>(stream);
}

TEST_F(CampaignTest, RowsComeInTheOrderAsked) {
  Options options = small_options();
  options.workloads = {&workload("sort"), &workload("compact")};
  options.elements = {700, 300};
  options.sync_modes = {SyncMode::phase, SyncMode::end};
  options.allocators = {&allocator("arena"), &allocator("preallocated"), &allocator("cuda-malloc")};
  const auto groups = run_groups(options);

  std::size_t i = 0;
  for (const WorkloadInfo* const info : options.workloads) {
    for (const std::size_t elements : options.elements) {
      for (const SyncMode sync : options.sync_modes) {
        ASSERT_LT(i, groups.size());
        const std::vector<Row>& rows = groups[i++];
        ASSERT_EQ(rows.size(), options.allocators.size());
        for (std::size_t j = 0; j < rows.size(); ++j) {
          EXPECT_EQ(std::tie(rows[j].workload, rows[j].elements, rows[j].sync, rows[j].allocator),
                    std::make_tuple(info->name, elements, sync, options.allocators[j]->name));
          expect_measured(rows[j], options);
        }
      }
    }
  }
  EXPECT_EQ(i, groups.size());
}

TEST_F(CampaignTest, ARowSaysWithWhatItWasMeasured) {
  Options options = small_options();
  options.seed = 12345;
  const Row row = run(options).at(0);
  EXPECT_EQ(row.iters, 5u);
  EXPECT_EQ(row.warmup, 2u);
  EXPECT_EQ(row.seed, 12345u);
  EXPECT_EQ(row.allocations_per_phase, 3);
  EXPECT_EQ(row.calls.runtime, 0);
  EXPECT_GT(row.bytes_asked_per_phase, 0);
  EXPECT_GE(row.bytes_reserved, static_cast<std::size_t>(row.bytes_asked_per_phase));
}

TEST_F(CampaignTest, TheFloorsRatioToItselfIsOneAndTheOthersAreToIt) {
  Options options = small_options();
  options.allocators = {&allocator("cuda-malloc"), &allocator("preallocated")};
  const std::vector<Row> rows = run(options);
  for (const auto clock : {&Row::host_enqueue, &Row::device, &Row::end_to_end}) {
    const ClockSummary& floor = rows[1].*clock;
    EXPECT_EQ(floor.ratio, 1);
    EXPECT_EQ(floor.ratio_low, 1);
    EXPECT_EQ(floor.ratio_high, 1);
    const ClockSummary& other = rows[0].*clock;
    EXPECT_GT(other.ratio_low, 0);
    EXPECT_LE(other.ratio_low, other.ratio);
    EXPECT_LE(other.ratio, other.ratio_high);
    EXPECT_TRUE(std::isfinite(other.ratio_high));
  }
}

TEST_F(CampaignTest, WithoutTheFloorThereAreNoRatios) {
  const AllocatorInfo failing_floor = allocator_of<make_exhausted>(floor_name);
  Options options = small_options();
  for (const auto& allocators : {std::vector{&allocator("arena")}, {&failing_floor, &allocator("arena")}}) {
    options.allocators = allocators;
    const Row row = run(options).back();
    expect_measured(row, options);
    for (const ClockSummary& clock : {row.host_enqueue, row.device, row.end_to_end}) {
      EXPECT_TRUE(std::isnan(clock.ratio));
      EXPECT_TRUE(std::isnan(clock.ratio_low));
      EXPECT_TRUE(std::isnan(clock.ratio_high));
    }
  }
}

TEST_F(CampaignTest, SamplesAreBlocksOfTwentyPhasesOrSinglePhases) {
  Options options = small_options();
  options.iters = 50;
  options.sync_modes = {SyncMode::end, SyncMode::phase};
  const std::vector<Row> rows = run(options);
  EXPECT_EQ(rows[0].phases_per_sample, 20u);
  EXPECT_EQ(rows[0].samples, 3u * 3u);
  EXPECT_EQ(rows[1].phases_per_sample, 1u);
  EXPECT_EQ(rows[1].samples, 3u * 50u);

  options.iters = 7;
  const std::vector<Row> short_rows = run(options);
  EXPECT_EQ(short_rows[0].phases_per_sample, 7u);
  EXPECT_EQ(short_rows[0].samples, 3u);
}

TEST_F(CampaignTest, EachTurnHasAnAllocatorOfItsOwnAndNoOtherBesideIt) {
  const AllocatorInfo counted = allocator_of<make_counted>("counted");
  Options options = small_options();
  options.allocators = {&counted, &counted};
  options.sync_modes = {SyncMode::end, SyncMode::phase};
  Census::forget();
  for (const Row& row : run(options)) expect_measured(row, options);
  EXPECT_EQ(Census::constructed, 2 * (1 + 2 * (3 + 1)))
      << "of each: a verification, 3 turns in either mode and a pass";
  EXPECT_EQ(Census::alive, 0);
  EXPECT_EQ(Census::most_alive, 1);
}

// The turns of a campaign, in their order, as they were announced.
std::vector<std::string> turns_of(const Options& options) {
  std::vector<std::string> labels;
  const auto on_progress = [&](std::size_t turns_done, std::string_view now) {
    if (now.find("preparing") != now.npos) return;
    EXPECT_EQ(turns_done, labels.size());
    labels.emplace_back(now);
  };
  run_campaign(options, {}, {[](const auto&) {}, on_progress});
  return labels;
}

TEST_F(CampaignTest, InEachRoundEveryAllocatorTakesOneTurnInAnOrderThatChanges) {
  Options options = small_options();
  options.repetitions = 20;
  options.allocators = {&allocator("preallocated"), &allocator("arena"), &allocator("cuda-malloc")};
  ASSERT_EQ(turn_count(options), 60u);
  const std::vector<std::string> labels = turns_of(options);

  ASSERT_EQ(labels.size(), 60u);
  std::set<std::vector<std::string>> orders;
  for (std::size_t round = 0; round < 20; ++round) {
    const auto begin = labels.begin() + static_cast<std::ptrdiff_t>(3 * round);
    const std::vector<std::string> order(begin, begin + 3);
    EXPECT_EQ(std::set(order.begin(), order.end()),
              (std::set<std::string>{"scan/1000/sync:end/preallocated", "scan/1000/sync:end/arena",
                                     "scan/1000/sync:end/cuda-malloc"}))
        << "round " << round;
    orders.insert(order);
  }
  EXPECT_GE(orders.size(), 4u) << "of six";
}

TEST_F(CampaignTest, TheOrderOfTurnsIsTheSeeds) {
  Options options = small_options();
  options.repetitions = 10;
  options.allocators = {&allocator("preallocated"), &allocator("arena"), &allocator("cuda-malloc")};
  const std::vector<std::string> labels = turns_of(options);
  EXPECT_EQ(turns_of(options), labels);
  options.seed = 2;
  EXPECT_NE(turns_of(options), labels);
}

TEST_F(CampaignTest, TurnsThatCannotBeTakenCountAsDone) {
  Options options = small_options();
  options.elements = {1'000'000, 100};
  host::set_memory_limit(8 << 20);
  std::vector<std::size_t> done;
  run_campaign(options, {}, {[](const auto&) {}, [&](std::size_t turns, auto) { done.push_back(turns); }});
  EXPECT_EQ(done, (std::vector<std::size_t>{0, 3, 3, 4, 5}));  // two of them are preparations
}

TEST_F(CampaignTest, AWarmedUpArenaMakesNoCall) {
  Options options = small_options();
  options.workloads = {&workload("compact")};
  options.allocators = {&allocator("arena")};
  options.elements = {230'000};  // more than the arena's first chunk holds
  options.iters = 4;
  options.repetitions = 1;
  options.warmup = 8;
  EXPECT_EQ(run(options)[0].calls.runtime, 0);
  options.warmup = 0;
  EXPECT_GT(run(options)[0].calls.runtime, 0);
}

TEST_F(CampaignTest, WithoutAnArenaEachAllocationAndEachFreeIsACall) {
  Options options = small_options();
  options.allocators = {&allocator("cuda-malloc"), &allocator("cuda-malloc-async"),
                        &allocator("arena-individual")};
  for (const Row& row : run(options)) {
    // Whether the stream is being captured, before memory is taken and before it is given back.
    const double questions = row.allocator == "arena-individual" ? 2 : 0;
    EXPECT_EQ(row.calls.runtime, 2 * row.allocations_per_phase + questions) << row.allocator;
  }
}

TEST_F(CampaignTest, AnAllocatorNamedAgainIsNumbered) {
  Options options = small_options();
  options.allocators = {&allocator("arena"), &allocator("preallocated"), &allocator("arena"),
                        &allocator("arena"), &allocator("preallocated")};
  const std::vector<Row> rows = run(options);
  std::vector<std::string> labels;
  for (const Row& row : rows) {
    labels.push_back(row.allocator);
    expect_measured(row, options);
  }
  EXPECT_EQ(labels,
            (std::vector<std::string>{"arena", "preallocated", "arena:2", "arena:3", "preallocated:2"}));
  EXPECT_EQ(rows[1].end_to_end.ratio, 1) << "the first of them is the floor";
}

TEST_F(CampaignTest, TurnsThatGoogleBenchmarkLeavesOutAreAFailure) {
  Options options = small_options();
  options.allocators = {&allocator("preallocated"), &allocator("arena")};
  benchmark::SetBenchmarkFilter("/preallocated/");
  const std::vector<Row> rows = run(options);
  ASSERT_EQ(rows.size(), 2u);
  expect_measured(rows[0], options);
  EXPECT_EQ(rows[1].status, Status::failed);
  EXPECT_NE(rows[1].message.find("0 of 3"), std::string::npos) << rows[1].message;
}

TEST_F(CampaignTest, WhatTheListenerThrowsEndsTheCampaign) {
  Options options = small_options();
  options.elements = {100, 200};
  int calls = 0;
  const auto on_rows = [&](const auto&) {
    ++calls;
    throw std::runtime_error("the disk is full");
  };
  EXPECT_THROW(run_campaign(options, {}, {on_rows, [](auto, auto) {}}), std::runtime_error);
  EXPECT_EQ(calls, 1);
  EXPECT_EQ(run(small_options()).size(), 1u) << "and another one may follow";
}

}  // namespace
}  // namespace daa::test
