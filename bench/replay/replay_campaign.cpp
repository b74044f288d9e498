#include "replay/replay_campaign.hpp"

#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include <algorithm>

#include "driver/profiler.hpp"
#include "driver/rounds.hpp"
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
    counts.reserved_bytes = held.reserved_bytes;
    counts.pool_mapped_bytes = held.pool_mapped_bytes;
    note_error(*this, check.error);
  }
};

// One trace.
class Replay {
 public:
  Replay(CampaignRun& run, const NamedTrace& trace)
      : options_(run.options),
        listener_(run.listener),
        run_(run),
        trace_(trace),
        program_(make_program(trace.trace)),
        name_(fmt::format("{}/{}", workload_name, trace.name)) {}

  void run() {
    const std::vector<ReplaySeries> prepared = prepare();  // at once where the campaign is over
    for (const SyncMode sync : options_.sync_modes) {
      std::vector<ReplaySeries> group = prepared;
      const std::size_t turns_before = run_.turns_done;
      if (!run_.is_over()) {
        measure(sync, group);
        count(sync, group);
      }
      run_.turns_done = turns_before + group.size() * options_.repetitions;
      if (!run_.is_over())
        for (ReplaySeries& series : group) fail_if_unfinished(series, options_.repetitions);
      run_.mark_throttled(group);
      report(sync, group);
      run_.note_missing(group, [&](const Series& series) { return full_name(sync, series); });
    }
  }

 private:
  [[nodiscard]] std::size_t passes(std::size_t phases) const {
    return (phases + program_.phases.size() - 1) / program_.phases.size();
  }

  [[nodiscard]] std::string full_name(SyncMode sync, const Series& series) const {
    return fmt::format("{}/sync:{}/{}", name_, to_string(sync), series.label);
  }

  std::vector<ReplaySeries> prepare() {
    std::vector<ReplaySeries> result(options_.allocators.size());
    const std::vector<std::string> labels = labels_of(options_.allocators);
    for (std::size_t i = 0; i < result.size(); ++i) {
      ReplaySeries& series = result[i];
      series.allocator = options_.allocators[i];
      series.label = labels[i];
      series.counts.peak_live_bytes = trace_.trace.peak_live_bytes;
      if (run_.is_over()) continue;
      listener_.on_progress(run_.turns_done, fmt::format("{}: verifying {}", name_, series.label));
      attempt(series, [&] { series.note(check_replay(program_, *series.allocator)); });
      if (!options_.min_fit || series.status != Status::ok) continue;
      attempt(series, [&] {
        const auto give_up = [&] {
          listener_.on_progress(run_.turns_done, fmt::format("{}: fitting {}", name_, series.label));
          return run_.is_over();
        };
        series.min_fit_bytes =
            find_min_fit(program_, *series.allocator, trace_.trace.peak_live_bytes, give_up).value_or(0);
      });
    }
    return result;
  }

  void measure(SyncMode sync, std::vector<ReplaySeries>& group) {
    std::vector<RoundTurn> turns;
    for (ReplaySeries& series : group) {
      const std::string label = full_name(sync, series);
      const auto take_turn = [this, sync, &series, label](benchmark::State& state) {
        listener_.on_progress(run_.turns_done++, label);
        run_turn(sync, series, state);
      };
      turns.push_back({label, passes(options_.replay_iters), take_turn});
    }
    run_rounds(run_, turns);
    run_.close_group(group);
  }

  void run_turn(SyncMode sync, ReplaySeries& series, benchmark::State& state) {
    if (run_.is_over()) return skip(state, run_.why_over());
    if (series.status != Status::ok) return skip(state, series.message);
    std::optional<ReplayTurn> turn;
    const ReplayTurnOptions options{sync, passes(options_.replay_warmup), options_.profile};
    if (!attempt(series, [&] { turn.emplace(program_, *series.allocator, options); }))
      return skip(state, series.message);

    const auto phases = static_cast<double>(program_.phases.size());
    const auto operations = static_cast<double>(program_.operations);
    std::vector<double> host, end_to_end, operation;
    ClockReading clock;
    attempt(series, [&] {
      const ClockReading clock_before = run_.instruments.read_clock();  // the device is warm
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
      clock = clock_of_turn(clock_before, run_.instruments.read_clock());
      series.note(turn->finish());
    });
    if (series.status != Status::ok) {
      turn.reset();
      static_cast<void>(cudaGetLastError());  // of what its destructor has met
      return state.SkipWithError(series.message.c_str());
    }
    if (interrupted()) return state.SkipWithError("interrupted");
    state.counters["host_enqueue_ns"] = quantile(host, 0.5);
    state.counters["operation_ns"] = quantile(operation, 0.5);
    series.host_enqueue.push_back(std::move(host));
    series.end_to_end.push_back(std::move(end_to_end));
    series.operation.push_back(std::move(operation));
    series.clocks.push_back(clock);
  }

  // A pass of each allocator that is not timed, for the counters.
  void count(SyncMode sync, std::vector<ReplaySeries>& group) {
    const NvtxRange range{"counters"};
    const std::unique_ptr<CallCounter> counter = run_.make_call_counter();
    if (counter == nullptr) return;
    for (ReplaySeries& series : group) {
      if (series.status != Status::ok || !series.is_finished(options_.repetitions)) continue;
      attempt(series, [&] {
        ReplayTurn turn{program_, *series.allocator, {sync, passes(options_.replay_warmup), false}};
        series.counts.calls = turn.count(*counter);
        series.counts.phases = program_.phases.size();
      });
    }
  }

  void report(SyncMode sync, const std::vector<ReplaySeries>& group) const {
    const ReplaySeries floor = reference_of(group, floor_name, options_.repetitions);
    const ReplaySeries against = reference_of(group, options_.against, options_.repetitions);
    std::vector<Row> rows;
    for (const ReplaySeries& series : group)
      if (series.is_finished(options_.repetitions)) rows.push_back(make_row(sync, series, floor, against));
    if (!rows.empty()) listener_.on_rows(rows);
  }

  [[nodiscard]] Row make_row(SyncMode sync, const ReplaySeries& series, const ReplaySeries& floor,
                             const ReplaySeries& against) const {
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
    fill(row, series, floor, against);
    row.against = options_.against;

    ReplayFigures& figures = row.replay.emplace();
    figures.trace = trace_.name;
    figures.operations = program_.operations;
    figures.left_out = trace_.trace.left_out;
    figures.operation = summarise(undisturbed(series, series.operation), undisturbed(floor, floor.operation),
                                  undisturbed(against, against.operation));
    figures.peak_live_bytes = trace_.trace.peak_live_bytes;
    figures.held_bytes = series.held.from_device();
    figures.has_min_fit = options_.min_fit;
    figures.min_fit_bytes = series.min_fit_bytes;
    return row;
  }

  const Options& options_;
  const Listener& listener_;
  CampaignRun& run_;
  const NamedTrace& trace_;
  ReplayProgram program_;
  std::string name_;
};

}  // namespace

void run_replays(CampaignRun& run) {
  for (const auto& trace : run.options.traces) {
    std::optional<NvtxRange> range;  // a profile has it within what it captures: see ReplayTurn
    if (!run.options.profile) range.emplace(workload_name);
    Replay{run, *trace}.run();
  }
}

}  // namespace daa::bench
