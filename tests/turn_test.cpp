// What one turn of an allocator does between its construction and its end.

#include "driver/turn.hpp"

#include <array>
#include <numeric>

#include "campaign_fixture.hpp"
#include "stream_fixture.hpp"

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

// Lets all temporaries of its phase number `wrong_phase` overlap, counted from 0.
class OnceOverlapping final : public ScratchAllocator {
 public:
  static inline std::size_t wrong_phase = 0;

  explicit OnceOverlapping(const Demand& demand)
      : right_(demand.max_phase_bytes, BlockAllocator::behind_previous),
        wrong_(demand.max_phase_bytes, BlockAllocator::all_at_start) {}

  void* allocate(std::size_t bytes) override { return current().allocate(bytes); }
  void end_phase() override {
    current().end_phase();
    ++phase_;
  }
  [[nodiscard]] std::size_t bytes_reserved() const override { return 0; }
  [[nodiscard]] std::size_t runtime_calls() const override { return 0; }

 private:
  BlockAllocator& current() { return phase_ == wrong_phase ? wrong_ : right_; }

  BlockAllocator right_, wrong_;
  std::size_t phase_ = 0;
};

std::unique_ptr<ScratchAllocator> make_once_overlapping(cudaStream_t, const Demand& demand) {
  return std::make_unique<OnceOverlapping>(demand);
}

// Calls made for memory: neither the driver's around a block nor the workload's.
std::size_t calls_for_memory() {
  constexpr std::array others{"cudaEventRecord", "cudaStreamSynchronize", "cudaEventElapsedTime",
                              "cudaLaunchKernel", "cudaMemcpyAsync"};
  std::size_t count = host::call_count();
  for (const std::string_view function : others) count -= host::call_count(function);
  return count;
}

class TurnTest : public StreamFixture {
 protected:
  void TearDown() override {
    workload_.reset();
    EXPECT_TRUE(host::violations().empty());
    EXPECT_EQ(host::live_allocations(), 0u);
    StreamFixture::TearDown();
    host::reset();
  }

  Problem problem(std::string_view name, std::size_t elements = 1000) {
    workload_ = workload(name).make(elements, 1, stream());
    return {name, *workload_, measure_demand(*workload_, stream()), stream()};
  }

  static std::size_t measure_all(Turn& turn, const TurnOptions& options) {
    const std::size_t samples = samples_per_turn(options);
    for (std::size_t i = 0; i < samples; ++i) turn.measure();
    return samples;
  }

  /// Phases in each run of phases with no synchronisation between them, of the measured ones.
  std::vector<std::size_t> phases_between_syncs(const TurnOptions& options) {
    const Problem scan = problem("scan");
    Turn turn{scan, allocator_of<make_recording>("recording"), options};
    Phases::forget();
    measure_all(turn, options);
    std::vector<std::size_t> lengths;
    for (std::size_t i = 0; i < Phases::syncs_before.size(); ++i) {
      if (i == 0 || Phases::syncs_before[i] != Phases::syncs_before[i - 1]) lengths.push_back(0);
      ++lengths.back();
    }
    return lengths;
  }

 private:
  std::unique_ptr<Workload> workload_;
};

TEST_F(TurnTest, SynchronisesAfterEachOfEqualBlocksOfAtMostTwentyPhases) {
  using Lengths = std::vector<std::size_t>;
  EXPECT_EQ(phases_between_syncs({.iters = 50, .warmup = 3}), (Lengths{17, 17, 16}));
  EXPECT_EQ(phases_between_syncs({.iters = 40}), (Lengths{20, 20}));
  EXPECT_EQ(phases_between_syncs({.iters = 21}), (Lengths{11, 10}));
  EXPECT_EQ(phases_between_syncs({.iters = 7}), (Lengths{7}));
  EXPECT_EQ(phases_between_syncs({.iters = 1}), (Lengths{1}));
}

TEST_F(TurnTest, SynchronisesAfterEachPhaseIfAsked) {
  EXPECT_EQ(phases_between_syncs({.sync = SyncMode::phase, .iters = 50, .warmup = 3}),
            std::vector<std::size_t>(50, 1));
}

TEST_F(TurnTest, HasASampleForEachSynchronisation) {
  for (const SyncMode sync : {SyncMode::end, SyncMode::phase}) {
    for (const std::size_t iters : {1u, 19u, 20u, 21u, 50u}) {
      const TurnOptions options{.sync = sync, .iters = iters};
      EXPECT_EQ(phases_between_syncs(options).size(), samples_per_turn(options)) << iters;
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

TEST_F(TurnTest, AWrongResultOfAnyPhaseAfterTheMeasuredOnesIsFound) {
  const Problem compact = problem("compact");
  const auto once_overlapping = allocator_of<make_once_overlapping>("once-overlapping");
  const TurnOptions options{.iters = 3, .warmup = 2};
  for (std::size_t phase = 0; phase < 4; ++phase) {
    OnceOverlapping::wrong_phase = 5 + phase;
    Turn turn{compact, once_overlapping, options};
    measure_all(turn, options);
    EXPECT_NE(turn.finish().error, std::nullopt) << "phase " << phase << " of the last cycle";
  }
  OnceOverlapping::wrong_phase = 9;
  Turn turn{compact, once_overlapping, options};
  measure_all(turn, options);
  EXPECT_EQ(turn.finish().error, std::nullopt);
}

TEST_F(TurnTest, VerificationRunsEveryPhaseTwice) {
  const Problem compact = problem("compact");
  const auto once_overlapping = allocator_of<make_once_overlapping>("once-overlapping");
  for (std::size_t phase = 0; phase < 8; ++phase) {
    OnceOverlapping::wrong_phase = phase;
    EXPECT_NE(find_error(compact, once_overlapping), std::nullopt) << phase;
  }
  OnceOverlapping::wrong_phase = 8;
  EXPECT_EQ(find_error(compact, once_overlapping), std::nullopt);
}

TEST_F(TurnTest, BytesReservedAreThoseOfTheGreatestPhase) {
  const Problem compact = problem("compact", 1 << 16);
  Turn turn{compact, allocator("cuda-malloc"), {.iters = 1}};
  turn.measure();
  const std::size_t reserved = turn.finish().bytes_reserved;
  EXPECT_LE(reserved, compact.demand.max_phase_bytes);
  EXPECT_GT(reserved, compact.demand.max_phase_bytes - 1024);
}

TEST_F(TurnTest, EachProfiledTurnIsBetweenAStartAndAStop) {
  const Problem scan = problem("scan");
  const TurnOptions options{.iters = 40, .warmup = 2, .profile = true};
  host::clear_calls();
  {
    Turn turn{scan, allocator(floor_name), options};
    EXPECT_EQ(host::calls().back().function, "cudaProfilerStart");
    measure_all(turn, options);
    EXPECT_EQ(host::call_count("cudaProfilerStop"), 0u);
    host::clear_calls();
    turn.finish();
    EXPECT_EQ(host::calls().front().function, "cudaProfilerStop");
  }
  EXPECT_EQ(host::call_count("cudaProfilerStop"), 1u);
}

TEST_F(TurnTest, AProfiledTurnThatIsGivenUpStopsTheProfiler) {
  const Problem scan = problem("scan");
  { const Turn turn{scan, allocator(floor_name), {.iters = 40, .profile = true}}; }
  EXPECT_EQ(host::call_count("cudaProfilerStop"), 1u);
}

class EveryAllocator : public TurnTest, public ::testing::WithParamInterface<AllocatorInfo> {};

TEST_P(EveryAllocator, CountsTheCallsThatTheRuntimeLogs) {
  for (const std::string_view name : {"compact", "stencil"}) {
    const Problem any = problem(name, 200'000);
    for (const std::size_t warmup : {0u, 3u}) {
      const TurnOptions options{.iters = 6, .warmup = warmup};
      Turn turn{any, GetParam(), options};
      host::clear_calls();
      measure_all(turn, options);
      const std::size_t calls = calls_for_memory();
      EXPECT_DOUBLE_EQ(turn.finish().runtime_calls_per_phase * 6, static_cast<double>(calls))
          << name << " after " << warmup;
    }
  }
}

TEST_P(EveryAllocator, HasRightResultsInEveryWorkload) {
  for (const WorkloadInfo& info : workloads()) {
    EXPECT_EQ(find_error(problem(info.name), GetParam()), std::nullopt) << info.name;
  }
}

std::string allocator_name(const ::testing::TestParamInfo<AllocatorInfo>& tested) {
  std::string name{tested.param.name};
  std::ranges::replace(name, '-', '_');
  return name;
}

INSTANTIATE_TEST_SUITE_P(Table, EveryAllocator, ::testing::ValuesIn(allocators()), allocator_name);

}  // namespace
}  // namespace daa::test
