// How one turn of an allocator goes through its phases.

#include "driver/turn.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <numeric>
#include <vector>

#include "turn_fixture.hpp"
#include "workload_allocators.hpp"

namespace daa::test {
namespace {

namespace host = host_runtime;

// The log's state at the end of each phase since the last forget().
struct Phases {
  static inline std::vector<std::size_t> syncs_before;
  static inline std::vector<std::vector<std::size_t>> asked;

  static void forget() {
    syncs_before.clear();
    asked.clear();
  }
};

class Recording final : public BlockAllocator {
 public:
  explicit Recording(const Demand& demand) : BlockAllocator(demand.max_phase_bytes, behind_previous) {}

  void* allocate(std::size_t bytes) override {
    asked_.push_back(bytes);
    return BlockAllocator::allocate(bytes);
  }

  void end_phase() override {
    Phases::syncs_before.push_back(host::call_count("cudaStreamSynchronize"));
    Phases::asked.push_back(std::move(asked_));
    asked_.clear();
    BlockAllocator::end_phase();
  }

 private:
  std::vector<std::size_t> asked_;
};

std::unique_ptr<ScratchAllocator> make_recording(cudaStream_t, const Demand& demand) {
  return std::make_unique<Recording>(demand);
}

// Phases in each run of phases with no synchronisation between them, of the measured ones.
std::vector<std::size_t> phases_between_syncs(const Problem& problem, const TurnOptions& options) {
  Turn turn{problem, allocator_of<make_recording>("recording"), options};
  Phases::forget();
  for (std::size_t i = 0; i < samples_per_turn(options); ++i) turn.measure();
  std::vector<std::size_t> lengths;
  for (std::size_t i = 0; i < Phases::syncs_before.size(); ++i) {
    if (i == 0 || Phases::syncs_before[i] != Phases::syncs_before[i - 1]) lengths.push_back(0);
    ++lengths.back();
  }
  return lengths;
}

TEST_F(TurnTest, SynchronisesAfterEachOfEqualBlocksOfAtMostTwentyPhases) {
  const Problem scan = problem("scan");
  using Lengths = std::vector<std::size_t>;
  EXPECT_EQ(phases_between_syncs(scan, {.iters = 50, .warmup = 3}), (Lengths{17, 17, 16}));
  EXPECT_EQ(phases_between_syncs(scan, {.iters = 40}), (Lengths{20, 20}));
  EXPECT_EQ(phases_between_syncs(scan, {.iters = 21}), (Lengths{11, 10}));
  EXPECT_EQ(phases_between_syncs(scan, {.iters = 7}), (Lengths{7}));
  EXPECT_EQ(phases_between_syncs(scan, {.iters = 1}), (Lengths{1}));
}

TEST_F(TurnTest, SynchronisesAfterEachPhaseIfAsked) {
  const Problem scan = problem("scan");
  EXPECT_EQ(phases_between_syncs(scan, {.sync = SyncMode::phase, .iters = 50, .warmup = 3}),
            std::vector<std::size_t>(50, 1));
}

TEST_F(TurnTest, HasASampleForEachSynchronisation) {
  const Problem scan = problem("scan");
  for (const SyncMode sync : {SyncMode::end, SyncMode::phase}) {
    for (const std::size_t iters : {1u, 19u, 20u, 21u, 50u}) {
      const TurnOptions options{.sync = sync, .iters = iters};
      EXPECT_EQ(phases_between_syncs(scan, options).size(), samples_per_turn(options)) << iters;
    }
  }
}

TEST_F(TurnTest, MakesNoCallInABlockButTheWorkloadsAndTheClocks) {
  const Problem scan = problem("scan");
  const TurnOptions options{.iters = 20};
  Turn turn{scan, allocator_of<make_recording>("recording"), options};
  host::clear_calls();
  turn.measure();
  EXPECT_EQ(calls_for_memory(), 0u);
  EXPECT_EQ(host::call_count("cudaEventRecord"), 2u);
  EXPECT_EQ(host::call_count("cudaStreamSynchronize"), 1u);
  EXPECT_EQ(host::call_count("cudaEventElapsedTime"), 1u);
}

TEST_F(TurnTest, WarmsUpAsItMeasures) {
  const Problem scan = problem("scan");
  for (const SyncMode sync : {SyncMode::end, SyncMode::phase}) {
    Phases::forget();
    const Turn turn{scan, allocator_of<make_recording>("recording"), {.sync = sync, .iters = 1, .warmup = 6}};
    ASSERT_EQ(Phases::syncs_before.size(), 6u);
    const std::size_t between = Phases::syncs_before.back() - Phases::syncs_before.front();
    EXPECT_EQ(between, sync == SyncMode::phase ? 5u : 0u);
  }
}

TEST_F(TurnTest, WithoutWarmupTheFirstPhaseIsMeasured) {
  const Problem scan = problem("scan");
  Phases::forget();
  Turn turn{scan, allocator_of<make_recording>("recording"), {.iters = 1}};
  EXPECT_TRUE(Phases::asked.empty());
  turn.measure();
  EXPECT_EQ(Phases::asked.size(), 1u);
}

TEST_F(TurnTest, ClocksAreOfOnePhaseAndInOrder) {
  const Problem scan = problem("scan");
  Turn turn{scan, allocator(floor_name), {.iters = 20}};
  const auto before = std::chrono::steady_clock::now();
  const Sample sample = turn.measure();
  const std::chrono::duration<double, std::nano> all = std::chrono::steady_clock::now() - before;
  EXPECT_GT(sample.host_enqueue_ns, 0);
  EXPECT_GT(sample.device_ns, 0);
  EXPECT_LE(sample.host_enqueue_ns, sample.end_to_end_ns);
  EXPECT_LE(20 * sample.end_to_end_ns, all.count());
}

TEST_F(TurnTest, APlantedDelayDrawsItsClockOutAndSoTheLaterOne) {
  const Problem scan = problem("scan");
  const auto shortest = [&](PlantedDelay planted) {
    Turn turn{scan, allocator(floor_name), {.iters = 400, .planted = planted}};
    Sample least = turn.measure();
    for (int i = 1; i < 20; ++i) {
      const Sample sample = turn.measure();
      least.host_enqueue_ns = std::min(least.host_enqueue_ns, sample.host_enqueue_ns);
      least.end_to_end_ns = std::min(least.end_to_end_ns, sample.end_to_end_ns);
    }
    return least;
  };
  const Sample plain = shortest({});
  const Sample late = shortest({.end_to_end = 30});
  EXPECT_GT(late.end_to_end_ns, 10 * plain.end_to_end_ns);
  EXPECT_LT(late.host_enqueue_ns, 10 * plain.host_enqueue_ns);
  const Sample slow = shortest({.host_enqueue = 30});
  EXPECT_GT(slow.host_enqueue_ns, 10 * plain.host_enqueue_ns);
  EXPECT_GE(slow.end_to_end_ns, slow.host_enqueue_ns);
}

TEST_F(TurnTest, EveryTurnGoesThroughTheSamePhases) {
  const Problem compact = problem("compact");
  const auto recording = allocator_of<make_recording>("recording");
  for (const std::size_t iters : {1u, 2u, 3u, 5u}) {
    const TurnOptions options{.iters = iters, .warmup = 1};
    std::array<std::vector<std::vector<std::size_t>>, 3> asked;
    for (auto& of_turn : asked) {
      Phases::forget();
      Turn turn{compact, recording, options};
      measure_all(turn, options);
      of_turn = Phases::asked;
    }
    EXPECT_EQ(asked[0].size(), iters + 1);
    EXPECT_EQ(asked[1], asked[0]) << iters;
    EXPECT_EQ(asked[2], asked[0]) << iters;
  }
}

TEST_F(TurnTest, TheFourPhasesOfCompactAskForDifferentMemory) {
  const Problem compact = problem("compact", 2000);
  Phases::forget();
  const Turn turn{compact, allocator_of<make_recording>("recording"), {.iters = 1, .warmup = 8}};
  ASSERT_EQ(compact.workload.cycle_length(), 4u);
  std::size_t most = 0, allocations = 0, bytes = 0;
  for (std::size_t i = 0; i < 4; ++i) {
    for (std::size_t j = 0; j < i; ++j) EXPECT_NE(Phases::asked[i], Phases::asked[j]);
    EXPECT_EQ(Phases::asked[i], Phases::asked[i + 4]);
    std::size_t of_phase = 0;
    for (const std::size_t asked : Phases::asked[i]) of_phase += footprint(asked);
    most = std::max(most, of_phase);
    allocations += Phases::asked[i].size();
    bytes = std::accumulate(Phases::asked[i].begin(), Phases::asked[i].end(), bytes);
  }
  EXPECT_EQ(compact.demand.max_phase_bytes, most);
  EXPECT_EQ(compact.demand.allocations_per_phase, static_cast<double>(allocations) / 4);
  EXPECT_EQ(compact.demand.bytes_per_phase, static_cast<double>(bytes) / 4);
}

}  // namespace
}  // namespace daa::test
