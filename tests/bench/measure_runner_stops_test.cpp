// When a run ends before all trials are taken: it is precise enough, the time is over, or it is interrupted.

#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdio>
#include <fstream>
#include <thread>

#include "measure_fixture.hpp"
#include "temporary_folder.hpp"

namespace daa::test {
namespace {

using std::chrono::milliseconds;

class Stops : public MeasureTest {
 protected:
  static RunConfig two_allocators(std::size_t repetitions) {
    RunConfig config = small_config();
    config.allocators = {&allocator("preallocated"), &allocator("arena")};
    config.repetitions = repetitions;
    return config;
  }
};

TEST_F(Stops, OnceTheRatiosAreKnownWellEnough) {
  RunConfig config = two_allocators(400);
  config.max_noise = 1;  // quiet enough as soon as there are nine pairs
  const std::vector<Row> rows = run(config).rows();
  ASSERT_EQ(rows.size(), 2u);
  for (const Row& row : rows) {
    EXPECT_EQ(row.status, Status::ok) << row.message;
    EXPECT_GE(row.repetitions, min_repetitions_for_noise);
    EXPECT_LT(row.repetitions, 200u);
    EXPECT_EQ(row.repetitions, rows[0].repetitions);
    EXPECT_EQ(row.samples, row.repetitions);
    EXPECT_EQ(row.calls.runtime, 0) << "the pass for the counters comes all the same";
  }
}

TEST_F(Stops, NotWhileTheRatiosAreUnknownWhichIsNoted) {
  RunConfig config = two_allocators(12);
  config.max_noise = 1e-9;
  const Outcome outcome = run(config);
  for (const Row& row : outcome.rows()) expect_measured(row, config);
  EXPECT_EQ(std::ranges::count(outcome.notes, '\n'), 1);
  EXPECT_NE(outcome.notes.find("scan/1000/sync:end: --max-noise=1e-09"), std::string::npos) << outcome.notes;

  config.max_noise = 1;
  config.against = "cuda-malloc";  // which is not there
  for (const Row& row : run(config).rows()) EXPECT_EQ(row.repetitions, 12u);
}

TEST_F(Stops, BeforeTheFirstTrialLeavesEverythingMissing) {
  RunConfig config = two_allocators(3);
  config.elements = {100, 200};
  config.sync_modes = {SyncMode::phase, SyncMode::end};
  config.timeout_s = 1e-9;
  const Outcome outcome = run(config);
  EXPECT_TRUE(outcome.groups.empty());
  EXPECT_EQ(outcome.end.missing, 2u * 2u * 2u);
  EXPECT_EQ(outcome.end.first_missing, "scan/100/sync:phase/preallocated");
}

TEST_F(Stops, BetweenCasesLeavesTheRowsOfThoseThatAreComplete) {
  RunConfig config = two_allocators(3);
  config.elements = {100, 200, 300};
  config.timeout_s = 3;
  const Outcome outcome =
      run(config, {.on_rows = [](auto) { std::this_thread::sleep_for(milliseconds{3000}); }});
  ASSERT_EQ(outcome.rows().size(), 2u);
  for (const Row& row : outcome.rows()) {
    expect_measured(row, config);
    EXPECT_EQ(row.elements, 100u);
  }
  EXPECT_EQ(outcome.end.missing, 4u);
  EXPECT_EQ(outcome.end.first_missing, "scan/200/sync:end/preallocated");
  EXPECT_TRUE(outcome.end.all_measured) << "what has a row";
}

// The last of its trials is not whole.
TEST_F(Stops, WithinACaseLeavesNoRowOfItButOfThoseThatHaveFailed) {
  RunConfig config = small_config();
  config.allocators = {&observed, &allocator("cuda-malloc")};
  const AllocatorInfo failing{"failing", "of a test", [](cudaStream_t, const Demand&) {
                                throw OutOfDeviceMemory({.bytes_asked = 1});
                                return std::unique_ptr<ScratchAllocator>{};
                              }};
  config.allocators.push_back(&failing);
  config.timeout_s = 2;
  Observed::on_event = [&](const Observed::Event& event) {
    if (event.life == config.repetitions && event.what == 'm')
      std::this_thread::sleep_for(milliseconds{2000});
  };
  const Outcome outcome = run(config);
  ASSERT_EQ(outcome.rows().size(), 1u);
  EXPECT_EQ(outcome.rows()[0].allocator, "failing");
  EXPECT_EQ(outcome.end.missing, 2u);
  EXPECT_EQ(outcome.end.first_missing, "scan/1000/sync:end/observed");
}

TEST_F(Stops, WhereRepetitionsAreOpenThoseTakenInTimeAreReportedWithTheirCounters) {
  const TemporaryFolder folder;
  std::ofstream{folder.path() / "t.csv"} << "Thread,Time,Action,Pointer,Size,Stream\n"
                                            "0,0,allocate,0x1,1000,0\n0,1,free,0x1,1000,0\n";
  for (const bool is_replay : {false, true}) {
    RunConfig config = two_allocators(100'000'000);
    if (is_replay) {
      config.workloads.clear();
      config.traces = {{"t", folder.path() / "t.csv"}};
    }
    config.max_noise = 1e-9;
    config.timeout_s = 2;
    const Outcome outcome = run(config);
    const std::vector<Row> rows = outcome.rows();
    ASSERT_EQ(rows.size(), 2u);
    EXPECT_GE(rows[0].repetitions, min_repetitions_for_noise);
    EXPECT_EQ(rows[0].repetitions, rows[1].repetitions);
    EXPECT_EQ(rows[0].calls.runtime, 0);
    EXPECT_EQ(outcome.end.missing, 0u);
    EXPECT_NE(outcome.notes.find("--max-noise=1e-09"), std::string::npos) << outcome.notes;
  }
}

// However long one repetition is.
TEST_F(Stops, WithinASecondOfTheDeadlineInEveryMode) {
  constexpr std::size_t for_ever = 1'000'000'000;
  const TemporaryFolder folder;
  std::ofstream{folder.path() / "t.csv"} << "Thread,Time,Action,Pointer,Size,Stream\n"
                                            "0,0,allocate,0x1,1000,0\n1,1,free,0x1,1000,1\n"
                                            "1,2,allocate,0x1,1000,1\n1,3,free,0x1,1000,1\n";
  std::vector<RunConfig> configs;
  const auto add = [&](auto change) { change(configs.emplace_back(small_config())); };
  add([](RunConfig&) {});
  add([](RunConfig& config) { config.sync_modes = {SyncMode::phase}; });
  add([](RunConfig& config) { config.modes = {Mode::cold}; });
  add([](RunConfig& config) { config.modes = {Mode::graph}; });
  add([](RunConfig& config) { config.threads = {2}; });
  add([](RunConfig& config) { config.streams = {2}; });
  for (const SyncMode sync : {SyncMode::end, SyncMode::phase})
    add([&](RunConfig& config) {
      config.workloads.clear();
      config.traces = {{"t", folder.path() / "t.csv"}};
      config.sync_modes = {sync};
    });
  for (RunConfig config : configs) {
    config.timeout_s = 0.3;
    for (const bool in_warm_up : {false, true}) {
      (in_warm_up ? config.warmup : config.iters) = for_ever;
      (in_warm_up ? config.replay_warmup : config.replay_iters) = for_ever;
      const auto start = Clock::now();
      const Outcome outcome = run(config);
      EXPECT_LT(ns_between(start, Clock::now()), 1.3e9) << outcome.end.first_missing;
      EXPECT_TRUE(outcome.groups.empty());
      EXPECT_EQ(outcome.end.missing, 1u);
    }
  }
}

TEST_F(Stops, NeverWithTimeEnough) {
  RunConfig config = two_allocators(3);
  config.timeout_s = 600;
  EXPECT_EQ(run(config).end.missing, 0u);
}

// --- Ctrl-C: each in a process of its own, for an interrupt is never forgotten ---

class StopsAfterCtrlC : public Stops {
 protected:
  void SetUp() override {
    std::signal(SIGINT, SIG_DFL);
    GTEST_FLAG_SET(death_test_style, "threadsafe");
  }

  static RunConfig three_sizes() {
    RunConfig config = two_allocators(3);
    config.elements = {100, 200, 300};
    return config;
  }

  [[noreturn]] static void exit_with(bool claim) {
    std::fflush(nullptr);
    const bool is_clean = host_runtime::live_allocations() == 0 && host_runtime::violations().empty();
    ::_exit(claim && is_clean ? 0 : 1);
  }
};

TEST_F(StopsAfterCtrlC, BetweenCasesWithTheRowsOfThoseThatAreComplete) {
  EXPECT_EXIT(
      {
        catch_interrupts();
        const Outcome outcome = run(three_sizes(), {.on_rows = [](auto) { std::raise(SIGINT); }});
        const std::vector<Row> rows = outcome.rows();
        exit_with(rows.size() == 2 && rows[1].elements == 100 && rows[1].repetitions == 3 &&
                  outcome.end.missing == 4);
      },
      testing::ExitedWithCode(0), "");
}

TEST_F(StopsAfterCtrlC, InTheMiddleOfATrialWithNoRowOfItsCase) {
  EXPECT_EXIT(
      {
        catch_interrupts();
        RunConfig config = three_sizes();
        config.allocators = {&observed};
        config.iters = 1'000'000'000;  // would take hours
        config.sync_modes = {SyncMode::phase};
        Observed::on_event = [](const Observed::Event& event) {
          if (event.life == 1 && event.phase == 10 && event.what == 'e') std::raise(SIGINT);
        };
        const Outcome outcome = run(config);
        exit_with(outcome.groups.empty() && outcome.end.missing == 3);
      },
      testing::ExitedWithCode(0), "");
}

}  // namespace
}  // namespace daa::test
