// The one loop that measures: how phases are divided, what is inside each clock, when it stops.

#include "measure/sampler.hpp"

#include <chrono>
#include <thread>

#include "measure_fixture.hpp"

namespace daa::test {
namespace {

namespace host = host_runtime;
using std::chrono::milliseconds;
using Lengths = std::vector<std::size_t>;

// Phases are what a test makes them.
class FakeTrial final : public Trial {
 public:
  explicit FakeTrial(std::size_t workers = 1) {
    for (std::size_t i = 0; i < workers; ++i) {
      owned_.push_back(make_stream());
      streams_.push_back(owned_.back().get());
    }
    if (workers > 1) team_.emplace(workers);
  }

  WorkerTeam* team() override { return team_ ? &*team_ : nullptr; }
  std::span<const cudaStream_t> streams(std::size_t worker) const override { return {&streams_[worker], 1}; }
  bool uses_device() const override { return has_device_time; }
  void begin_sample() override { around_sample(); }
  void end_sample() override { around_sample(); }
  void enqueue_phase(std::size_t worker) override {
    if (worker == 0) syncs_before_phase.push_back(host::call_count("cudaStreamSynchronize"));
    phase(streams_[worker]);
  }
  std::size_t operations_of(std::size_t number) const override { return operations(number); }
  double take_waited_ns(std::size_t) override { return waited_ns; }
  TrialFindings finish(bool) override { return {}; }
  Recording record(CallCounter*) override { return {}; }

  // Phases in each run of phases with no synchronisation between them.
  [[nodiscard]] Lengths lengths() const {
    Lengths result;
    for (std::size_t i = 0; i < syncs_before_phase.size(); ++i) {
      if (i == 0 || syncs_before_phase[i] != syncs_before_phase[i - 1]) result.push_back(0);
      ++result.back();
    }
    return result;
  }

  std::function<void(cudaStream_t)> phase = [](cudaStream_t) {};
  std::function<void()> around_sample = [] {};
  std::function<std::size_t(std::size_t)> operations = [](std::size_t) { return 0; };
  bool has_device_time = true;
  double waited_ns = 0;
  Lengths syncs_before_phase;

 private:
  std::vector<Stream> owned_;
  std::vector<cudaStream_t> streams_;
  std::optional<WorkerTeam> team_;
};

const auto sleeps = [](cudaStream_t) { std::this_thread::sleep_for(milliseconds{20}); };
const auto runs_on_the_device = [](cudaStream_t stream) {
  DAA_CUDA_CHECK(host::launch(stream, {}, [] { std::this_thread::sleep_for(milliseconds{20}); }));
};

using SamplerTest = MeasureTest;

TEST_F(SamplerTest, BatchesAreOfEqualLengthOrOnePhaseApart) {
  struct Row {
    Schedule schedule;
    Lengths batches;
  };
  for (const auto& [schedule, batches] : {
           Row{{.iters = 50, .samples = 3}, {17, 17, 16}},
           Row{{.iters = 40, .samples = 2}, {20, 20}},
           Row{{.iters = 7, .samples = 1}, {7}},
           Row{{.iters = 4, .samples = 4}, {1, 1, 1, 1}},
           Row{{.iters = 6, .samples = 2, .batches_per_sample = 3}, {1, 1, 1, 1, 1, 1}},
           Row{{.iters = 10, .samples = 2, .batches_per_sample = 2}, {3, 2, 3, 2}},
       }) {
    FakeTrial trial;
    Sampler sampler{trial, schedule, stop_};
    for (std::size_t i = 0; i < schedule.samples; ++i) static_cast<void>(sampler.next());
    EXPECT_EQ(trial.lengths(), batches) << schedule.iters;
    EXPECT_EQ(schedule.phases_per_batch(), batches.front());
  }
}

TEST_F(SamplerTest, WarmsUpInBatchesAsItMeasures) {
  FakeTrial trial;
  const Schedule schedule{.warmup = 7, .iters = 6, .samples = 2};
  Sampler sampler{trial, schedule, stop_};
  sampler.warm_up();
  EXPECT_EQ(trial.lengths(), (Lengths{3, 3, 1}));

  FakeTrial cold;
  Sampler{cold, {.warmup = 0, .iters = 6, .samples = 2}, stop_}.warm_up();
  EXPECT_TRUE(cold.lengths().empty());
}

TEST_F(SamplerTest, ABatchMakesNoCallsButThoseOfItsClocks) {
  FakeTrial trial;
  Sampler sampler{trial, {.iters = 20, .samples = 1}, stop_};
  host::clear_calls();
  static_cast<void>(sampler.next());
  std::vector<std::string_view> calls;
  for (const host::Call& call : host::calls()) calls.push_back(call.function);
  EXPECT_EQ(calls, (std::vector<std::string_view>{"cudaEventRecord", "cudaEventRecord",
                                                  "cudaStreamSynchronize", "cudaEventElapsedTime"}));
}

TEST_F(SamplerTest, ClocksAreOfOnePhase) {
  FakeTrial trial;
  trial.phase = [](cudaStream_t stream) {
    sleeps(stream);
    runs_on_the_device(stream);
  };
  Sampler sampler{trial, {.iters = 3, .samples = 1}, stop_};
  const auto start = Clock::now();
  const Sample sample = sampler.next();
  const double whole_ns = ns_between(start, Clock::now());
  EXPECT_GE(sample.host_enqueue_ns, 20e6);
  EXPECT_GE(sample.device_ns, 20e6);
  EXPECT_LE(sample.host_enqueue_ns, sample.end_to_end_ns);
  EXPECT_LE(3 * sample.end_to_end_ns, whole_ns);
  EXPECT_EQ(sample.operation_ns, std::nullopt);
  EXPECT_EQ(sampler.first_phase_ns(), std::nullopt);
}

TEST_F(SamplerTest, WorkOfTheDeviceIsInItsClockAndEndToEndAlone) {
  FakeTrial trial;
  trial.phase = runs_on_the_device;
  Sampler sampler{trial, {.iters = 5, .samples = 1}, stop_};
  const Sample sample = sampler.next();
  EXPECT_GE(sample.device_ns, 20e6);
  EXPECT_GE(sample.end_to_end_ns, 20e6);
  EXPECT_LT(sample.host_enqueue_ns, 20e6);
}

TEST_F(SamplerTest, WhatIsAroundASampleIsInNoClock) {
  FakeTrial trial;
  trial.around_sample = [] { std::this_thread::sleep_for(milliseconds{200}); };
  Sampler sampler{trial, {.iters = 1, .samples = 1}, stop_};
  const Sample sample = sampler.next();
  for (const double ns : {sample.host_enqueue_ns, sample.device_ns, sample.end_to_end_ns})
    EXPECT_LT(ns, 200e6);
}

TEST_F(SamplerTest, TheCacheIsFlushedBeforeEachSampleAndItsClocks) {
  FakeTrial trial;
  L2Flush l2;
  Sampler sampler{trial, {.iters = 8, .samples = 2, .batches_per_sample = 2}, stop_, {.l2_flush = &l2}};
  for (int i = 0; i < 2; ++i) {
    host::clear_calls();
    static_cast<void>(sampler.next());
    std::string order;
    for (const host::Call& call : host::calls()) {
      if (call.function == "cudaMemsetAsync") order += call.bytes == l2.bytes() ? 'f' : '?';
      if (call.function == "cudaStreamSynchronize") order += 's';
      if (call.function == "cudaEventRecord") order += 'e';
    }
    EXPECT_EQ(order,
              "fsee"
              "s"
              "ees")
        << "flush, wait for it, and two batches";
  }
}

TEST_F(SamplerTest, WithoutWorkForTheDeviceThereIsNoDeviceTime) {
  FakeTrial trial;
  trial.has_device_time = false;
  host::clear_calls();
  Sampler sampler{trial, {.iters = 4, .samples = 1}, stop_};
  EXPECT_EQ(sampler.next().device_ns, 0);
  EXPECT_EQ(host::call_count("cudaEventCreate") + host::call_count("cudaEventRecord"), 0u);
}

TEST_F(SamplerTest, OfSeveralWorkersHostTimeIsTheMeanAndThatOfOperationsTheSumWithoutWaiting) {
  FakeTrial trial{2};
  trial.phase = sleeps;
  trial.operations = [](std::size_t phase) { return 3 + 4 * phase; };  // 10 of both phases
  trial.waited_ns = 5e6;                                               // in each
  Sampler sampler{trial, {.iters = 2, .samples = 1}, stop_};
  const Sample sample = sampler.next();
  EXPECT_GE(sample.host_enqueue_ns, 20e6);
  EXPECT_GE(sample.end_to_end_ns, sample.host_enqueue_ns);
  EXPECT_NEAR(sample.operation_ns.value(), 2 * (2 * sample.host_enqueue_ns - 2 * 5e6) / 10, 1);
}

TEST_F(SamplerTest, TheFirstPhaseAndTheSlowestAfterItAreThoseOfAnyPhaseThatWasRun) {
  for (const std::size_t slowest : {1u, 3u, 4u, 6u}) {  // in the warm-up, at the ends of batches
    FakeTrial trial;
    std::size_t phase = 0;
    trial.phase = [&](cudaStream_t) {
      std::this_thread::sleep_for(milliseconds{phase == 0 ? 60 : phase == slowest ? 40 : 2});
      ++phase;
    };
    trial.operations = [](std::size_t number) { return number == 0 ? 2u : 1u; };
    Sampler sampler{trial, {.warmup = 3, .iters = 4, .samples = 2}, stop_};
    EXPECT_EQ(sampler.first_phase_ns(), std::nullopt);
    sampler.warm_up();
    for (int i = 0; i < 2; ++i) static_cast<void>(sampler.next());
    EXPECT_GE(sampler.first_phase_ns().value(), 30e6);
    EXPECT_GE(sampler.worst_phase_ns().value(), 40e6);
    EXPECT_LT(sampler.first_phase_ns().value(), 40e6) << "two operations share 60 ms";
  }
}

TEST_F(SamplerTest, WhatSynchronisesIsInNoOperation) {
  FakeTrial trial;
  trial.phase = [](cudaStream_t stream) {
    DAA_CUDA_CHECK(host::launch(stream, {}, [] { std::this_thread::sleep_for(milliseconds{200}); }));
  };
  trial.operations = [](std::size_t) { return 1; };
  Sampler sampler{trial, {.warmup = 2, .iters = 1, .samples = 1}, stop_};
  sampler.warm_up();
  EXPECT_LT(sampler.first_phase_ns().value(), 200e6);
  EXPECT_LT(sampler.worst_phase_ns().value(), 200e6);
  EXPECT_LT(sampler.next().operation_ns.value(), 200e6);
}

TEST_F(SamplerTest, ThrowsWhatAWorkerThrows) {
  FakeTrial trial{2};
  trial.phase = [](cudaStream_t) { throw OutOfDeviceMemory({.bytes_asked = 1}); };
  Sampler sampler{trial, {.warmup = 1, .iters = 2, .samples = 1}, stop_};
  EXPECT_THROW(sampler.warm_up(), OutOfDeviceMemory);
  EXPECT_THROW(static_cast<void>(sampler.next()), OutOfDeviceMemory);
}

// However many phases are left.
TEST_F(SamplerTest, ADeadlineEndsWarmUpAndSamplesWithinASecond) {
  constexpr std::size_t for_ever = 1'000'000'000;
  for (const Schedule& schedule :
       {Schedule{.warmup = for_ever, .iters = for_ever, .samples = for_ever},
        Schedule{.warmup = for_ever, .iters = for_ever, .samples = for_ever / 20},
        Schedule{.warmup = for_ever, .iters = for_ever, .samples = 1, .batches_per_sample = for_ever / 20}}) {
    FakeTrial trial;
    trial.phase = [&](cudaStream_t) { trial.syncs_before_phase.clear(); };
    for (const bool warms_up : {true, false}) {
      const StopCondition soon{0.05};
      Sampler sampler{trial, schedule, soon};
      const auto start = Clock::now();
      EXPECT_THROW(warms_up ? sampler.warm_up() : [&] { for (;;) static_cast<void>(sampler.next()); }(), Stopped);
      EXPECT_LT(ns_between(start, Clock::now()), 1e9);
    }
  }
}

}  // namespace
}  // namespace daa::test
