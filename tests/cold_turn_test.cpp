// Cold turns: first phases of fresh allocators.

#include "driver/cold_turn.hpp"

#include <algorithm>

#include "campaign_fixture.hpp"
#include "turn_fixture.hpp"
#include "workload_allocators.hpp"

namespace daa::test {
namespace {

namespace host = host_runtime;

// What became of each allocator of this kind, in order, a letter each: made, allocated, phase ended,
// destroyed.
struct Lives {
  static inline std::string script;
};

class Noted final : public HonestAllocator {
 public:
  explicit Noted(cudaStream_t stream) : HonestAllocator(stream) { Lives::script += 'm'; }
  ~Noted() override { Lives::script += 'd'; }
  void* allocate(std::size_t bytes) override {
    Lives::script += 'a';
    return HonestAllocator::allocate(bytes);
  }
  void end_phase() override {
    Lives::script += 'e';
    HonestAllocator::end_phase();
  }
};

std::unique_ptr<ScratchAllocator> make_noted(cudaStream_t stream, const Demand&) {
  return std::make_unique<Noted>(stream);
}

const TurnOptions cold{.sync = SyncMode::phase, .iters = 3, .state = State::cold};

using ColdTurnTest = TurnTest;

TEST_F(ColdTurnTest, EachSampleIsTheFirstPhaseOfAnAllocatorOfItsOwn) {
  const Problem scan = problem("scan");
  Lives::script.clear();
  ColdTurn turn{scan, allocator_of<make_noted>("noted"), cold};
  EXPECT_EQ(Lives::script, "");
  turn.measure();
  EXPECT_EQ(Lives::script, "maaaed");
  turn.measure();
  EXPECT_EQ(Lives::script, "maaaedmaaaed");
  EXPECT_EQ(turn.finish().error, std::nullopt);
  EXPECT_EQ(Lives::script, "maaaedmaaaedmaaaed") << "a last one, whose result is checked";
}

TEST_F(ColdTurnTest, IsAlwaysThePhaseWithWhichTheCycleBegins) {
  const Problem compact = problem("compact", 2000);
  ColdTurn turn{compact, allocator("cuda-malloc"), cold};
  std::vector<std::vector<std::size_t>> asked;
  for (int i = 0; i < 3; ++i) {
    host::clear_calls();
    turn.measure();
    asked.emplace_back();
    for (const host::Call& call : host::calls())
      if (call.function == "cudaMalloc") asked.back().push_back(call.bytes);
  }
  EXPECT_EQ(asked[0].size(), 4u);
  EXPECT_EQ(asked[1], asked[0]);
  EXPECT_EQ(asked[2], asked[0]);
}

// Positions of the calls of `function`, and of those between two events.
TEST_F(ColdTurnTest, GrowthIsInTheWindowAndConstructionAndDestructionAreNot) {
  const Problem scan = problem("scan");
  ColdTurn turn{scan, allocator("cuda-malloc-async"), cold};
  host::clear_calls();
  turn.measure();
  const std::vector<host::Call> calls = host::calls();
  const auto first = [&](std::string_view function) {
    return std::ranges::find(calls, function, &host::Call::function) - calls.begin();
  };
  const auto begin = first("cudaEventRecord");
  const auto end =
      std::ranges::find(calls.begin() + begin + 1, calls.end(), "cudaEventRecord", &host::Call::function) -
      calls.begin();
  EXPECT_LT(first("cudaMemPoolCreate"), begin);
  EXPECT_GT(first("cudaMallocFromPoolAsync"), begin);
  EXPECT_LT(first("cudaFreeAsync"), end);
  EXPECT_GT(first("cudaMemPoolDestroy"), end);
}

TEST_F(ColdTurnTest, AnArenaGrowsInEverySample) {
  const Problem scan = problem("scan");
  ColdTurn turn{scan, allocator("arena"), cold};
  for (int i = 0; i < 3; ++i) turn.measure();
  const auto counter = make_call_counter().counter;
  const PassCounts counts = turn.count(counter.get());
  EXPECT_EQ(counts.phases, 1u);
  EXPECT_GE(counts.calls.value().of(CallKind::allocate), 1u);
  EXPECT_GT(counts.reserved_bytes, 0u);
}

TEST_F(ColdTurnTest, AWrongFirstPhaseIsFound) {
  const Problem scan = problem("scan", 5003);
  ColdTurn turn{scan, allocator_of<make_overlapping>("overlapping"), cold};
  turn.measure();
  EXPECT_NE(turn.finish().error, std::nullopt);
}

TEST_F(ColdTurnTest, FlushesTheCacheInEachSampleBeforeItsClocks) {
  const Problem scan = problem("scan");
  L2Flush l2;
  TurnOptions options = cold;
  options.l2 = &l2;
  ColdTurn turn{scan, allocator("preallocated"), options};
  for (int i = 0; i < 2; ++i) {
    host::clear_calls();
    turn.measure();
    std::vector<std::string_view> order;
    for (const host::Call& call : host::calls()) {
      if (call.function == "cudaMemsetAsync") {
        EXPECT_EQ(call.bytes, l2.bytes());
      }
      if (call.function == "cudaMemsetAsync" || call.function == "cudaEventRecord" ||
          call.function == "cudaMalloc")
        order.push_back(call.function);
    }
    EXPECT_EQ(order, (std::vector<std::string_view>{"cudaMalloc", "cudaMemsetAsync", "cudaEventRecord",
                                                    "cudaEventRecord"}));
  }
}

class ColdCampaign : public CampaignTest {};

TEST_F(ColdCampaign, EveryAllocatorHasAColdRowOfSinglePhasesWithoutWarmUp) {
  Options options = small_options();
  options.workloads = {&workload("scan"), &workload("compact")};
  options.states = {State::steady, State::cold};
  options.allocators.clear();
  for (const AllocatorInfo& info : allocators()) options.allocators.push_back(&info);
  std::size_t cold_rows = 0;
  for (const Row& row : run(options)) {
    expect_measured(row, options);
    if (row.mode.state == State::steady) continue;
    ++cold_rows;
    EXPECT_EQ(row.sync, SyncMode::phase);
    EXPECT_EQ(row.warmup, 0u);
    EXPECT_EQ(row.phases_per_sample, 1u);
    EXPECT_EQ(row.samples, options.iters * options.repetitions);
  }
  EXPECT_EQ(cold_rows, 2 * allocators().size());
}

}  // namespace
}  // namespace daa::test
