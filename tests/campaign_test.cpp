// What a campaign reports of its allocators: those that work, and those that do not.

#include "driver/campaign.hpp"

#include <benchmark/benchmark.h>

#include <cmath>
#include <map>
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

// Passes verification, then overlaps.
std::unique_ptr<ScratchAllocator> make_turning_wrong(cudaStream_t, const Demand& demand) {
  const bool is_verification = Census::constructed++ == 0;
  return std::make_unique<BlockAllocator>(demand.max_phase_bytes, is_verification
                                                                      ? BlockAllocator::behind_previous
                                                                      : BlockAllocator::all_at_start);
}

// Passes verification and two turns, then has no memory left.
std::unique_ptr<ScratchAllocator> make_running_out(cudaStream_t stream, const Demand&) {
  return std::make_unique<ExhaustedAllocator>(stream, Census::constructed++ < 3 ? 1'000'000 : 1);
}

template <cudaError_t error>
std::unique_ptr<ScratchAllocator> fail_with(cudaStream_t, const Demand&) {
  throw CudaError(error, "cudaSomething", "a_file.cpp", 1);
}

std::unique_ptr<ScratchAllocator> fail_with_logic_error(cudaStream_t, const Demand&) {
  throw std::logic_error("a programmer's mistake");
}

std::unique_ptr<ScratchAllocator> fail_with_number(cudaStream_t, const Demand&) {
  throw 42;
}

// What must hold of a row that was measured.
void expect_measured(const Row& row, const Options& options) {
  SCOPED_TRACE(row.allocator);
  EXPECT_EQ(row.status, Status::ok) << row.message;
  EXPECT_EQ(row.message, "");
  EXPECT_EQ(row.repetitions, options.repetitions);
  for (const ClockSummary& clock : {row.host_enqueue, row.device, row.end_to_end}) {
    EXPECT_GT(clock.median_ns, 0);
    EXPECT_GE(clock.p99_ns, clock.median_ns);
  }
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
  EXPECT_EQ(row.runtime_calls_per_phase, 0);
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
    EXPECT_EQ(floor.ratio_min, 1);
    EXPECT_EQ(floor.ratio_max, 1);
    const ClockSummary& other = rows[0].*clock;
    EXPECT_GT(other.ratio_min, 0);
    EXPECT_LE(other.ratio_min, other.ratio);
    EXPECT_LE(other.ratio, other.ratio_max);
    EXPECT_TRUE(std::isfinite(other.ratio_max));
  }
}

TEST_F(CampaignTest, WithoutTheFloorThereAreNoRatios) {
  const AllocatorInfo failing_floor = allocator_of<fail_with_logic_error>(floor_name);
  Options options = small_options();
  for (const auto& allocators : {std::vector{&allocator("arena")}, {&failing_floor, &allocator("arena")}}) {
    options.allocators = allocators;
    const Row row = run(options).back();
    expect_measured(row, options);
    for (const ClockSummary& clock : {row.host_enqueue, row.device, row.end_to_end}) {
      EXPECT_TRUE(std::isnan(clock.ratio));
      EXPECT_TRUE(std::isnan(clock.ratio_min));
      EXPECT_TRUE(std::isnan(clock.ratio_max));
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
  EXPECT_EQ(Census::constructed, 2 * (1 + 2 * 3)) << "of each: a verification, and 3 turns in either mode";
  EXPECT_EQ(Census::alive, 0);
  EXPECT_EQ(Census::most_alive, 1);
}

TEST_F(CampaignTest, TurnsAreInterleavedAndAnnouncedWithTheirNumber) {
  Options options = small_options();
  options.repetitions = 20;
  options.allocators = {&allocator("preallocated"), &allocator("arena"), &allocator("cuda-malloc")};
  ASSERT_EQ(turn_count(options), 60u);
  std::vector<std::size_t> done;
  std::vector<std::string> labels;
  const auto on_progress = [&](std::size_t turns_done, std::string_view now) {
    if (now.find("preparing") != now.npos) return;
    done.push_back(turns_done);
    labels.emplace_back(now);
  };
  run_campaign(options, {}, {[](const auto&) {}, on_progress});

  ASSERT_EQ(done.size(), 60u);
  for (std::size_t i = 0; i < done.size(); ++i) EXPECT_EQ(done[i], i);
  std::map<std::string, int> turns;
  int changes = 0;
  for (std::size_t i = 0; i < labels.size(); ++i) {
    ++turns[labels[i]];
    changes += i > 0 && labels[i] != labels[i - 1];
  }
  EXPECT_EQ(turns["scan/1000/sync:end/arena"], 20);
  EXPECT_GT(changes, 2) << "each allocator took all its turns in a row";
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
  options.workloads = {&workload("compact"), &workload("stencil")};
  options.allocators = {&allocator("arena"), &allocator("arena-individual"), &allocator("cuda-malloc")};
  options.elements = {200'000};
  options.iters = 4;
  options.warmup = 8;
  options.repetitions = 1;
  for (const std::vector<Row>& rows : run_groups(options)) {
    EXPECT_EQ(rows[0].runtime_calls_per_phase, 0);
    EXPECT_EQ(rows[1].runtime_calls_per_phase, 2 * rows[1].allocations_per_phase);
    EXPECT_EQ(rows[2].runtime_calls_per_phase, 2 * rows[2].allocations_per_phase);
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

TEST_F(CampaignTest, WrongAllocatorsAreReportedAndTheOthersMeasured) {
  const AllocatorInfo overlapping = allocator_of<make_overlapping>("overlapping");
  Options options = small_options();
  options.allocators = {&overlapping, &allocator("preallocated"), &allocator("arena")};
  for (const WorkloadInfo& info : workloads()) {
    SCOPED_TRACE(info.name);
    options.workloads = {&info};
    options.elements = {5003};
    const std::vector<Row> rows = run(options);
    ASSERT_EQ(rows.size(), 3u);
    EXPECT_EQ(rows[0].status, Status::wrong_result);
    EXPECT_NE(rows[0].message, "");
    EXPECT_EQ(rows[0].samples, 0u) << "nothing wrong is timed";
    expect_measured(rows[1], options);
    expect_measured(rows[2], options);
  }
}

TEST_F(CampaignTest, WhatGoesWrongOnlyInATurnIsAWrongResultToo) {
  const AllocatorInfo turning_wrong = allocator_of<make_turning_wrong>("turning-wrong");
  Options options = small_options();
  options.workloads = {&workload("compact")};
  options.allocators = {&turning_wrong, &allocator("preallocated")};
  Census::forget();
  const std::vector<Row> rows = run(options);
  EXPECT_EQ(rows[0].status, Status::wrong_result);
  EXPECT_EQ(rows[0].repetitions, 0u);
  expect_measured(rows[1], options);
}

TEST_F(CampaignTest, OutOfMemoryIsToldFromOtherErrorsAndTheOthersAreMeasured) {
  const AllocatorInfo exhausted = allocator_of<make_exhausted>("exhausted");
  const AllocatorInfo refused = allocator_of<fail_with<cudaErrorMemoryAllocation>>("refused");
  const AllocatorInfo broken = allocator_of<fail_with<cudaErrorInvalidValue>>("broken");
  const AllocatorInfo mistaken = allocator_of<fail_with_logic_error>("mistaken");
  const AllocatorInfo odd = allocator_of<fail_with_number>("odd");
  Options options = small_options();
  options.allocators = {&exhausted, &refused, &broken, &mistaken, &odd, &allocator("preallocated")};
  const std::vector<Row> rows = run(options);
  ASSERT_EQ(rows.size(), 6u);
  EXPECT_EQ(rows[0].status, Status::out_of_memory);
  EXPECT_EQ(rows[1].status, Status::out_of_memory);
  EXPECT_NE(rows[1].message.find("cudaErrorMemoryAllocation"), std::string::npos) << rows[1].message;
  EXPECT_EQ(rows[2].status, Status::failed);
  EXPECT_NE(rows[2].message.find("cudaErrorInvalidValue"), std::string::npos) << rows[2].message;
  EXPECT_EQ(rows[3].status, Status::failed);
  EXPECT_EQ(rows[3].message, "a programmer's mistake");
  EXPECT_EQ(rows[4].status, Status::failed);
  expect_measured(rows[5], options);
}

TEST_F(CampaignTest, AnAllocatorThatRunsOutInALaterTurnKeepsTheTurnsBefore) {
  const AllocatorInfo running_out = allocator_of<make_running_out>("running-out");
  Options options = small_options();
  options.allocators = {&running_out, &allocator("preallocated")};
  options.repetitions = 5;
  for (const std::size_t warmup : {0u, 2u}) {
    options.warmup = warmup;
    Census::forget();
    const std::vector<Row> rows = run(options);
    EXPECT_EQ(rows[0].status, Status::out_of_memory);
    EXPECT_EQ(rows[0].repetitions, 2u);
    EXPECT_EQ(Census::constructed, 4) << "no turn follows the failed one";
    expect_measured(rows[1], options);
  }
}

TEST_F(CampaignTest, OnASmallDeviceOnlyWhatFitsIsMeasured) {
  Options options = small_options();
  std::size_t limit = 0;  // the least with which the floor can be measured
  do host::set_memory_limit(limit += 1 << 20);
  while (run(options)[0].status != Status::ok);
  for (const AllocatorInfo& info : allocators()) {
    if (info.name != floor_name) options.allocators.push_back(&info);
  }
  for (const Row& row : run(options)) {
    const bool takes_pages_of_a_pool = row.allocator != "preallocated" && row.allocator != "cuda-malloc";
    EXPECT_EQ(row.status, takes_pages_of_a_pool ? Status::out_of_memory : Status::ok) << row.allocator;
  }
}

TEST_F(CampaignTest, WhereTheWorkloadDoesNotFitAllItsRowsSaySoAndTheNextIsMeasured) {
  host::set_memory_limit(8 << 20);
  Options options = small_options();
  options.allocators = {&allocator("preallocated"), &allocator("cuda-malloc")};
  options.elements = {1'000'000, 100};
  const std::vector<Row> rows = run(options);
  ASSERT_EQ(rows.size(), 4u);
  for (const Row& row : {rows[0], rows[1]}) {
    EXPECT_EQ(row.status, Status::out_of_memory);
    EXPECT_TRUE(row.message.starts_with("preparing the workload: ")) << row.message;
    EXPECT_EQ(row.repetitions, 0u);
  }
  expect_measured(rows[2], options);
  expect_measured(rows[3], options);
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
