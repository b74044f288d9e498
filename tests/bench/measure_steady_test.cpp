// A workload's phases one after the other, and how wrong results are found before and after.

#include <numeric>

#include "measure_fixture.hpp"

namespace daa::test {
namespace {

RunConfig one_of(std::string_view name, std::size_t elements = 1000) {
  RunConfig config = small_config();
  config.workloads = {&workload(name)};
  config.elements = {elements};
  return config;
}

// Sizes asked for, phase by phase.
std::vector<std::vector<std::size_t>> asked(const EventLog& log) {
  std::vector<std::vector<std::size_t>> phases(1);
  for (const Observed::Event& event : log.events) {
    if (event.what == 'a') phases.back().push_back(event.bytes);
    if (event.what == 'e') phases.emplace_back();
  }
  phases.pop_back();
  return phases;
}

using SteadyPhases = MeasureTest;

TEST_F(SteadyPhases, AreDividedBySyncModeAndMode) {
  struct Expected {
    Mode mode;
    SyncMode sync;
    std::size_t iters, batch, samples, warmup;
  };
  for (const Expected& expected : {
           Expected{Mode::steady, SyncMode::end, 50, 17, 3, 2},
           Expected{Mode::steady, SyncMode::end, 40, 20, 2, 2},
           Expected{Mode::steady, SyncMode::end, 7, 7, 1, 2},
           Expected{Mode::steady, SyncMode::phase, 50, 1, 50, 2},
           Expected{Mode::graph, SyncMode::end, 40, 20, 2, 2},
           Expected{Mode::threads, SyncMode::phase, 4, 1, 4, 2},
           Expected{Mode::cold, SyncMode::phase, 50, 1, 50, 0},
       }) {
    RunConfig config = one_of("none");
    config.workloads = {&synthetic("none")};
    config.iters = expected.iters;
    const WorkloadCase of{std::make_shared<SharedWorkload>(synthetic("none"), 1, std::nullopt, 1),
                          {.sync = expected.sync, .mode = expected.mode},
                          config};
    EXPECT_EQ(of.schedule().iters, expected.iters);
    EXPECT_EQ(of.schedule().phases_per_batch(), expected.batch);
    EXPECT_EQ(of.schedule().samples, expected.samples);
    EXPECT_EQ(of.schedule().warmup, expected.warmup);
    EXPECT_EQ(of.schedule().batches_per_sample, 1u);
  }
}

TEST_F(SteadyPhases, AreTheSameInEveryTrial) {
  RunConfig config = one_of("compact");
  for (const std::size_t iters : {1u, 2u, 3u, 5u}) {
    config.iters = iters;
    config.warmup = 1;
    Case& compact = prepared(config);
    std::vector<std::vector<std::size_t>> first;
    for (int trial = 0; trial < 3; ++trial) {
      const EventLog log;
      measured(compact, observed).warmed_up().sampled();
      if (trial == 0) first = asked(log);
      EXPECT_EQ(asked(log).size(), iters + 1);
      EXPECT_EQ(asked(log), first);
    }
  }
}

TEST_F(SteadyPhases, OfACycleAskForDifferentMemoryWhichTheRowSumsUp) {
  RunConfig config = one_of("compact", 2000);
  config.warmup = 8;
  Case& compact = prepared(config);
  const EventLog log;
  measured(compact, observed).warmed_up();
  const auto phases = asked(log);
  ASSERT_EQ(phases.size(), 8u);
  std::size_t most = 0, allocations = 0, bytes = 0;
  for (std::size_t i = 0; i < 4; ++i) {
    for (std::size_t j = 0; j < i; ++j) EXPECT_NE(phases[i], phases[j]);
    EXPECT_EQ(phases[i], phases[i + 4]);
    std::size_t of_phase = 0;
    for (const std::size_t size : phases[i]) of_phase += footprint(size);
    most = std::max(most, of_phase);
    allocations += phases[i].size();
    bytes = std::accumulate(phases[i].begin(), phases[i].end(), bytes);
  }
  const Row row = described(compact);
  EXPECT_EQ(row.peak_phase_bytes, most);
  EXPECT_EQ(row.allocations_per_phase, static_cast<double>(allocations) / 4);
  EXPECT_EQ(row.asked_per_phase_bytes, static_cast<double>(bytes) / 4);
}

TEST_F(SteadyPhases, AreVerifiedTwiceEach) {
  Case& compact = prepared(one_of("compact"));
  // A fresh case for each: an allocator's verification is remembered.
  for (std::size_t wrong = 0; wrong <= 8; ++wrong) {
    Observed::is_wrong = [&](auto, std::size_t phase) { return phase == wrong; };
    Case& again = wrong == 0 ? compact : prepared(one_of("compact"));
    EXPECT_EQ(again.verify(observed, stop_).error.has_value(), wrong < 8) << wrong;
  }
}

TEST_F(SteadyPhases, AreVerifiedOncePerAllocatorForAllConfigurations) {
  RunConfig config = small_config();
  config.allocators = {&observed};
  config.sync_modes = {SyncMode::end, SyncMode::phase};
  for (const Row& row : run(config).rows()) expect_measured(row, config);
  EXPECT_EQ(Observed::lives, 1 + 2 * (config.repetitions + 1))
      << "verification, then trials and a pass of counters";
}

TEST_F(SteadyPhases, AreCheckedForOneMoreCycleAtTheEndOfATrialIfAsked) {
  RunConfig config = one_of("compact");
  config.iters = 3;
  Case& compact = prepared(config);
  for (std::size_t wrong = 5; wrong <= 9; ++wrong) {
    Observed::is_wrong = [&](auto, std::size_t phase) { return phase == wrong; };
    for (const bool check : {true, false}) {
      Measured of = measured(compact, observed);
      of.warmed_up().sampled();
      EXPECT_EQ(of.trial->finish(check).error.has_value(), check && wrong < 9) << wrong;
    }
  }
}

// Does nothing but to write down what it is asked for, a letter each: restart, spoil, enqueue, check.
struct Scripted final : Workload {
  static inline std::string script;
  [[nodiscard]] std::size_t cycle_length() const override { return 3; }
  void restart_cycle() override { script += 'r'; }
  void enqueue_phase(ScratchAllocator&, cudaStream_t) override { script += 'e'; }
  void spoil_outputs(cudaStream_t) override { script += 's'; }
  std::optional<std::string> find_error(cudaStream_t) override {
    script += 'c';
    return std::nullopt;
  }
};

TEST_F(SteadyPhases, HaveTheirOutputsSpoiltBeforeEachCheck) {
  const WorkloadInfo scripted{"scripted", "of a test", 1, 1,
                              [](std::size_t, std::uint64_t, cudaStream_t) -> std::unique_ptr<Workload> {
                                return std::make_unique<Scripted>();
                              }};
  RunConfig config = small_config();
  config.workloads = {&scripted};
  config.iters = 4;
  config.warmup = 1;
  Case& of = prepared(config);
  const auto taken = [] { return std::exchange(Scripted::script, {}); };
  EXPECT_EQ(taken(), "eee") << "to measure the demand";
  EXPECT_EQ(of.verify(allocator("cuda-malloc"), stop_).error, std::nullopt);
  EXPECT_EQ(taken(),
            "r"
            "sec"
            "sec"
            "sec"
            "sec"
            "sec"
            "sec");
  Measured trial = measured(of, allocator("cuda-malloc"));
  trial.warmed_up().sampled();
  EXPECT_EQ(taken(),
            "r"
            "e"
            "eeee");
  EXPECT_EQ(trial.trial->finish(true).error, std::nullopt);
  EXPECT_EQ(taken(),
            "r"
            "sec"
            "sec"
            "sec");
}

TEST_F(SteadyPhases, OfEveryAllocatorAreRightInEveryWorkload) {
  for (const WorkloadInfo& info : workloads()) {
    Case& of = prepared(one_of(info.name));
    for (const AllocatorInfo* each : all_allocators())
      EXPECT_EQ(of.verify(*each, stop_).error, std::nullopt) << info.name << ", " << each->name;
  }
}

}  // namespace
}  // namespace daa::test
