// What a run does with its cases, in which order, and what it reports.

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <set>
#include <stdexcept>
#include <tuple>

#include "lone_ranks.hpp"
#include "measure_fixture.hpp"

namespace daa::test {
namespace {

namespace host = host_runtime;

// A case that notes what is asked of it, in a line each: "verify arena", "trial arena".
class FakeCase final : public Case {
 public:
  explicit FakeCase(std::vector<std::string>& log, bool counts = true) : log_(log), counts_(counts) {}

  [[nodiscard]] std::string_view workload() const override { return "fake"; }
  [[nodiscard]] const Schedule& schedule() const override { return schedule_; }
  void describe(Row& row) const override { row.workload = "fake"; }
  void prepare(const StopCondition& /*stop*/) override { log_.emplace_back("prepare"); }
  [[nodiscard]] TrialFindings verify(const AllocatorInfo& allocator, const StopCondition&) override {
    log_.push_back(fmt::format("verify {}", allocator.name));
    return {};
  }
  [[nodiscard]] std::unique_ptr<Trial> make_trial(const AllocatorInfo& allocator,
                                                  const StopCondition&) override {
    log_.push_back(fmt::format("trial {}", allocator.name));
    return std::make_unique<FakeTrial>(log_);
  }
  [[nodiscard]] bool counts_calls() const override { return counts_; }
  void release() override { log_.emplace_back("release"); }

 private:
  struct FakeTrial final : Trial {
    explicit FakeTrial(std::vector<std::string>& to) : log(to), stream(make_stream()), handle(stream.get()) {}
    [[nodiscard]] std::span<const cudaStream_t> streams(std::size_t) const override { return {&handle, 1}; }
    void enqueue_phase(std::size_t) override {}
    [[nodiscard]] TrialFindings finish(bool check) override {
      if (check) log.back() += " checked";
      return {};
    }
    [[nodiscard]] Recording record(CallCounter* counter) override {
      log.back() += counter != nullptr ? " counted" : " recorded";
      Recording recording;
      recording.phases = 1;
      return recording;
    }
    std::vector<std::string>& log;
    Stream stream;
    cudaStream_t handle;
  };

  std::vector<std::string>& log_;
  bool counts_;
  Schedule schedule_;
};

using Log = std::vector<std::string>;

class RunnerTest : public MeasureTest {
 protected:
  // What a run of `count` fake cases does.
  static Log run_fakes(const RunConfig& config, std::size_t count = 1) {
    Log log;
    Cases cases;
    for (std::size_t i = 0; i < count; ++i) cases.push_back(std::make_unique<FakeCase>(log));
    run(config, cases, {.on_rows = [&](auto rows) { log.push_back(fmt::format("{} rows", rows.size())); }});
    return log;
  }

  static RunConfig three_allocators(std::size_t repetitions) {
    RunConfig config = small_config();
    config.allocators = {&allocator("preallocated"), &allocator("arena"), &allocator("cuda-malloc")};
    config.repetitions = repetitions;
    return config;
  }
};

TEST_F(RunnerTest, VerifiesThenTimesThenCountsThenReportsEachCase) {
  RunConfig config = small_config();
  const Log of_one{"prepare",
                   "verify preallocated",
                   "trial preallocated checked",
                   "trial preallocated",
                   "trial preallocated checked",
                   "trial preallocated counted",
                   "1 rows",
                   "release"};
  EXPECT_EQ(run_fakes(config), of_one);
  Log of_two = of_one;
  of_two.insert(of_two.end(), of_one.begin(), of_one.end());
  EXPECT_EQ(run_fakes(config, 2), of_two);
}

TEST_F(RunnerTest, EachRepetitionHasOneTrialOfEachAllocatorInAnOrderDrawnFromTheSeed) {
  RunConfig config = three_allocators(20);
  const auto orders_of = [&] {
    Log log = run_fakes(config);
    std::erase_if(log, [](const std::string& line) { return !line.starts_with("trial "); });
    EXPECT_EQ(log.size(), 3 * 20u + 3) << "with the passes for the counters";
    std::vector<Log> orders;
    for (std::size_t i = 0; i + 3 < log.size(); i += 3) {
      Log order;
      for (std::size_t j = i; j < i + 3; ++j) order.push_back(log[j].substr(0, log[j].find(' ', 6)));
      orders.push_back(order);
    }
    return orders;
  };
  const std::vector<Log> orders = orders_of();
  for (const Log& order : orders)
    EXPECT_EQ(std::set(order.begin(), order.end()),
              (std::set<std::string>{"trial preallocated", "trial arena", "trial cuda-malloc"}));
  EXPECT_GE(std::set(orders.begin(), orders.end()).size(), 4u) << "of six";
  EXPECT_EQ(orders_of(), orders);
  config.seed = 2;
  EXPECT_NE(orders_of(), orders);
}

TEST_F(RunnerTest, RowsComeInTheOrderAskedAndAsAnnounced) {
  RunConfig config = three_allocators(3);
  config.workloads = {&workload("sort"), &workload("compact")};
  config.elements = {700, 300};
  config.sync_modes = {SyncMode::phase, SyncMode::end};
  const Cases cases = make_cases(config, std::size_t{1} << 40, lone_ranks());
  EXPECT_EQ(trial_count(config, cases), 8u * 3 * 3);
  const std::vector<Row> expected = rows_to_come(config, cases, lone_ranks());
  const Outcome outcome = run(config, cases);
  EXPECT_EQ(outcome.groups.size(), 8u);
  const std::vector<Row> rows = outcome.rows();
  ASSERT_EQ(rows.size(), expected.size());
  for (std::size_t i = 0; i < rows.size(); ++i) {
    expect_measured(rows[i], config);
    const auto announced = [](const Row& row) {
      return std::make_tuple(case_name(row), row.allocator, row.iters, row.warmup, row.phases_per_batch,
                             row.seed, row.against, row.profiler);
    };
    EXPECT_EQ(announced(rows[i]), announced(expected[i]));
  }
  EXPECT_EQ(rows[3].elements, 700u);
  EXPECT_EQ(rows[3].configuration.sync, SyncMode::end);
  EXPECT_EQ(rows[6].elements, 300u);
  EXPECT_TRUE(outcome.end.all_measured);
  EXPECT_EQ(outcome.end.missing, 0u);
  EXPECT_EQ(outcome.end.first_missing, "");
}

TEST_F(RunnerTest, ARowSaysWithWhatItWasMeasured) {
  RunConfig config = small_config();
  config.seed = 12345;
  config.iters = 50;
  config.sync_modes = {SyncMode::end, SyncMode::phase};
  const std::vector<Row> rows = run(config).rows();
  for (const Row& row : rows) {
    EXPECT_EQ(row.iters, 50u);
    EXPECT_EQ(row.warmup, 2u);
    EXPECT_EQ(row.seed, 12345u);
    EXPECT_EQ(row.against, lower_bound_name);
    EXPECT_EQ(row.allocations_per_phase, 3);
    EXPECT_EQ(row.calls.runtime, 0);
    EXPECT_GE(row.reserved_bytes, static_cast<std::size_t>(row.asked_per_phase_bytes));
    EXPECT_GT(row.asked_per_phase_bytes, 0);
  }
  EXPECT_EQ(rows[0].phases_per_batch, 17u);
  EXPECT_EQ(rows[0].samples, 3u * 3u);
  EXPECT_EQ(rows[1].phases_per_batch, 1u);
  EXPECT_EQ(rows[1].samples, 3u * 50u);
}

TEST_F(RunnerTest, EachTrialHasAnAllocatorOfItsOwnAndNoOtherBesideIt) {
  RunConfig config = small_config();
  config.allocators = {&observed, &observed};
  config.sync_modes = {SyncMode::end, SyncMode::phase};
  int alive = 0, most_alive = 0;
  Observed::on_event = [&](const Observed::Event& event) {
    alive += event.what == 'm' ? 1 : event.what == 'd' ? -1 : 0;
    most_alive = std::max(most_alive, alive);
  };
  for (const Row& row : run(config).rows()) expect_measured(row, config);
  EXPECT_EQ(Observed::lives, 1 + 2 * 2 * (3 + 1u))
      << "a verification, 3 trials in either sync mode and a pass";
  EXPECT_EQ(alive, 0);
  EXPECT_EQ(most_alive, 1);
}

TEST_F(RunnerTest, AnAllocatorNamedAgainIsMeasuredAgainAndNumbered) {
  RunConfig config = small_config();
  config.allocators = {&allocator("arena"), &allocator("preallocated"), &allocator("arena"),
                       &allocator("arena"), &allocator("preallocated")};
  const std::vector<Row> rows = run(config).rows();
  Log labels;
  for (const Row& row : rows) {
    labels.push_back(row.allocator);
    expect_measured(row, config);
  }
  EXPECT_EQ(labels, (Log{"arena", "preallocated", "arena:2", "arena:3", "preallocated:2"}));
  EXPECT_EQ(rows[1].end_to_end.ratio, 1) << "the first of them is what ratios refer to";
}

TEST_F(RunnerTest, RatiosAreToTheLowerBoundAndToTheOneAskedFor) {
  RunConfig config = three_allocators(3);
  config.against = "arena";
  const std::vector<Row> rows = run(config).rows();
  for (const auto clock : {&Row::host_enqueue, &Row::device, &Row::end_to_end}) {
    const ClockSummary &bound = rows[0].*clock, &arena = rows[1].*clock, &other = rows[2].*clock;
    EXPECT_EQ(std::tie(bound.ratio, bound.ratio_low, bound.ratio_high), std::make_tuple(1, 1, 1));
    EXPECT_EQ(arena.against_ratio, 1);
    EXPECT_LE(other.ratio_low, other.ratio);
    EXPECT_LE(other.ratio, other.ratio_high);
    EXPECT_GT(other.ratio_low, 0);
    EXPECT_TRUE(std::isfinite(other.against_ratio_high));
  }
  config.allocators = {&allocator("cuda-malloc")};
  const Row alone = run(config).rows().at(0);
  expect_measured(alone, config);
  EXPECT_TRUE(std::isnan(alone.end_to_end.ratio));
  EXPECT_TRUE(std::isnan(alone.end_to_end.against_ratio_low));
}

// --- counters ---

TEST_F(RunnerTest, CountsCallsOfWarmedUpAllocators) {
  RunConfig config = small_config();
  config.workloads = {&workload("compact")};
  config.allocators = {&allocator("arena")};
  config.elements = {230'000};  // more than the arena's first chunk holds
  config.iters = 4;
  config.repetitions = 1;
  config.warmup = 8;
  EXPECT_EQ(run(config).rows()[0].calls.runtime, 0);
  config.warmup = 0;
  EXPECT_GT(run(config).rows()[0].calls.runtime, 0);
}

TEST_F(RunnerTest, CountsEachAllocationAndEachFreeThatIsACall) {
  RunConfig config = small_config();
  config.allocators = {&allocator("cuda-malloc"), &allocator("cuda-malloc-async"),
                       &allocator("arena-individual")};
  for (const Row& row : run(config).rows()) {
    EXPECT_EQ(row.calls.allocate, row.allocations_per_phase) << row.allocator;
    EXPECT_EQ(row.calls.free, row.allocations_per_phase) << row.allocator;
  }
}

// Counts how many there are.
struct Attached final : CallCounter {
  static inline int alive = 0, made = 0;
  Attached() { ++alive, ++made; }
  ~Attached() override { --alive; }
  void resume() override {}
  void pause() override {}
  CallCounts take() override { return {}; }
  static MadeCallCounter make() { return {std::make_unique<Attached>(), {}}; }
};

TEST_F(RunnerTest, NoTrialIsTimedWhileCallsAreCounted) {
  RunConfig config = small_config();
  config.allocators = {&observed};
  config.sync_modes = {SyncMode::end, SyncMode::phase};
  Attached::made = 0;
  std::string attached;  // in each life of the allocator
  Observed::on_event = [&](const Observed::Event& event) {
    if (event.what == 'm') attached += Attached::alive > 0 ? 'c' : 't';
  };
  run(config, {.instruments = {.make_call_counter = Attached::make}});
  EXPECT_EQ(attached,
            "ttttc"
            "tttc")
      << "verified once";
  EXPECT_EQ(Attached::made, 2);
  EXPECT_EQ(Attached::alive, 0);
}

TEST_F(RunnerTest, NothingIsAttachedWhereNobodyWantsCountsOrThreadsCannotBeCounted) {
  Attached::made = 0;
  RunConfig config = small_config();
  config.count_calls = false;
  const RunOptions options{.instruments = {.make_call_counter = Attached::make}};
  const Outcome outcome = run(config, options);
  EXPECT_TRUE(std::isnan(outcome.rows().at(0).calls.runtime));
  EXPECT_GT(outcome.rows().at(0).reserved_bytes, 0u);
  EXPECT_EQ(outcome.notes, "");

  Log log;
  Cases uncounted;
  uncounted.push_back(std::make_unique<FakeCase>(log, false));
  EXPECT_TRUE(run(small_config(), uncounted, options).end.all_measured);
  EXPECT_EQ(Attached::made, 0);
}

TEST_F(RunnerTest, CallsThatCannotBeCountedAreLeftBlankAndNotedOnce) {
  RunConfig config = small_config();
  config.elements = {100, 200};
  const Outcome outcome = run(config, {.instruments = {.make_call_counter = [] {
                                         return MadeCallCounter{nullptr, "there is no CUPTI"};
                                       }}});
  for (const Row& row : outcome.rows()) {
    expect_measured(row, config);
    EXPECT_TRUE(std::isnan(row.calls.runtime));
    EXPECT_TRUE(std::isnan(row.calls.synchronisations));
    EXPECT_GT(row.reserved_bytes, 0u);
  }
  EXPECT_EQ(std::ranges::count(outcome.notes, '\n'), 1);
  EXPECT_NE(outcome.notes.find("there is no CUPTI"), std::string::npos) << outcome.notes;
}

// --- a device that runs at another rate ---

// Read twice a trial. `slow` are those in which the device runs at half its rate.
Instruments slow_in(std::set<std::size_t> slow) {
  Instruments instruments;
  instruments.read_clock = [slow = std::move(slow), readings = std::size_t{0}]() mutable -> ClockReading {
    return {slow.contains(readings++ / 2) ? 990.0 : 1980.0, false};
  };
  return instruments;
}

RunConfig five_trials_of_three_samples() {
  RunConfig config = small_config();
  config.iters = 60;
  config.repetitions = 5;
  return config;
}

TEST_F(RunnerTest, SamplesOfThrottledTrialsAreDropped) {
  const Row row = run(five_trials_of_three_samples(), {.instruments = slow_in({2})}).rows().at(0);
  EXPECT_EQ(row.repetitions, 5u);
  EXPECT_EQ(row.throttled_samples, 3u);
  EXPECT_EQ(row.samples, 12u);
  EXPECT_EQ(row.sm_clock_mhz, 1980);
  EXPECT_EQ(row.message, "");
}

TEST_F(RunnerTest, WhereEveryTrialIsThrottledAllAreKeptAndTheRowSaysSo) {
  Instruments instruments;
  instruments.read_clock = [] { return ClockReading{1980, true}; };
  const Row row = run(five_trials_of_three_samples(), {.instruments = instruments}).rows().at(0);
  EXPECT_EQ(row.status, Status::ok);
  EXPECT_EQ(row.samples, 15u);
  EXPECT_EQ(row.throttled_samples, 15u);
  EXPECT_GT(row.end_to_end.median_ns, 0);
  EXPECT_NE(row.message.find("throttled"), std::string::npos) << row.message;
}

TEST_F(RunnerTest, AThrottledTrialLeavesTheRatiosWithItsPair) {
  RunConfig config = five_trials_of_three_samples();
  config.repetitions = 2;
  config.allocators = {&allocator("preallocated"), &allocator("arena")};
  for (std::size_t slow = 0; slow < 4; ++slow) {
    const ClockSummary clock = run(config, {.instruments = slow_in({slow})}).rows().at(1).end_to_end;
    EXPECT_TRUE(std::isfinite(clock.ratio));
    EXPECT_TRUE(std::isnan(clock.ratio_low)) << "one pair is left, and one has no interval";
  }
}

TEST_F(RunnerTest, ACaseThatRunsAtAnotherRateThroughoutIsNotThrottled) {
  RunConfig config = five_trials_of_three_samples();
  config.elements = {1000, 2000};
  const std::vector<Row> rows = run(config, {.instruments = slow_in({5, 6, 7, 8, 9})}).rows();
  for (const Row& row : rows) EXPECT_EQ(row.throttled_samples, 0u) << row.elements;
  EXPECT_EQ(rows.at(1).sm_clock_mhz, 990);

  Instruments silent;
  silent.read_clock = [] { return ClockReading{}; };
  const Row row = run(config, {.instruments = silent}).rows().at(0);
  EXPECT_TRUE(std::isnan(row.sm_clock_mhz));
  EXPECT_EQ(row.throttled_samples, 0u);
}

// --- the rest ---

TEST_F(RunnerTest, OfNothingIsTheOverheadOfMeasuring) {
  RunConfig config = small_config();
  config.workloads = {&synthetic("none")};
  config.allocators = all_allocators();
  for (const Row& row : run(config).rows()) {
    expect_measured(row, config);
    EXPECT_EQ(row.allocations_per_phase, 0);
    EXPECT_EQ(row.asked_per_phase_bytes, 0);
  }
  EXPECT_EQ(host::call_count("cudaLaunchKernel"), 0u);
  EXPECT_EQ(host::call_count("cudaMemsetAsync"), 0u) << "nothing is flushed unasked";
}

TEST_F(RunnerTest, EachNumberOfAllocationsIsACaseOfTheSameMemory) {
  RunConfig config = three_allocators(2);
  config.workloads = {&synthetic("allocs")};
  config.allocs_per_phase = {1, 8, 64};
  const Outcome outcome = run(config);
  ASSERT_EQ(outcome.groups.size(), 3u);
  for (std::size_t i = 0; i < 3; ++i) {
    const std::size_t allocs = config.allocs_per_phase[i];
    for (const Row& row : outcome.groups[i]) {
      expect_measured(row, config);
      EXPECT_EQ(row.allocs_per_phase, allocs);
      EXPECT_EQ(row.kind(), "sweep");
      EXPECT_EQ(row.allocations_per_phase, static_cast<double>(allocs));
      EXPECT_EQ(row.asked_per_phase_bytes, static_cast<double>(1000 / allocs * allocs * 4));
    }
  }
}

TEST_F(RunnerTest, TheCacheIsFlushedBeforeEachSampleWithMemoryTakenBeforeAnyAllocators) {
  RunConfig config = small_config();
  config.allocators = {&allocator("cuda-malloc-async")};
  config.iters = 40;
  config.flush_l2 = true;
  const Row row = run(config).rows().at(0);
  expect_measured(row, config);
  EXPECT_TRUE(row.configuration.flush_l2);
  const std::vector<host::Call> calls = host::calls();
  const auto buffer = std::ranges::find_if(calls, [](const host::Call& call) {
    return call.function == "cudaMalloc" && call.bytes >= std::size_t{1} << 20;
  });
  ASSERT_NE(buffer, calls.end());
  EXPECT_EQ(std::ranges::count(calls.begin(), buffer, "cudaMemPoolCreate", &host::Call::function), 0);
  const auto flushes = std::ranges::count_if(calls, [&](const host::Call& call) {
    return call.function == "cudaMemsetAsync" && call.pointer == buffer->pointer;
  });
  EXPECT_EQ(static_cast<std::size_t>(flushes), row.samples);
}

TEST_F(RunnerTest, WhatASinkThrowsEndsTheRunAndAnotherMayFollow) {
  RunConfig config = small_config();
  config.elements = {100, 200};
  int calls = 0;
  const RunOptions full_disk{.on_rows = [&](auto) {
    ++calls;
    throw std::runtime_error("the disk is full");
  }};
  EXPECT_THROW(run(config, full_disk), std::runtime_error);
  EXPECT_EQ(calls, 1);
  EXPECT_EQ(run(small_config()).rows().size(), 1u);
}

}  // namespace
}  // namespace daa::test
