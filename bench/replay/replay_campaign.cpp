#include "replay/replay_campaign.hpp"

#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include <algorithm>

#include "driver/interrupt.hpp"
#include "driver/profiler.hpp"
#include "driver/series.hpp"
#include "replay/min_fit.hpp"
#include "replay/replay_turn.hpp"

namespace daa::bench {

namespace {

constexpr std::string_view workload_name = "replay";

struct ReplaySeries : Series {
  Repetitions operation;
  MemoryHeld held;
  std::size_t min_fit_bytes = 0;

  void note(const ReplayCheck& check) {
    held.reserved_bytes = std::max(held.reserved_bytes, check.held.reserved_bytes);
    held.pool_mapped_bytes = std::max(held.pool_mapped_bytes, check.held.pool_mapped_bytes);
    last.bytes_reserved = held.reserved_bytes;
    last.pool_mapped_bytes = held.pool_mapped_bytes;
    note_error(*this, check.error);
  }
};

// One trace.
class Replay {
 public:
  Replay(const Options& options, const Listener& listener, JsonReporter& json, std::size_t& turns_done,
         const NamedTrace& trace)
      : options_(options),
        listener_(listener),
        json_(json),
        turns_done_(turns_done),
        trace_(trace),
        program_(make_program(trace.trace)),
        name_(fmt::format("{}/{}", workload_name, trace.name)) {}

  void run() {
    const std::vector<ReplaySeries> prepared = prepare();
    for (const SyncMode sync : options_.sync_modes) {
      std::vector<ReplaySeries> group = prepared;
      const std::size_t turns_before = turns_done_;
      if (!interrupted()) measure(sync, group);
      turns_done_ = turns_before + group.size() * options_.repetitions;
      if (!interrupted())
        for (ReplaySeries& series : group) fail_if_unfinished(series, options_.repetitions);
      report(sync, group);
    }
  }

 private:
  [[nodiscard]] std::size_t passes(std::size_t phases) const {
    return (phases + program_.phases.size() - 1) / program_.phases.size();
  }

  std::vector<ReplaySeries> prepare() {
    std::vector<ReplaySeries> result(options_.allocators.size());
    const std::vector<std::string> labels = labels_of(options_.allocators);
    for (std::size_t i = 0; i < result.size(); ++i) {
      ReplaySeries& series = result[i];
      series.allocator = options_.allocators[i];
      series.label = labels[i];
      if (interrupted()) continue;
      listener_.on_progress(turns_done_, fmt::format("{}: verifying {}", name_, series.label));
      attempt(series, [&] { series.note(check_replay(program_, *series.allocator)); });
      if (!options_.min_fit || series.status != Status::ok) continue;
      attempt(series, [&] {
        const auto give_up = [&] {
          listener_.on_progress(turns_done_, fmt::format("{}: fitting {}", name_, series.label));
          return interrupted();
        };
        series.min_fit_bytes =
            find_min_fit(program_, *series.allocator, trace_.trace.peak_live_bytes, give_up).value_or(0);
      });
    }
    return result;
  }

  void measure(SyncMode sync, std::vector<ReplaySeries>& group) {
    for (ReplaySeries& series : group) {
      const std::string full_name = fmt::format("{}/sync:{}/{}", name_, to_string(sync), series.label);
      const auto take_turn = [this, sync, &series, full_name](benchmark::State& state) {
        listener_.on_progress(turns_done_++, full_name);
        run_turn(sync, series, state);
      };
      benchmark::RegisterBenchmark(full_name.c_str(), take_turn)
          ->Iterations(static_cast<benchmark::IterationCount>(passes(options_.replay_iters)))
          ->Repetitions(static_cast<int>(options_.repetitions))
          ->UseManualTime()
          ->Unit(benchmark::kMicrosecond);
    }
    benchmark::RunSpecifiedBenchmarks(&json_);
    benchmark::ClearRegisteredBenchmarks();
  }

  void run_turn(SyncMode sync, ReplaySeries& series, benchmark::State& state) const {
    if (interrupted()) return skip(state, "interrupted");
    if (series.status != Status::ok) return skip(state, series.message);
    std::optional<ReplayTurn> turn;
    const ReplayTurnOptions options{sync, passes(options_.replay_warmup), options_.profile};
    if (!attempt(series, [&] { turn.emplace(program_, *series.allocator, options); }))
      return skip(state, series.message);

    const auto phases = static_cast<double>(program_.phases.size());
    const auto operations = static_cast<double>(program_.operations);
    std::vector<double> host, end_to_end, operation;
    attempt(series, [&] {
      for (auto _ : state) {
        const PassTimes times = turn->measure();
        state.SetIterationTime(times.end_to_end_ns * 1e-9);
        host.push_back(times.host_ns / phases);
        end_to_end.push_back(times.end_to_end_ns / phases);
        operation.push_back(times.threads_ns / operations);
        if (interrupted()) {
          state.SkipWithError("interrupted");
          break;
        }
      }
      series.last.runtime_calls_per_phase = turn->runtime_calls_per_phase();
      series.note(turn->finish());
    });
    if (series.status != Status::ok) return state.SkipWithError(series.message.c_str());
    if (interrupted()) return;
    state.counters["host_enqueue_ns"] = quantile(host, 0.5);
    state.counters["operation_ns"] = quantile(operation, 0.5);
    series.host_enqueue.push_back(std::move(host));
    series.end_to_end.push_back(std::move(end_to_end));
    series.operation.push_back(std::move(operation));
  }

  void report(SyncMode sync, const std::vector<ReplaySeries>& group) const {
    ReplaySeries floor;
    for (const ReplaySeries& series : group) {
      const bool is_measured = series.status == Status::ok && series.is_finished(options_.repetitions);
      if (series.label == floor_name && is_measured) floor = series;
    }
    std::vector<Row> rows;
    for (const ReplaySeries& series : group)
      if (series.is_finished(options_.repetitions)) rows.push_back(make_row(sync, series, floor));
    if (!rows.empty()) listener_.on_rows(rows);
  }

  [[nodiscard]] Row make_row(SyncMode sync, const ReplaySeries& series, const ReplaySeries& floor) const {
    Row row;
    row.workload = workload_name;
    row.sync = sync;
    row.iters = passes(options_.replay_iters) * program_.phases.size();
    row.warmup = passes(options_.replay_warmup) * program_.phases.size();
    row.phases_per_sample = sync == SyncMode::phase ? 1 : program_.phases.size();
    row.seed = options_.seed;
    row.mode.threads = trace_.trace.threads;
    row.mode.streams = trace_.trace.streams;
    row.mode.profiler = profiler_of(options_.profile);
    for (const ReplayLane& lane : program_.lanes) {
      row.allocations_per_phase += lane.demand.allocations_per_phase;
      row.bytes_asked_per_phase += lane.demand.bytes_per_phase;
      row.bytes_peak_phase += lane.demand.max_phase_bytes;
    }
    fill(row, series, floor);

    ReplayFigures& figures = row.replay.emplace();
    figures.trace = trace_.name;
    figures.operations = program_.operations;
    figures.left_out = trace_.trace.left_out;
    figures.operation = summarise(series.operation, floor.operation);
    figures.peak_live_bytes = trace_.trace.peak_live_bytes;
    figures.held_bytes = series.held.from_device();
    figures.has_min_fit = options_.min_fit;
    figures.min_fit_bytes = series.min_fit_bytes;
    return row;
  }

  const Options& options_;
  const Listener& listener_;
  JsonReporter& json_;
  std::size_t& turns_done_;
  const NamedTrace& trace_;
  ReplayProgram program_;
  std::string name_;
};

}  // namespace

void run_replays(const Options& options, const Listener& listener, JsonReporter& json,
                 std::size_t& turns_done) {
  for (const auto& trace : options.traces) {
    if (interrupted()) return;
    std::optional<NvtxRange> range;  // a profile has it within what it captures: see ReplayTurn
    if (!options.profile) range.emplace(workload_name);
    Replay{options, listener, json, turns_done, *trace}.run();
  }
}

}  // namespace daa::bench
