// Graph turns: phases captured once and replayed.

#include "driver/graph_turn.hpp"

#include <algorithm>
#include <stdexcept>

#include "campaign_fixture.hpp"
#include "turn_fixture.hpp"
#include "workload_allocators.hpp"

namespace daa::test {
namespace {

namespace host = host_runtime;

const TurnOptions replayed{.iters = 40, .warmup = 3, .graph = true};

// Never gives back what it takes from the stream: in a capture it becomes the graph's.
class Keeping final : public ScratchAllocator {
 public:
  explicit Keeping(cudaStream_t stream) : stream_(stream) {}
  ~Keeping() override {
    for (void* const pointer : outside_) static_cast<void>(cudaFreeAsync(pointer, stream_));
  }

  void* allocate(std::size_t bytes) override {
    cudaStreamCaptureStatus status{};
    DAA_CUDA_CHECK(cudaStreamIsCapturing(stream_, &status));
    void* pointer = nullptr;
    DAA_CUDA_CHECK(cudaMallocAsync(&pointer, bytes, stream_));
    if (status == cudaStreamCaptureStatusNone) outside_.push_back(pointer);
    return pointer;
  }
  void end_phase() override {}
  [[nodiscard]] std::size_t bytes_reserved() const override { return 0; }

 private:
  cudaStream_t stream_;
  std::vector<void*> outside_;
};

std::unique_ptr<ScratchAllocator> make_keeping(cudaStream_t stream, const Demand&) {
  return std::make_unique<Keeping>(stream);
}

// Asks for graphs or not, as it is told.
struct Told {
  static inline std::vector<bool> for_graphs;
};

std::unique_ptr<ScratchAllocator> make_told(cudaStream_t stream, const Demand& demand) {
  Told::for_graphs.push_back(demand.for_graphs);
  return allocator("arena").make(stream, demand);
}

std::unique_ptr<ScratchAllocator> make_throwing_in_capture(cudaStream_t stream, const Demand& demand) {
  struct Throwing final : BlockAllocator {
    Throwing(cudaStream_t of, std::size_t bytes) : BlockAllocator(bytes, behind_previous), stream(of) {}
    void end_phase() override {
      cudaStreamCaptureStatus status{};
      DAA_CUDA_CHECK(cudaStreamIsCapturing(stream, &status));
      if (status != cudaStreamCaptureStatusNone) throw std::logic_error("not while captured");
      BlockAllocator::end_phase();
    }
    cudaStream_t stream;
  };
  return std::make_unique<Throwing>(stream, demand.max_phase_bytes);
}

using GraphTurnTest = TurnTest;

TEST_F(GraphTurnTest, APhaseIsCapturedOnceAndLaunchedForEachMeasuredPhase) {
  const Problem scan = problem("scan");
  host::clear_calls();
  GraphTurn turn{scan, allocator("arena"), replayed};
  EXPECT_EQ(host::call_count("cudaStreamBeginCapture"), 1u);
  EXPECT_EQ(host::call_count("cudaGraphInstantiate") + host::call_count("cudaGraphInstantiateWithFlags"), 1u);
  EXPECT_EQ(host::call_count("cudaGraphLaunch"), 3u) << "to warm up";
  for (int sample = 0; sample < 2; ++sample) {
    host::clear_calls();
    turn.measure();
    EXPECT_EQ(host::call_count("cudaGraphLaunch"), 20u);
    EXPECT_EQ(host::call_count("cudaEventRecord"), 2u);
    EXPECT_EQ(host::call_count("cudaStreamSynchronize"), 1u);
    EXPECT_EQ(host::call_count("cudaEventElapsedTime"), 1u);
    EXPECT_EQ(host::call_count(), 24u) << "and nothing else: no launch of a kernel, no call for memory";
  }
  EXPECT_EQ(turn.finish().error, std::nullopt);
}

TEST_F(GraphTurnTest, EachPhaseOfACycleIsAGraphAndEachResultIsChecked) {
  const Problem compact = problem("compact");
  host::clear_calls();
  GraphTurn turn{compact, allocator("arena"), replayed};
  EXPECT_EQ(host::call_count("cudaStreamBeginCapture"), 4u);
  turn.measure();
  host::clear_calls();
  EXPECT_EQ(turn.finish().error, std::nullopt);
  EXPECT_EQ(host::call_count("cudaGraphLaunch"), 4u);
}

TEST_F(GraphTurnTest, WrongResultsOfReplaysAreFound) {
  const Problem scan = problem("scan", 5003);
  GraphTurn turn{scan, allocator_of<make_overlapping>("overlapping"), replayed};
  turn.measure();
  EXPECT_NE(turn.finish().error, std::nullopt);
}

TEST_F(GraphTurnTest, CaptureThatCudaMallocInvalidatesIsTold) {
  const Problem scan = problem("scan");
  try {
    GraphTurn{scan, allocator("cuda-malloc"), replayed};
    FAIL() << "captured";
  } catch (const std::runtime_error& error) {
    EXPECT_EQ(std::string{error.what()}.find("cannot be captured into a graph: cudaMalloc: "), 0u)
        << error.what();
  }
  EXPECT_EQ(find_error(scan, allocator("arena")), std::nullopt) << "the stream captures no longer";
}

TEST_F(GraphTurnTest, WhatAnAllocatorThrowsInACaptureEndsIt) {
  const Problem scan = problem("scan");
  try {
    GraphTurn{scan, allocator_of<make_throwing_in_capture>("throwing"), replayed};
    FAIL() << "captured";
  } catch (const std::runtime_error& error) {
    EXPECT_NE(std::string{error.what()}.find("not while captured"), std::string::npos) << error.what();
  }
  EXPECT_EQ(find_error(scan, allocator("arena")), std::nullopt);
}

TEST_F(GraphTurnTest, WantOfMemoryInACaptureIsNoMatterOfCaptures) {
  const Problem scan = problem("scan");
  const auto make = [](cudaStream_t, const Demand& demand) -> std::unique_ptr<ScratchAllocator> {
    struct RunningOut final : BlockAllocator {
      using BlockAllocator::BlockAllocator;
      void end_phase() override {
        if (phases++ > 0) throw OutOfDeviceMemory({.bytes_asked = 1});
        BlockAllocator::end_phase();
      }
      int phases = 0;
    };
    return std::make_unique<RunningOut>(demand.max_phase_bytes, BlockAllocator::behind_previous);
  };
  EXPECT_THROW((GraphTurn{scan, {"running-out", "of a test", make}, replayed}), OutOfDeviceMemory);
  EXPECT_EQ(find_error(scan, allocator("arena")), std::nullopt) << "the stream captures no longer";
}

TEST_F(GraphTurnTest, ACallThatNoCaptureAllowsIsNoWantOfMemoryWhateverTheAllocatorSays) {
  const Problem scan = problem("scan");
  const auto make = [](cudaStream_t, const Demand& demand) -> std::unique_ptr<ScratchAllocator> {
    struct Mistaken final : BlockAllocator {
      using BlockAllocator::BlockAllocator;
      void end_phase() override {
        BlockAllocator::end_phase();
        void* memory = nullptr;
        if (cudaMalloc(&memory, 256) != cudaSuccess) throw OutOfDeviceMemory({.bytes_asked = 256});
        DAA_CUDA_CHECK(cudaFree(memory));
      }
    };
    return std::make_unique<Mistaken>(demand.max_phase_bytes, BlockAllocator::behind_previous);
  };
  EXPECT_THROW((GraphTurn{scan, {"mistaken", "of a test", make}, replayed}), NotCapturable);
  EXPECT_EQ(find_error(scan, allocator("arena")), std::nullopt) << "the stream captures no longer";
}

TEST_F(GraphTurnTest, PoolsBecomeMemoryNodesAndArenasDoNot) {
  for (const std::string_view workload_name : {"scan", "compact"}) {
    const Problem of = problem(workload_name);
    const auto nodes = [&](std::string_view name) {
      GraphTurn turn{of, allocator(name), replayed};
      turn.measure();
      const TurnResult result = turn.finish();
      EXPECT_EQ(result.error, std::nullopt) << name;
      return result.graph_memory_nodes.value();
    };
    EXPECT_EQ(nodes("preallocated"), 0);
    EXPECT_EQ(nodes("arena"), 0);
    EXPECT_EQ(nodes("arena-individual"), 0) << "presized: it has its memory from the cycle before";
    EXPECT_EQ(nodes("cuda-malloc-async-tuned"), 2 * of.demand.allocations_per_phase);
  }
}

TEST_F(GraphTurnTest, TheMemoryOfGraphsIsInTheAccountAndGivenBack) {
  const Problem scan = problem("scan", 100'000);
  for (const std::string_view name : {"cuda-malloc-async", "arena"}) {
    const std::size_t mapped_before = host::mapped_bytes();
    {
      GraphTurn turn{scan, allocator(name), replayed};
      turn.measure();
      const PassCounts counts = turn.count(nullptr);
      EXPECT_GE(static_cast<double>(counts.reserved_bytes), scan.demand.bytes_per_phase) << name;
      EXPECT_GE(counts.pool_mapped_bytes, counts.reserved_bytes) << name;
      EXPECT_EQ(static_cast<double>(counts.peak_live_bytes), scan.demand.bytes_per_phase) << name;
    }
    DAA_CUDA_CHECK(cudaStreamSynchronize(scan.stream));
    EXPECT_EQ(host::mapped_bytes(), mapped_before) << name;
  }
}

TEST_F(GraphTurnTest, WhatAGraphLeavesAllocatedIsFreedBehindItsLastLaunch) {
  const Problem scan = problem("scan");
  const std::size_t live_before = host::live_allocations();
  {
    GraphTurn turn{scan, allocator_of<make_keeping>("keeping"), replayed};
    turn.measure();
    const TurnResult result = turn.finish();
    EXPECT_EQ(result.error, std::nullopt);
    EXPECT_EQ(result.graph_memory_nodes, scan.demand.allocations_per_phase);
  }
  EXPECT_EQ(host::live_allocations(), live_before);
}

TEST_F(GraphTurnTest, AnAllocatorIsToldThatItsMemoryIsForGraphs) {
  const Problem scan = problem("scan");
  Told::for_graphs.clear();
  { const Turn turn{scan, allocator_of<make_told>("told"), {}}; }
  { const GraphTurn turn{scan, allocator_of<make_told>("told"), replayed}; }
  EXPECT_EQ(Told::for_graphs, (std::vector<bool>{false, true}));
}

class GraphCampaign : public CampaignTest {};

TEST_F(GraphCampaign, EveryAllocatorIsMeasuredOrSaysWhyNot) {
  Options options = small_options();
  options.workloads.clear();
  for (const WorkloadInfo& info : workloads()) options.workloads.push_back(&info);
  options.graph = true;
  options.sync_modes = {SyncMode::end, SyncMode::phase};
  options.allocators.clear();
  for (const AllocatorInfo& info : allocators()) options.allocators.push_back(&info);
  for (const Row& row : run(options)) {
    EXPECT_TRUE(row.mode.graph);
    if (row.allocator == "cuda-malloc") {
      EXPECT_EQ(row.status, Status::unsupported);
      EXPECT_NE(row.message.find("cannot be captured"), std::string::npos) << row.message;
    } else {
      expect_measured(row, options);
      EXPECT_EQ(row.calls.runtime, 0) << row.allocator;
    }
  }
}

}  // namespace
}  // namespace daa::test
