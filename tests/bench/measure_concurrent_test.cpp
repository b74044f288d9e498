// Phases on several streams at once, enqueued by a thread for each or by one for all.

#include <atomic>
#include <chrono>
#include <map>
#include <set>
#include <thread>

#include "measure_fixture.hpp"

namespace daa::test {
namespace {

namespace host = host_runtime;
using std::chrono::milliseconds;

class ConcurrentPhases : public MeasureTest {
 protected:
  static RunConfig on_threads(std::size_t threads, std::string_view name = "scan",
                              std::size_t elements = 1000) {
    RunConfig config = small_config();
    config.workloads = {&workload(name)};
    config.elements = {elements};
    config.threads = {threads};
    return config;
  }
  static RunConfig on_streams(std::size_t streams, const WorkloadInfo& info = workload("scan")) {
    RunConfig config = small_config();
    config.workloads = {&info};
    config.streams = {streams};
    config.warmup = 1;
    return config;
  }

  // Who has used the allocator of which stream.
  static std::map<cudaStream_t, std::set<std::thread::id>> users(const EventLog& log) {
    std::map<cudaStream_t, std::set<std::thread::id>> result;
    for (const Observed::Event& event : log.events)
      if (event.what == 'a') result[event.stream].insert(event.thread);
    return result;
  }
};

TEST_F(ConcurrentPhases, OfEachThreadHaveAStreamAndAnAllocatorForThemselves) {
  Case& scan = prepared(on_threads(4));
  const EventLog log;
  Measured of = measured(scan, observed);
  host::clear_calls();
  of.warmed_up().sampled();
  std::map<cudaStream_t, std::size_t> launches;
  for (const host::Call& call : host::calls())
    if (call.function == "cudaLaunchKernel") ++launches[call.stream];
  ASSERT_EQ(launches.size(), 4u);
  for (const auto& [stream, count] : launches) EXPECT_EQ(count, launches.begin()->second);

  std::set<std::thread::id> threads;
  ASSERT_EQ(users(log).size(), 4u);
  for (const auto& [stream, ids] : users(log)) {
    EXPECT_EQ(ids.size(), 1u) << "one thread a stream";
    threads.insert(ids.begin(), ids.end());
  }
  EXPECT_EQ(threads.size(), 4u) << "one stream a thread";
  EXPECT_EQ(Observed::lives, 4u);
  EXPECT_EQ(of.trial->finish(true).error, std::nullopt);
}

TEST_F(ConcurrentPhases, OfOneThreadGoRoundItsStreams) {
  RunConfig config = on_streams(3);
  config.iters = 2;
  config.warmup = 0;
  Case& scan = prepared(config);
  const EventLog log;
  Measured of = measured(scan, observed);
  host::clear_calls();
  of.sampled();
  std::vector<cudaStream_t> order;  // of the launches, each stream once as long as it lasts
  for (const host::Call& call : host::calls())
    if (call.function == "cudaLaunchKernel" && (order.empty() || order.back() != call.stream))
      order.push_back(call.stream);
  const auto streams = of.trial->streams(0);
  std::vector<cudaStream_t> expected(streams.begin(), streams.end());
  expected.insert(expected.end(), streams.begin(), streams.end());
  EXPECT_EQ(order, expected);
  for (const auto& [stream, ids] : users(log)) EXPECT_EQ(ids, std::set{std::this_thread::get_id()});
}

// The batch that `of` enqueues on three streams, whose phases each sleep 20 ms.
TEST_F(ConcurrentPhases, HaveTheHostTimeOfOnePhase) {
  RunConfig config = on_streams(3);
  config.iters = 2;
  Case& scan = prepared(config);
  Observed::on_event = [](const Observed::Event& event) {
    if (event.what == 'e') std::this_thread::sleep_for(milliseconds{20});
  };
  Measured of = measured(scan, observed);
  const Sample sample = of.sampler.next();
  EXPECT_GE(sample.host_enqueue_ns, 20e6);
  EXPECT_NEAR(sample.host_enqueue_ns, sample.end_to_end_ns / 3, sample.end_to_end_ns / 6);
  EXPECT_GE(sample.end_to_end_ns, 60e6) << "of a phase on every stream";
}

TEST_F(ConcurrentPhases, FindOutWhatAnAllocationCostsWithoutKernels) {
  for (RunConfig config : {on_threads(2, "compact"), on_streams(3, workload("compact"))}) {
    for (const SyncMode sync : {SyncMode::end, SyncMode::phase}) {
      config.sync_modes = {sync};
      config.iters = 1;
      Case& compact = prepared(config);
      Measured of = measured(compact, observed);
      of.warmed_up().sampled();
      std::atomic<std::size_t> allocations = 0;
      Observed::on_event = [&](const Observed::Event& event) { allocations += event.what == 'a'; };
      host::clear_calls();
      const TrialFindings findings = of.trial->finish(false);
      EXPECT_GE(allocations, 10'000u * (config.threads.empty() ? 1 : 2));
      EXPECT_EQ(host::call_count("cudaLaunchKernel"), 0u);
      EXPECT_GT(findings.allocation_ns.value(), 0);
      EXPECT_GE(findings.slowest_allocation_ns.value(), *findings.allocation_ns);
      EXPECT_FALSE(findings.serial_ns) << "is the lower bound's alone";
      Observed::on_event = nullptr;
    }
  }
}

TEST_F(ConcurrentPhases, TimeAllocationsOfThreadsThatAreAwake) {
  Case& scan = prepared(on_threads(2));
  Measured of = measured(scan, observed);
  of.warmed_up().sampled();
  std::atomic<std::size_t> has_slept[2];
  Observed::on_event = [&](const Observed::Event& event) {
    if (event.what == 'a' && !has_slept[event.life].exchange(1))
      std::this_thread::sleep_for(milliseconds{60});
  };
  EXPECT_LT(of.trial->finish(false).slowest_allocation_ns.value(), 60e6 / 10'000) << "the sleep is in it";
  Observed::on_event = nullptr;
}

TEST_F(ConcurrentPhases, ThatAllocateNothingHaveNoTimeOfAnAllocation) {
  RunConfig config = on_streams(2, synthetic("none"));
  config.allocators = {&allocator("arena")};
  const Row row = run(config).rows().at(0);
  EXPECT_EQ(row.status, Status::ok) << row.message;
  EXPECT_EQ(row.found.allocation_ns, std::nullopt);
}

TEST_F(ConcurrentPhases, AreCountedAndAddedUpOverAllStreams) {
  for (const RunConfig& config : {on_threads(2), on_streams(2)}) {
    Case& scan = prepared(config);
    const auto counter = make_call_counter().counter;
    const Recording recording = measured(scan, allocator("cuda-malloc")).trial->record(counter.get());
    EXPECT_EQ(recording.phases, 2u) << "one of each stream";
    const Row row = described(scan);
    EXPECT_EQ(static_cast<double>(recording.calls.value().runtime), 2 * 2 * row.allocations_per_phase);
    EXPECT_EQ(static_cast<double>(recording.reserved_bytes), 2 * row.asked_per_phase_bytes);
    EXPECT_EQ(recording.peak_live_bytes, recording.reserved_bytes);
  }
}

TEST_F(ConcurrentPhases, ThatAreWrongOnAnyStreamAreFound) {
  Case& scan = prepared(on_threads(3, "scan", 5003));
  Observed::is_wrong = [](std::size_t life, auto) { return life == 1; };
  EXPECT_NE(measured(scan, observed).warmed_up().trial->finish(true).error, std::nullopt);
}

TEST_F(ConcurrentPhases, ThrowWhatAnAllocatorThrowsInAThread) {
  Case& scan = prepared(on_threads(2));
  Measured of = measured(scan, observed);
  Observed::on_event = [](const Observed::Event& event) {
    if (event.life == 1) throw OutOfDeviceMemory({.bytes_asked = event.bytes});
  };
  EXPECT_THROW(of.warmed_up(), OutOfDeviceMemory);
  Observed::on_event = nullptr;
}

TEST_F(ConcurrentPhases, WhoseInstancesDoNotFitAreRowsThatSaySo) {
  RunConfig config = on_streams(64, workload("stencil"));
  config.elements = {100'000};
  host::set_memory_limit(16 << 20);
  const Outcome outcome = run(config);
  ASSERT_EQ(outcome.rows().size(), 1u);
  EXPECT_EQ(outcome.rows()[0].status, Status::out_of_memory);
  EXPECT_FALSE(outcome.end.all_measured);
}

// --- what overlaps ---

// A kernel's length of work on each stream, and how many ran at once.
struct Sleeping final : Workload {
  static constexpr milliseconds duration{8};
  static inline std::atomic<int> running, most_running;

  void enqueue_phase(ScratchAllocator& scratch, cudaStream_t stream) override {
    void* const place = scratch.allocate(256);
    DAA_CUDA_CHECK(host::launch(stream, {{place, 256}}, [] {
      const int now = ++running;
      int most = most_running;
      while (most < now && !most_running.compare_exchange_weak(most, now)) {
      }
      std::this_thread::sleep_for(duration);
      --running;
    }));
  }
  void spoil_outputs(cudaStream_t) override {}
  std::optional<std::string> find_error(cudaStream_t stream) override {
    DAA_CUDA_CHECK(cudaStreamSynchronize(stream));
    return std::nullopt;
  }
};

const WorkloadInfo sleeping{"sleeping", "of a test", 1, 1,
                            [](std::size_t, std::uint64_t, cudaStream_t) -> std::unique_ptr<Workload> {
                              return std::make_unique<Sleeping>();
                            }};

void serialise(const Observed::Event& event) {
  if (event.what == 'a') DAA_CUDA_CHECK(cudaDeviceSynchronize());
}

TEST_F(ConcurrentPhases, RunAtOnceUnlessTheAllocatorSerialisesThem) {
  RunConfig config = on_streams(4, sleeping);
  config.iters = 2;
  config.allocators = {&observed};
  for (const bool serialises : {true, false}) {
    Sleeping::most_running = 0;
    Observed::on_event = serialises ? serialise : nullptr;
    for (const Row& row : run(config).rows()) expect_measured(row, config);
    EXPECT_EQ(Sleeping::most_running == 1, serialises);
  }
}

// The device's part is asleep, so that streams overlap on any machine; where that is so busy that the lower
// bound's own times differ by more than it gains, there is no score, and it is tried again.
TEST_F(ConcurrentPhases, ThatAreSerialisedHaveALowOverlapScore) {
  RunConfig config = on_streams(4, sleeping);
  config.iters = 2;
  config.allocators = {&allocator(lower_bound_name), &observed};
  Observed::on_event = serialise;
  const double serial = std::chrono::duration<double, std::nano>(4 * Sleeping::duration).count();
  std::vector<Row> rows;
  for (int attempt = 0; attempt < 5; ++attempt) {
    rows = run(config).rows();
    ASSERT_EQ(rows.size(), 2u);
    EXPECT_GE(rows[0].found.serial_ns.value(), serial) << "one stream after the other";
    EXPECT_GE(rows[1].end_to_end.median_ns, serial) << "as it runs on the serialised streams";
    if (rows[0].found.overlap_score) break;
  }
  ASSERT_TRUE(rows[0].found.overlap_score) << "the lower bound never overlapped";
  EXPECT_EQ(rows[0].found.overlap_score, 1);
  EXPECT_LT(rows[1].found.overlap_score.value(), 0.5);

  config.allocators = {&observed};
  const Row alone = run(config).rows().at(0);
  EXPECT_EQ(alone.found.overlap_score, std::nullopt) << "without the lower bound";
  EXPECT_EQ(alone.found.serial_ns, std::nullopt);
}

}  // namespace
}  // namespace daa::test
