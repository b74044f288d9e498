// Phases captured once and launched again and again.

#include <stdexcept>

#include "lone_ranks.hpp"
#include "measure/captured_phase.hpp"
#include "measure_fixture.hpp"

namespace daa::test {
namespace {

namespace host = host_runtime;

bool is_captured(cudaStream_t stream) {
  cudaStreamCaptureStatus status{};
  DAA_CUDA_CHECK(cudaStreamIsCapturing(stream, &status));
  return status != cudaStreamCaptureStatusNone;
}

class GraphPhases : public MeasureTest {
 protected:
  static RunConfig graphs(std::string_view name = "scan", std::size_t elements = 1000) {
    RunConfig config = small_config();
    config.workloads = {&workload(name)};
    config.elements = {elements};
    config.modes = {Mode::graph};
    config.iters = 40;
    config.warmup = 3;
    return config;
  }

  // What ends the capture when `in_capture` is called at the end of its phase.
  template <class Error, class InCapture>
  void expect_thrown(InCapture in_capture) {
    Case& scan = prepared(graphs());
    Observed::on_event = [&](const Observed::Event& event) {
      if (event.what == 'e' && is_captured(event.stream)) in_capture();
    };
    EXPECT_THROW(static_cast<void>(scan.make_trial(observed, stop_)), Error);
    Observed::on_event = nullptr;
    EXPECT_EQ(scan.verify(observed, stop_).error, std::nullopt) << "the stream captures no longer";
  }
};

TEST_F(GraphPhases, AreCapturedOnceAndLaunchedForEachMeasuredPhase) {
  Case& scan = prepared(graphs());
  host::clear_calls();
  Measured of = measured(scan, allocator("arena"));
  EXPECT_EQ(host::call_count("cudaStreamBeginCapture"), 1u);
  of.warmed_up();
  EXPECT_EQ(host::call_count("cudaGraphLaunch"), 3u);
  for (int sample = 0; sample < 2; ++sample) {
    host::clear_calls();
    static_cast<void>(of.sampler.next());
    EXPECT_EQ(host::call_count("cudaGraphLaunch"), 20u);
    EXPECT_EQ(host::call_count(), 20u + 4) << "and the clocks: no launch of a kernel, no call for memory";
  }
  EXPECT_EQ(of.trial->finish(true).error, std::nullopt);
}

TEST_F(GraphPhases, OfACycleAreAGraphEachAndEachResultIsChecked) {
  Case& compact = prepared(graphs("compact"));
  host::clear_calls();
  Measured of = measured(compact, allocator("arena"));
  EXPECT_EQ(host::call_count("cudaStreamBeginCapture"), 4u);
  static_cast<void>(of.sampler.next());
  host::clear_calls();
  EXPECT_EQ(of.trial->finish(true).error, std::nullopt);
  EXPECT_EQ(host::call_count("cudaGraphLaunch"), 4u);

  Observed::is_wrong = [](auto, auto) { return true; };
  EXPECT_NE(measured(compact, observed).warmed_up().trial->finish(true).error, std::nullopt);
}

TEST_F(GraphPhases, ThatCannotBeCapturedSayWhy) {
  Case& scan = prepared(graphs());
  try {
    static_cast<void>(scan.make_trial(allocator("cuda-malloc"), stop_));
    FAIL() << "captured";
  } catch (const NotCapturable& error) {
    EXPECT_NE(std::string{error.what()}.find("cudaMalloc"), std::string::npos) << error.what();
  }
  EXPECT_EQ(scan.verify(allocator("arena"), stop_).error, std::nullopt) << "the stream captures no longer";

  expect_thrown<NotCapturable>([] { throw std::logic_error("not while captured"); });
  expect_thrown<NotCapturable>([] { throw 42; });
}

TEST_F(GraphPhases, RunOutOfMemoryOnlyInACaptureThatIsValid) {
  expect_thrown<OutOfDeviceMemory>([] { throw OutOfDeviceMemory({.bytes_asked = 1}); });
  expect_thrown<NotCapturable>([] {  // takes every failure of cudaMalloc for want of memory
    void* memory = nullptr;
    if (cudaMalloc(&memory, 256) != cudaSuccess) throw OutOfDeviceMemory({.bytes_asked = 256});
    DAA_CUDA_CHECK(cudaFree(memory));
  });
}

TEST_F(GraphPhases, OfPoolsHaveMemoryNodesAndOthersHaveNot) {
  for (const std::string_view name : {"scan", "compact"}) {
    Case& of = prepared(graphs(name));
    const auto nodes = [&](std::string_view allocator_name) {
      const TrialFindings findings = measured(of, allocator(allocator_name)).warmed_up().trial->finish(true);
      EXPECT_EQ(findings.error, std::nullopt) << allocator_name;
      return findings.graph_memory_nodes.value();
    };
    EXPECT_EQ(nodes("preallocated"), 0);
    EXPECT_EQ(nodes("arena"), 0);
    EXPECT_EQ(nodes("arena-individual"), 0) << "presized: it has its memory from the cycle before";
    EXPECT_EQ(nodes("cuda-malloc-async-tuned"), 2 * described(of).allocations_per_phase);
  }
}

TEST_F(GraphPhases, HaveTheMemoryOfGraphsInTheirAccountAndGiveItBack) {
  Case& scan = prepared(graphs("scan", 100'000));
  const double asked = described(scan).asked_per_phase_bytes;
  for (const std::string_view name : {"cuda-malloc-async", "arena"}) {
    const std::size_t mapped_before = host::mapped_bytes();
    {
      const Recording recording = measured(scan, allocator(name)).warmed_up().trial->record(nullptr);
      EXPECT_GE(static_cast<double>(recording.reserved_bytes), asked) << name;
      EXPECT_GE(recording.pool_mapped_bytes, recording.reserved_bytes) << name;
      EXPECT_EQ(static_cast<double>(recording.peak_live_bytes), asked) << name;
      EXPECT_EQ(recording.calls.value().runtime, 0u) << "launches ask no allocator";
    }
    DAA_CUDA_CHECK(cudaDeviceSynchronize());
    EXPECT_EQ(host::mapped_bytes(), mapped_before) << name;
  }
}

// Never gives back what it takes from the stream: in a capture it becomes the graph's.
std::unique_ptr<ScratchAllocator> make_keeping(cudaStream_t stream, const Demand&) {
  struct Keeping final : ScratchAllocator {
    explicit Keeping(cudaStream_t of) : own_stream(of) {}
    ~Keeping() override {
      for (void* const pointer : outside) static_cast<void>(cudaFreeAsync(pointer, own_stream));
    }
    void* allocate(std::size_t bytes) override {
      void* pointer = nullptr;
      const bool is_outside = !is_captured(own_stream);
      DAA_CUDA_CHECK(cudaMallocAsync(&pointer, bytes, own_stream));
      if (is_outside) outside.push_back(pointer);
      return pointer;
    }
    void end_phase() override {}
    [[nodiscard]] std::size_t bytes_reserved() const override { return 0; }
    cudaStream_t own_stream;
    std::vector<void*> outside;
  };
  return std::make_unique<Keeping>(stream);
}

TEST_F(GraphPhases, ThatLeaveMemoryAllocatedHaveItFreedBehindTheLastLaunch) {
  Case& scan = prepared(graphs());
  const std::size_t live_before = host::live_allocations();
  {
    const Measured of{scan, allocator_of<make_keeping>("keeping"), stop_};
    of.trial->enqueue_phase(0);
    const TrialFindings findings = of.trial->finish(true);
    EXPECT_EQ(findings.error, std::nullopt);
    EXPECT_EQ(findings.graph_memory_nodes, described(scan).allocations_per_phase);
  }
  EXPECT_EQ(host::live_allocations(), live_before);
}

TEST_F(GraphPhases, AreAnnouncedToTheAllocator) {
  static std::vector<bool> for_graphs;
  for_graphs.clear();
  const AllocatorInfo told{"told", "of a test", [](cudaStream_t stream, const Demand& demand) {
                             for_graphs.push_back(demand.for_graphs);
                             return allocator("arena").make(stream, demand);
                           }};
  RunConfig config = graphs();
  config.modes = {Mode::graph, Mode::steady};
  for (const auto& each : make_cases(config, std::size_t{1} << 40, lone_ranks())) {
    each->prepare(StopCondition{});
    static_cast<void>(each->make_trial(told, stop_));
    each->release();
  }
  EXPECT_EQ(for_graphs, (std::vector<bool>{true, false}));
}

}  // namespace
}  // namespace daa::test
