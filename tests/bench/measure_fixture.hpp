// Runs of a few short phases on the host runtime, and an allocator whose every call a test sees.
#pragma once

#include <gtest/gtest.h>

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <sstream>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "cases.hpp"
#include "daa/host_runtime.hpp"
#include "lone_ranks.hpp"
#include "measure/runner.hpp"
#include "measure/workload_case.hpp"
#include "table_rows.hpp"
#include "workload_allocators.hpp"

namespace daa::test {

/// Right unless a test wants it wrong: places a phase's temporaries one behind the other.
class Observed final : public BlockAllocator {
 public:
  struct Event {
    char what;          // m: is made, a: allocate, f: free, e: end_phase, d: is destroyed
    std::size_t life;   // of the allocators made so far; 0 is the first
    std::size_t phase;  // of that life
    cudaStream_t stream;
    std::size_t bytes;  // of a, f
    std::thread::id thread = std::this_thread::get_id();
  };

  /// Called before each event takes effect. What it throws is thrown by the allocator, but for d.
  static inline std::function<void(const Event&)> on_event;
  /// Whether all temporaries of a phase are to be at one address.
  static inline std::function<bool(std::size_t life, std::size_t phase)> is_wrong;
  static inline std::atomic<std::size_t> lives;

  static void forget() {
    on_event = nullptr;
    is_wrong = nullptr;
    lives = 0;
  }

  static std::unique_ptr<ScratchAllocator> make(cudaStream_t stream, const Demand& demand) {
    const std::size_t life = lives++;
    tell({'m', life, 0, stream, 0});
    return std::make_unique<Observed>(life, stream, demand.max_phase_bytes);
  }

  Observed(std::size_t life, cudaStream_t stream, std::size_t bytes)
      : BlockAllocator(bytes + 4096, behind_previous), life_(life), stream_(stream) {}
  ~Observed() override { tell({'d', life_, phase_, stream_, 0}); }

  void* allocate(std::size_t bytes) override {
    tell({'a', life_, phase_, stream_, bytes});
    void* const pointer = BlockAllocator::allocate(bytes);
    if (first_ == nullptr) first_ = pointer;
    return is_wrong && is_wrong(life_, phase_) ? first_ : pointer;
  }
  void free(void*, std::size_t bytes) override { tell({'f', life_, phase_, stream_, bytes}); }
  void end_phase() override {
    tell({'e', life_, phase_, stream_, 0});
    first_ = nullptr;
    ++phase_;
    BlockAllocator::end_phase();
  }

 private:
  static void tell(const Event& event) {
    if (on_event) on_event(event);
  }

  std::size_t life_;
  cudaStream_t stream_;
  std::size_t phase_ = 0;
  void* first_ = nullptr;
};

inline const AllocatorInfo observed{"observed", "of a test", Observed::make};

/// Every event of the observed allocators since construction, of any thread.
class EventLog {
 public:
  EventLog() {
    Observed::on_event = [this](const Observed::Event& event) {
      const std::lock_guard lock{mutex_};
      events.push_back(event);
    };
  }
  ~EventLog() { Observed::on_event = nullptr; }
  EventLog(const EventLog&) = delete;
  EventLog& operator=(const EventLog&) = delete;

  /// "maaed"
  [[nodiscard]] std::string script() const {
    std::string text;
    for (const Observed::Event& event : events) text += event.what;
    return text;
  }

  std::vector<Observed::Event> events;

 private:
  std::mutex mutex_;
};

inline const WorkloadInfo& synthetic(std::string_view name) {
  return *std::ranges::find(synthetic_workloads(), name, &WorkloadInfo::name);
}

inline std::vector<const AllocatorInfo*> all_allocators() {
  std::vector<const AllocatorInfo*> all;
  for (const AllocatorInfo& info : allocators()) all.push_back(&info);
  return all;
}

/// One workload, size, sync mode and allocator.
inline RunConfig small_config() {
  RunConfig config;
  config.workloads = {&workload("scan")};
  config.allocators = {&allocator(lower_bound_name)};
  config.elements = {1000};
  config.iters = 5;
  config.warmup = 2;
  config.replay_iters = 4;
  config.replay_warmup = 2;
  config.repetitions = 3;
  config.seed = 1;
  return config;
}

/// What must hold of a row that was measured.
inline void expect_measured(const Row& row, const RunConfig& config) {
  SCOPED_TRACE(case_name(row) + "/" + row.allocator);
  EXPECT_EQ(row.status, Status::ok) << row.message;
  EXPECT_EQ(row.message, "");
  EXPECT_EQ(row.repetitions, config.repetitions);
  EXPECT_GE(row.end_to_end.p99_ns, row.end_to_end.median_ns);
  EXPECT_GT(row.host_enqueue.median_ns, 0);
  EXPECT_GE(row.end_to_end.median_ns, row.host_enqueue.median_ns);
  EXPECT_EQ(row.device.median_ns > 0, !row.replay);
}

struct Outcome {
  std::vector<std::vector<Row>> groups;  // of each case that has rows
  RunEnd end;
  std::string notes;

  [[nodiscard]] std::vector<Row> rows() const {
    std::vector<Row> all;
    for (const auto& group : groups) all.insert(all.end(), group.begin(), group.end());
    return all;
  }
};

struct RunOptions {
  Instruments instruments = {};
  std::function<void(std::span<const Row>)> on_rows = {};
};

inline Outcome run(const RunConfig& config, const Cases& cases, const RunOptions& options = {}) {
  struct Collect final : Sink {
    Collect(Outcome& to, const RunOptions& with) : outcome(to), options(with) {}
    void write(std::span<const Row> rows) override {
      outcome.groups.emplace_back(rows.begin(), rows.end());
      if (options.on_rows) options.on_rows(rows);
    }
    Outcome& outcome;
    const RunOptions& options;
  };
  Outcome outcome;
  Sinks sinks;
  sinks.push_back(std::make_unique<Collect>(outcome, options));
  std::ostringstream notes;
  Progress progress{notes, false, trial_count(config, cases)};
  const StopCondition stop{config.timeout_s};
  outcome.end = run_cases(config, cases, sinks, stop, progress, lone_ranks(), options.instruments);
  outcome.notes = notes.str();
  return outcome;
}

inline Outcome run(const RunConfig& config, const RunOptions& options = {}) {
  return run(config, make_cases(config, std::size_t{1} << 40, lone_ranks()), options);
}

/// A test of the host runtime, which must find no misuse and nothing left.
class MeasureTest : public ::testing::Test {
 protected:
  MeasureTest() {
    host_runtime::reset();
    Observed::forget();
  }

  void TearDown() override {
    cases_.clear();
    EXPECT_TRUE(host_runtime::violations().empty());
    EXPECT_EQ(host_runtime::live_allocations(), 0u);
    EXPECT_EQ(cudaGetLastError(), cudaSuccess);
    Observed::forget();
    host_runtime::reset();
  }

  /// The first case of `config`, prepared. Lives as long as the test.
  Case& prepared(const RunConfig& config) {
    for (auto& made : make_cases(config, std::size_t{1} << 40, lone_ranks()))
      cases_.push_back(std::move(made));
    Case& first = *cases_.back();
    first.prepare(StopCondition{});
    return first;
  }

  static Row described(const Case& of) {
    Row row;
    of.describe(row);
    return row;
  }

  /// A trial that measures nothing until it is told to.
  struct Measured {
    Measured(Case& of, const AllocatorInfo& allocator, const StopCondition& stop, SamplerOptions options = {})
        : schedule(of.schedule()),
          trial(of.make_trial(allocator, stop)),
          sampler(*trial, schedule, stop, options) {}

    Measured& warmed_up() {
      sampler.warm_up();
      return *this;
    }
    Measured& sampled() {
      for (std::size_t i = 0; i < schedule.samples; ++i) static_cast<void>(sampler.next());
      return *this;
    }

    Schedule schedule;
    std::unique_ptr<Trial> trial;
    Sampler sampler;
  };
  Measured measured(Case& of, const AllocatorInfo& allocator, SamplerOptions options = {}) {
    return Measured{of, allocator, stop_, options};
  }

  const StopCondition stop_;  // never

 private:
  Cases cases_;
};

}  // namespace daa::test
