// Replays of traces: frees honoured, threads and streams as in the trace, overlaps found, memory and calls
// counted.

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <map>
#include <random>
#include <set>

#include "lone_ranks.hpp"
#include "measure_fixture.hpp"
#include "temporary_folder.hpp"

namespace daa::test {
namespace {

namespace host = host_runtime;
constexpr std::size_t mib = 1 << 20;

// Three blocks in one phase and one in another; 5 MiB live at most.
constexpr std::string_view small_trace =
    "0,0,allocate,0x100,3145728,0\n"
    "0,1,allocate,0x200,1048576,0\n"
    "0,2,free,0x100,3145728,0\n"
    "0,3,allocate,0x100,4194304,0\n"
    "0,4,free,0x200,1048576,0\n"
    "0,5,free,0x100,4194304,0\n"
    "0,6,allocate,0x300,70001,0\n"
    "0,7,free,0x300,70001,0\n";

// Blocks that go from thread to thread and from stream to stream.
constexpr std::string_view crossing_trace =
    "7,0,allocate,0x100,3000000,a\n"
    "8,1,allocate,0x200,1000000,b\n"
    "8,2,free,0x100,3000000,b\n"  // another thread and stream
    "7,3,allocate,0x100,4000000,a\n"
    "8,4,free,0x200,1000000,a\n"  // another stream
    "9,5,free,0x100,4000000,a\n"  // another thread
    "9,6,allocate,0x100,500,b\n"
    "9,7,free,0x100,500,b\n";

class Replays : public MeasureTest {
 protected:
  RunConfig config_of(std::string_view lines) const {
    const std::filesystem::path path = folder_.path() / "trace.csv";
    std::ofstream{path} << "Thread,Time,Action,Pointer,Size,Stream\n" << lines;
    RunConfig config = small_config();
    config.workloads.clear();
    config.traces = {{"trace", path}};
    return config;
  }
  Case& case_of(std::string_view lines) { return prepared(config_of(lines)); }

  // Replays the trace once, untimed, or as often as warm-up takes.
  static void replay(Measured& of) { static_cast<void>(of.sampler.next()); }

 private:
  TemporaryFolder folder_;
};

std::string random_trace() {
  std::string log;
  std::mt19937 random(5);
  std::vector<std::pair<int, std::size_t>> live;
  const auto free = [&](auto which) {
    log += "0,0,free," + std::to_string(which->first) + "," + std::to_string(which->second) + ",0\n";
    live.erase(which);
  };
  for (int i = 0; i < 300; ++i) {
    if (live.empty() || random() % 3 > 0) {
      live.emplace_back(i + 1, 1 + random() % 300'000);
      log += "0,0,allocate," + std::to_string(i + 1) + "," + std::to_string(live.back().second) + ",0\n";
    } else {
      free(live.begin() + static_cast<std::ptrdiff_t>(random() % live.size()));
    }
  }
  while (!live.empty()) free(live.begin());
  return log;
}

TEST_F(Replays, OfEveryAllocatorGiveOutNoLiveMemory) {
  for (const std::string& trace : {random_trace(), std::string{small_trace}, std::string{crossing_trace}}) {
    Case& of = case_of(trace);
    for (const AllocatorInfo* each : all_allocators())
      EXPECT_EQ(of.verify(*each, stop_).error, std::nullopt) << each->name;
  }
}

TEST_F(Replays, FindBlocksThatOverlapWhileBothLive) {
  Case& of = case_of(small_trace);
  EXPECT_EQ(of.verify(observed, stop_).error, std::nullopt);
  Observed::is_wrong = [](auto, auto) { return true; };
  const auto error = of.verify(observed, stop_).error;
  ASSERT_TRUE(error);
  EXPECT_NE(error->find("allocation 0"), std::string::npos) << *error;
  EXPECT_TRUE(measured(of, observed).trial->finish(false).error) << "at the end of a trial, too";

  const AllocatorInfo by_256_bytes{
      "overlapping", "of a test", [](cudaStream_t, const Demand& demand) {
        return std::unique_ptr<ScratchAllocator>(std::make_unique<BlockAllocator>(
            demand.max_phase_bytes + 4096, BlockAllocator::over_end_of_previous));
      }};
  EXPECT_TRUE(of.verify(by_256_bytes, stop_).error);
}

TEST_F(Replays, FindAddressesThatAreNotAligned) {
  const AllocatorInfo misaligned{
      "misaligned", "of a test", [](cudaStream_t, const Demand& demand) {
        return std::unique_ptr<ScratchAllocator>(std::make_unique<BlockAllocator>(
            demand.max_phase_bytes + 4096, [](std::size_t end) { return (end + 255) / 256 * 256 + 4; }));
      }};
  const auto error = case_of(small_trace).verify(misaligned, stop_).error;
  ASSERT_TRUE(error);
  EXPECT_NE(error->find("256"), std::string::npos) << *error;
}

TEST_F(Replays, AreWholePassesOverTheTraceInBatchesOfAPassOrAPhase) {
  RunConfig config = config_of(small_trace);  // two phases
  config.replay_iters = 5;
  config.replay_warmup = 3;
  config.sync_modes = {SyncMode::end, SyncMode::phase};
  for (const auto& each : make_cases(config, mib, lone_ranks())) {
    const Schedule& schedule = each->schedule();
    EXPECT_EQ(schedule.iters, 6u);
    EXPECT_EQ(schedule.warmup, 4u);
    EXPECT_EQ(schedule.samples, 3u) << "one a pass";
    const bool is_by_phase = described(*each).configuration.sync == SyncMode::phase;
    EXPECT_EQ(schedule.phases_per_batch(), is_by_phase ? 1u : 2u);

    Measured of = measured(*each, allocator(lower_bound_name));
    of.warmed_up();
    host::clear_calls();
    const Sample sample = of.sampler.next();
    EXPECT_EQ(host::call_count("cudaStreamSynchronize"), is_by_phase ? 2u : 1u);
    EXPECT_EQ(host::call_count(), host::call_count("cudaStreamSynchronize"))
        << "no kernel, and planned memory";
    EXPECT_GT(sample.operation_ns.value(), 0);
    EXPECT_GE(sample.end_to_end_ns, sample.host_enqueue_ns);
    EXPECT_EQ(sample.device_ns, 0);
  }
}

TEST_F(Replays, HoldTheMostMemoryOfAnyOperation) {
  Case& of = case_of(small_trace);
  const auto held = [&](std::string_view name) { return of.verify(allocator(name), stop_); };
  EXPECT_EQ(held("preallocated").reserved_bytes, 5 * mib);
  EXPECT_EQ(held("cuda-malloc").reserved_bytes, 5 * mib);
  EXPECT_LE(held("arena").reserved_bytes, 8 * mib);
  EXPECT_GE(held("arena").pool_mapped_bytes, 5 * mib);
}

TEST_F(Replays, HonourFreesWithinAPhase) {
  std::string log = "0,0,allocate,0x2,256,0\n";  // one phase, of 40 blocks of 1 MiB one after the other
  for (int i = 0; i < 40; ++i) log += "0,0,allocate,0x1,1048576,0\n0,0,free,0x1,1048576,0\n";
  Case& of = case_of(log + "0,0,free,0x2,256,0\n");
  for (const AllocatorInfo* each : all_allocators()) {
    const TrialFindings findings = of.verify(*each, stop_);
    EXPECT_LE(std::max(findings.reserved_bytes, findings.pool_mapped_bytes), 4 * mib) << each->name;
  }
}

TEST_F(Replays, CountTheCallsOfOnePassOfOneThread) {
  Case& of = case_of(small_trace);
  EXPECT_TRUE(of.counts_calls());
  const auto counter = make_call_counter().counter;
  Measured trial = measured(of, allocator("cuda-malloc"));
  trial.warmed_up();
  const Recording recording = trial.trial->record(counter.get());
  EXPECT_EQ(recording.phases, 2u);
  EXPECT_EQ(recording.calls.value().runtime, 8u);
  EXPECT_EQ(recording.calls->of(CallKind::allocate), 4u);
  EXPECT_EQ(recording.calls->of(CallKind::free), 4u);
  EXPECT_EQ(trial.trial->record(nullptr).calls, std::nullopt);
  EXPECT_EQ(trial.trial->finish(false).error, std::nullopt);
  EXPECT_FALSE(case_of(crossing_trace).counts_calls());
}

// --- threads and streams ---

TEST_F(Replays, HaveAThreadAndAStreamForEachOfTheTrace) {
  Case& of = case_of(crossing_trace);
  const Row row = described(of);
  EXPECT_EQ(row.configuration.threads, 3u);
  EXPECT_EQ(row.configuration.streams, 2u);
  const EventLog log;
  Measured trial = measured(of, observed);
  EXPECT_EQ(Observed::lives, 3u) << "7 on a, 8 on b, 9 on b";
  host::clear_calls();
  replay(trial);

  std::map<std::size_t, Observed::Event> allocations, frees;
  std::set<std::thread::id> threads;
  std::set<cudaStream_t> streams;
  for (const Observed::Event& event : log.events) {
    if (event.what == 'm') continue;
    threads.insert(event.thread);
    streams.insert(event.stream);
    if (event.what == 'a') allocations.emplace(event.bytes, event);
    if (event.what == 'f') frees.emplace(event.bytes, event);
  }
  EXPECT_EQ(threads.size(), 3u);
  EXPECT_EQ(streams.size(), 2u);
  EXPECT_EQ(allocations.size(), 4u);
  ASSERT_EQ(frees.size(), 4u);
  for (const auto& [bytes, free] : frees) {
    EXPECT_EQ(free.thread, allocations.at(bytes).thread) << bytes;
    EXPECT_EQ(free.life, allocations.at(bytes).life) << bytes;
  }

  // Two frees are on another stream: the allocating one waits for what that was given before.
  std::vector<cudaStream_t> recorded, waiting;
  for (const host::Call& call : host::calls()) {
    if (call.function == "cudaEventRecord") recorded.push_back(call.stream);
    if (call.function == "cudaStreamWaitEvent") waiting.push_back(call.stream);
  }
  ASSERT_EQ(recorded.size(), 2u);
  EXPECT_TRUE(std::ranges::is_permutation(recorded, waiting));  // a for b, and b for a
  EXPECT_NE(recorded[0], recorded[1]);
}

TEST_F(Replays, FreeBlocksThatCrossInTheOrderOfTheLogByTheSameThreadsInEachPass) {
  Case& of = case_of(crossing_trace);
  Measured trial = measured(of, observed);
  std::set<std::thread::id> threads;
  for (std::size_t pass = 0; pass < trial.schedule.samples; ++pass) {
    const EventLog log;
    replay(trial);
    const auto place = [&](char what, std::size_t bytes) {
      return std::ranges::find_if(
                 log.events, [&](const auto& event) { return event.what == what && event.bytes == bytes; }) -
             log.events.begin();
    };
    EXPECT_LT(place('a', 3'000'000), place('f', 3'000'000));
    EXPECT_LT(place('f', 3'000'000), place('a', 4'000'000));  // what thread 7 does next
    EXPECT_LT(place('a', 4'000'000), place('f', 4'000'000));
    for (const Observed::Event& event : log.events) threads.insert(event.thread);
  }
  EXPECT_EQ(threads.size(), 3u);
}

// --- failures ---

TEST_F(Replays, ThatFailLeaveNothingAllocated) {
  for (const std::string_view trace : {small_trace, crossing_trace}) {
    Case& of = case_of(trace);
    const std::size_t live = host::live_allocations();
    for (const char* const call : {"cudaMalloc", "cudaFree"}) {
      for (std::size_t k = 1; k <= 4; ++k) {
        {
          Measured trial = measured(of, allocator("cuda-malloc"));
          host::fail_call(k, cudaErrorMemoryAllocation, call);
          EXPECT_ANY_THROW(replay(trial)) << call << ' ' << k;
          host::clear_fault();
        }
        static_cast<void>(cudaGetLastError());
        EXPECT_EQ(host::live_allocations(), live) << call << ' ' << k;
      }
    }
  }
}

// Threads that never meet but at the ends of phases: wherever one fails, no other waits for ever.
TEST_F(Replays, EndInAllThreadsIfOneFails) {
  std::string log;
  for (int phase = 0; phase < 20; ++phase)
    for (const char* const action : {"allocate", "free"})
      for (int thread = 0; thread < 3; ++thread)
        log += fmt::format("{0},0,{1},{2},1000,{0}\n", thread, action, thread + 1);
  Case& of = case_of(log);
  for (int round = 0; round < 60; ++round) {
    std::atomic<int> allocations = 0;
    Observed::on_event = [&](const Observed::Event& event) {
      if (event.what == 'a' && allocations++ == round) throw OutOfDeviceMemory({.bytes_asked = event.bytes});
    };
    Measured trial = measured(of, observed);
    EXPECT_THROW(replay(trial), OutOfDeviceMemory);
    Observed::on_event = nullptr;
  }
}

TEST_F(Replays, EndInAllThreadsIfTheStreamsCannotBeSynchronised) {
  std::string log;
  for (int phase = 0; phase < 2; ++phase)
    for (const char* const action : {"allocate", "free"})
      for (int thread = 0; thread < 2; ++thread)
        log += fmt::format("{0},0,{1},{2},1000,{0}\n", thread, action, thread + 1);
  Case& of = case_of(log);
  for (std::size_t call = 1; call <= 4; ++call) {  // of those in the constructor and in the checked passes
    host_runtime::fail_call(call, cudaErrorUnknown, "cudaStreamSynchronize");
    EXPECT_THROW(static_cast<void>(of.verify(allocator("arena"), stop_)), CudaError) << call;
    EXPECT_FALSE(host_runtime::clear_fault()) << "the call was made";
  }
}

// --- as rows ---

TEST_F(Replays, OfEveryAllocatorAreRowsWithTheTracesFigures) {
  RunConfig config = config_of(std::string{small_trace} + "0,8,allocate,(nil),0,0\n");
  config.allocators = all_allocators();
  config.sync_modes = {SyncMode::end, SyncMode::phase};
  config.replay_warmup = 6;
  const Outcome outcome = run(config);
  EXPECT_EQ(outcome.groups.size(), 2u);
  EXPECT_TRUE(outcome.end.all_measured);
  for (const Row& row : outcome.rows()) {
    expect_measured(row, config);
    EXPECT_EQ(row.kind(), "replay");
    EXPECT_EQ(row.iters, 4u);
    EXPECT_EQ(row.warmup, 6u);
    EXPECT_EQ(row.samples, 2u * config.repetitions);
    EXPECT_EQ(row.allocations_per_phase, 2);
    ASSERT_TRUE(row.replay);
    EXPECT_EQ(row.replay->trace, "trace");
    EXPECT_EQ(row.replay->operations, 8u);
    EXPECT_EQ(row.replay->left_out, 1u);
    EXPECT_EQ(row.replay->peak_live_bytes, 5 * mib);
    EXPECT_GE(row.replay->held_bytes, 5 * mib);
    EXPECT_GT(row.replay->operation.median_ns, 0);
    EXPECT_LE(4 * row.replay->operation.median_ns, row.host_enqueue.max_ns) << "four a phase";
    EXPECT_GT(row.replay->first_phase_ns.value(), 0);
    EXPECT_GT(row.replay->first_phase_ratio.value(), 0);
    EXPECT_GT(row.replay->worst_phase_ns.value(), 0);
    const double calls = row.calls.runtime;
    EXPECT_TRUE(row.allocator != "cuda-malloc" || calls == 4) << calls;
    EXPECT_TRUE(row.allocator != "arena" || calls == 0) << calls << ": it is warmed up";
  }
}

TEST_F(Replays, ThatAreWrongOrFailAreRowsThatSaySo) {
  RunConfig config = config_of(crossing_trace);
  config.allocators = {&observed, &allocator(lower_bound_name)};
  for (const Status status : {Status::wrong_result, Status::out_of_memory}) {
    Observed::is_wrong = [=](auto, auto) { return status == Status::wrong_result; };
    Observed::on_event = [=](const Observed::Event& event) {
      if (status == Status::out_of_memory && event.bytes == 500)
        throw OutOfDeviceMemory({.bytes_asked = 500});
    };
    // What is at one address at once is of one thread and stream.
    if (status == Status::wrong_result) config.traces = config_of(small_trace).traces;
    if (status == Status::out_of_memory) config.traces = config_of(crossing_trace).traces;
    const std::vector<Row> rows = run(config).rows();
    EXPECT_EQ(rows.at(0).status, status) << rows[0].message;
    EXPECT_EQ(rows[0].samples, 0u);
    expect_measured(rows.at(1), config);
    EXPECT_TRUE(std::isnan(rows[1].calls.runtime) == (status == Status::out_of_memory))
        << "of several threads";
  }
}

}  // namespace
}  // namespace daa::test
