#include "driver/campaign.hpp"

#include <benchmark/benchmark.h>

#include <string>

#include "driver/interrupt.hpp"
#include "driver/json_reporter.hpp"
#include "driver/series.hpp"
#include "driver/statistics.hpp"
#include "driver/turn.hpp"
#include "replay/replay_campaign.hpp"

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

class Campaign {
 public:
  Campaign(const Options& options, const Listener& listener)
      : options_(options), listener_(listener), json_(options.json_path) {}

  void run() {
    for (const WorkloadInfo* workload : options_.workloads) {
      std::optional<NvtxRange> range;  // a profile has it within what it captures: see Turn
      if (!options_.profile) range.emplace(workload->name);
      for (const std::size_t elements : options_.elements) {
        if (interrupted()) break;
        run_problem(*workload, elements);
      }
    }
    if (options_.replay) run_replays(options_, listener_, json_, turns_done_);
    json_.finish();
  }

 private:
  void run_problem(const WorkloadInfo& info, std::size_t elements) {
    const std::string name = std::string{info.name} + "/" + std::to_string(elements);
    listener_.on_progress(turns_done_, name + ": preparing and verifying");

    std::vector<Series> prepared = make_series(options_.allocators);
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
      } else if (!interrupted()) {
        attempt(series, [&] { note_error(series, find_error(*problem, *series.allocator)); });
      }
    }

    for (const SyncMode sync : options_.sync_modes) {
      std::vector<Series> group = prepared;
      const TurnOptions turn{sync, options_.iters, options_.warmup, options_.profile};
      const std::size_t turns_before = turns_done_;
      if (ready && !interrupted()) measure(name, *problem, turn, group);
      turns_done_ = turns_before + group.size() * options_.repetitions;
      if (ready && !interrupted())
        for (Series& series : group) fail_if_unfinished(series, options_.repetitions);
      report(info, elements, turn, problem ? problem->demand : Demand{}, group);
    }
  }

  void measure(const std::string& name, const Problem& problem, const TurnOptions& options,
               std::vector<Series>& group) {
    for (Series& series : group) {
      const std::string full_name =
          name + "/sync:" + std::string{to_string(options.sync)} + "/" + series.label;
      const auto take_turn = [this, &problem, options, &series, full_name](benchmark::State& state) {
        listener_.on_progress(turns_done_++, full_name);
        run_turn(problem, options, series, state);
      };
      benchmark::RegisterBenchmark(full_name.c_str(), take_turn)
          ->Iterations(static_cast<benchmark::IterationCount>(samples_per_turn(options)))
          ->Repetitions(static_cast<int>(options_.repetitions))
          ->UseManualTime()
          ->Unit(benchmark::kMicrosecond);
    }
    benchmark::RunSpecifiedBenchmarks(&json_);
    benchmark::ClearRegisteredBenchmarks();
  }

  static void run_turn(const Problem& problem, const TurnOptions& options, Series& series,
                       benchmark::State& state) {
    if (interrupted()) return skip(state, "interrupted");
    if (series.status != Status::ok) return skip(state, series.message);
    std::optional<Turn> turn;
    if (!attempt(series, [&] { turn.emplace(problem, *series.allocator, options); }))
      return skip(state, series.message);

    std::vector<double> host_enqueue, device, end_to_end;
    attempt(series, [&] {
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
      series.last = turn->finish();
      note_error(series, series.last.error);
    });
    if (series.status != Status::ok) return state.SkipWithError(series.message.c_str());
    if (interrupted()) return;
    state.counters["host_enqueue_ns"] = quantile(host_enqueue, 0.5);
    state.counters["device_ns"] = quantile(device, 0.5);
    series.host_enqueue.push_back(std::move(host_enqueue));
    series.device.push_back(std::move(device));
    series.end_to_end.push_back(std::move(end_to_end));
  }

  void report(const WorkloadInfo& info, std::size_t elements, const TurnOptions& turn, const Demand& demand,
              const std::vector<Series>& group) {
    Series floor{};
    for (const Series& series : group) {
      if (series.label == floor_name && series.status == Status::ok &&
          series.is_finished(options_.repetitions))
        floor = series;
    }

    std::vector<Row> rows;
    for (const Series& series : group) {
      if (!series.is_finished(options_.repetitions)) continue;
      Row row;
      row.workload = info.name;
      row.elements = elements;
      row.sync = turn.sync;
      fill(row, series, floor);
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

  const Options& options_;
  const Listener& listener_;
  JsonReporter json_;
  Stream stream_ = make_stream();
  std::size_t turns_done_ = 0;
};

}  // namespace

std::size_t turn_count(const Options& options) {
  const std::size_t traces = options.replay ? options.traces.size() : 0;
  return (options.workloads.size() * options.elements.size() + traces) * options.sync_modes.size() *
         options.allocators.size() * options.repetitions;
}

void run_campaign(const Options& options, const Context& context, const Listener& listener) {
  if (!options.json_path.empty()) {
    benchmark::AddCustomContext("device", context.device);
    benchmark::AddCustomContext("device_kind", context.device_kind);
    benchmark::AddCustomContext("driver", context.driver);
    benchmark::AddCustomContext("toolkit", context.toolkit);
    benchmark::AddCustomContext("compiler", context.compiler);
    benchmark::AddCustomContext("commit", context.commit);
  }
  Campaign{options, listener}.run();
}

}  // namespace daa::bench
