#include "driver/campaign.hpp"

#include <benchmark/benchmark.h>

#include <chrono>
#include <optional>
#include <string>

#include "clocks/throttling.hpp"
#include "driver/interrupt.hpp"
#include "driver/json_reporter.hpp"
#include "driver/precision.hpp"
#include "driver/series.hpp"
#include "driver/statistics.hpp"
#include "driver/turn.hpp"

namespace daa::bench {

namespace {

std::vector<Series> make_series(const std::vector<const AllocatorInfo*>& allocators) {
  std::vector<Series> result(allocators.size());
  const std::vector<std::string> labels = labels_of(allocators);
  for (std::size_t i = 0; i < result.size(); ++i) {
    result[i].allocator = allocators[i];
    result[i].label = labels[i];
  }
  return result;
}

// The series labelled `label` if it was measured, else one without samples.
Series reference_of(const std::vector<Series>& group, std::string_view label, std::size_t repetitions) {
  for (const Series& series : group)
    if (series.label == label && series.status == Status::ok && series.is_finished(repetitions))
      return series;
  return {};
}

class Campaign {
 public:
  Campaign(const Options& options, const Listener& listener, const Instruments& instruments)
      : options_(options), listener_(listener), instruments_(instruments), json_(options.json_path) {
    if (options.timeout_s)
      deadline_ = Clock::now() + std::chrono::duration_cast<Clock::duration>(
                                     std::chrono::duration<double>{*options.timeout_s});
  }

  CampaignEnd run() {
    for (const WorkloadInfo* workload : options_.workloads) {
      std::optional<NvtxRange> range;  // a profile has it within what it captures: see Turn
      if (!options_.profile) range.emplace(workload->name);
      for (const std::size_t elements : options_.elements) run_problem(*workload, elements);
    }
    json_.finish();
    return end_;
  }

 private:
  using Clock = std::chrono::steady_clock;

  // No turn is begun any more.
  [[nodiscard]] bool is_over() const { return interrupted() || (deadline_ && Clock::now() >= *deadline_); }

  void run_problem(const WorkloadInfo& info, std::size_t elements) {
    const std::string name = std::string{info.name} + "/" + std::to_string(elements);
    std::vector<Series> prepared = make_series(options_.allocators);
    if (is_over()) {
      for (const SyncMode sync : options_.sync_modes) note_missing(name, sync, prepared);
      return;
    }
    listener_.on_progress(turns_done_, name + ": preparing and verifying");

    std::unique_ptr<Workload> workload;
    std::optional<Problem> problem;
    Series preparation{};
    const bool ready = attempt(preparation, [&] {
      workload = info.make(elements, options_.seed, stream_.get());
      problem.emplace(Problem{info.name, *workload, measure_demand(*workload, stream_.get()), stream_.get()});
    });
    for (Series& series : prepared) {
      if (!ready) {
        series.status = preparation.status;
        series.message = "preparing the workload: " + preparation.message;
      } else if (!is_over()) {
        attempt(series, [&] { note_error(series, find_error(*problem, *series.allocator)); });
      }
    }

    for (const SyncMode sync : options_.sync_modes) {
      std::vector<Series> group = prepared;
      const TurnOptions turn{sync, options_.iters, options_.warmup, options_.profile};
      const std::size_t turns_before = turns_done_;
      if (ready && !is_over()) {
        measure(name, *problem, turn, group);
        count(*problem, turn, group);
      }
      turns_done_ = turns_before + group.size() * options_.repetitions;
      if (ready && !is_over())
        for (Series& series : group) fail_if_unfinished(series, options_.repetitions);
      report(info, elements, turn, problem ? problem->demand : Demand{}, group);
      note_missing(name, sync, group);
    }
  }

  // What of the group has no row.
  void note_missing(const std::string& name, SyncMode sync, const std::vector<Series>& group) {
    for (const Series& series : group) {
      if (series.is_finished(options_.repetitions)) continue;
      if (end_.missing++ == 0) end_.first_missing = full_name(name, sync, series);
    }
  }

  static std::string full_name(const std::string& name, SyncMode sync, const Series& series) {
    return name + "/sync:" + std::string{to_string(sync)} + "/" + series.label;
  }

  void measure(const std::string& name, const Problem& problem, const TurnOptions& options,
               std::vector<Series>& group) {
    for (Series& series : group) {
      const std::string label = full_name(name, options.sync, series);
      const auto take_turn = [this, &problem, options, &group, &series, label](benchmark::State& state) {
        listener_.on_progress(turns_done_++, label);
        run_turn(problem, options, series, state);
        // Once a round of turns, for it takes a while.
        if (options_.max_noise && turns_done_ % group.size() == 0) settle_if_precise(group);
      };
      benchmark::RegisterBenchmark(label.c_str(), take_turn)
          ->Iterations(static_cast<benchmark::IterationCount>(samples_per_turn(options)))
          ->Repetitions(static_cast<int>(options_.repetitions))
          ->UseManualTime()
          ->Unit(benchmark::kMicrosecond);
    }
    benchmark::RunSpecifiedBenchmarks(&json_);
    benchmark::ClearRegisteredBenchmarks();
  }

  // From then on nobody in the group takes a turn: Google Benchmark knows the number of repetitions
  // beforehand, so those that are left are skipped.
  void settle_if_precise(std::vector<Series>& group) const {
    mark_throttled(group, clocks_);
    if (!is_precise(group, options_.against, *options_.max_noise)) return;
    for (Series& series : group) series.is_settled = true;
  }

  static void mark_throttled(std::vector<Series>& group, const std::vector<ClockReading>& clocks) {
    const std::optional<double> least_mhz = least_rate_mhz(clocks);
    for (Series& series : group) find_throttled(series, least_mhz);
  }

  void run_turn(const Problem& problem, const TurnOptions& options, Series& series, benchmark::State& state) {
    if (is_over()) return skip(state, interrupted() ? "interrupted" : "the time was up");
    if (series.is_settled) return skip(state, std::string{precise_enough});
    if (series.status != Status::ok) return skip(state, series.message);
    std::optional<Turn> turn;
    if (!attempt(series, [&] { turn.emplace(problem, *series.allocator, options); }))
      return skip(state, series.message);

    std::vector<double> host_enqueue, device, end_to_end;
    ClockReading clock;
    attempt(series, [&] {
      const ClockReading clock_before = instruments_.read_clock();  // the device is warm
      for (auto _ : state) {
        const Sample sample = turn->measure();
        state.SetIterationTime(sample.end_to_end_ns * 1e-9);
        host_enqueue.push_back(sample.host_enqueue_ns);
        device.push_back(sample.device_ns);
        end_to_end.push_back(sample.end_to_end_ns);
        if (interrupted()) {
          state.SkipWithError("interrupted");
          break;
        }
      }
      clock = clock_of_turn(clock_before, instruments_.read_clock());
      note_error(series, turn->finish());
    });
    if (series.status != Status::ok) return state.SkipWithError(series.message.c_str());
    if (interrupted()) return;
    state.counters["host_enqueue_ns"] = quantile(host_enqueue, 0.5);
    state.counters["device_ns"] = quantile(device, 0.5);
    series.host_enqueue.push_back(std::move(host_enqueue));
    series.device.push_back(std::move(device));
    series.end_to_end.push_back(std::move(end_to_end));
    series.clocks.push_back(clock);
    clocks_.push_back(clock);
  }

  // A pass of each allocator that is not timed, for the counters. What counts them makes calls slower, so it
  // is there for these passes only.
  void count(const Problem& problem, TurnOptions options, std::vector<Series>& group) {
    const NvtxRange range{"counters"};
    const MadeCallCounter made = instruments_.make_call_counter();
    if (made.counter == nullptr && !has_noted_counter_) {
      has_noted_counter_ = true;
      listener_.on_note("CUDA calls are not counted: " + made.why_not);
    }
    options.profile = false;
    for (Series& series : group) {
      if (series.status != Status::ok || !series.is_finished(options_.repetitions)) continue;
      attempt(series, [&] {
        series.counts = Turn{problem, *series.allocator, options}.count(made.counter.get());
      });
    }
  }

  void report(const WorkloadInfo& info, std::size_t elements, const TurnOptions& turn, const Demand& demand,
              std::vector<Series>& group) {
    mark_throttled(group, clocks_);
    for (const Series& series : group) hand_on_samples(info, elements, turn, series);

    const Series floor = reference_of(group, floor_name, options_.repetitions);
    const Series against = reference_of(group, options_.against, options_.repetitions);
    std::vector<Row> rows;
    for (const Series& series : group) {
      if (!series.is_finished(options_.repetitions)) continue;
      Row row;
      row.workload = info.name;
      row.elements = elements;
      row.sync = turn.sync;
      fill(row, series, floor, against);
      row.against = options_.against;
      row.iters = turn.iters;
      row.warmup = turn.warmup;
      row.phases_per_sample = phases_per_sample(turn);
      row.allocations_per_phase = demand.allocations_per_phase;
      row.bytes_asked_per_phase = demand.bytes_per_phase;
      row.bytes_peak_phase = demand.max_phase_bytes;
      row.seed = options_.seed;
      rows.push_back(std::move(row));
    }
    if (!rows.empty()) listener_.on_rows(rows);
  }

  void hand_on_samples(const WorkloadInfo& info, std::size_t elements, const TurnOptions& turn,
                       const Series& series) const {
    for (std::size_t i = 0; i < series.end_to_end.size(); ++i)
      listener_.on_samples({info.name, elements, turn.sync, series.label, i, series.host_enqueue[i],
                            series.device[i], series.end_to_end[i], series.throttled[i],
                            series.clocks[i].sm_mhz});
  }

  const Options& options_;
  const Listener& listener_;
  const Instruments& instruments_;
  JsonReporter json_;
  Stream stream_ = make_stream();
  std::size_t turns_done_ = 0;
  std::optional<Clock::time_point> deadline_;
  std::vector<ClockReading> clocks_;  // of all turns so far
  bool has_noted_counter_ = false;
  CampaignEnd end_;
};

}  // namespace

std::size_t turn_count(const Options& options) {
  return options.workloads.size() * options.elements.size() * options.sync_modes.size() *
         options.allocators.size() * options.repetitions;
}

CampaignEnd run_campaign(const Options& options, const Context& context, const Listener& listener,
                         const Instruments& instruments) {
  if (!options.json_path.empty()) {
    benchmark::AddCustomContext("device", context.device);
    benchmark::AddCustomContext("device_kind", context.device_kind);
    benchmark::AddCustomContext("driver", context.driver);
    benchmark::AddCustomContext("toolkit", context.toolkit);
    benchmark::AddCustomContext("compiler", context.compiler);
    benchmark::AddCustomContext("commit", context.commit);
  }
  return Campaign{options, listener, instruments}.run();
}

}  // namespace daa::bench
