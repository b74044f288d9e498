#include "driver/campaign.hpp"

#include <benchmark/benchmark.h>

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <optional>
#include <string>

#include "driver/break_even.hpp"
#include "driver/campaign_run.hpp"
#include "driver/make_turn.hpp"
#include "driver/modes.hpp"
#include "driver/precision.hpp"
#include "driver/profiler.hpp"
#include "driver/rounds.hpp"
#include "driver/series.hpp"
#include "driver/statistics.hpp"
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

// A workload of one size and, where that can be chosen, number of temporaries a phase.
struct Instance {
  const WorkloadInfo& info;
  std::size_t elements;
  std::optional<std::size_t> allocs_per_phase;

  [[nodiscard]] std::string name() const {
    std::string text = std::string{info.name} + "/" + std::to_string(elements);
    if (allocs_per_phase) text += "/allocs:" + std::to_string(*allocs_per_phase);
    return text;
  }

  [[nodiscard]] std::unique_ptr<Workload> make(std::uint64_t seed, cudaStream_t stream) const {
    if (allocs_per_phase) return info.make_cut(elements, *allocs_per_phase, seed, stream);
    return info.make(elements, seed, stream);
  }
};

class Campaign {
 public:
  Campaign(const Options& options, const Listener& listener, const Instruments& instruments)
      : options_(options),
        listener_(listener),
        run_(options, listener, instruments),
        modes_(modes_of(options)) {
    if (options.flush_l2) l2_.emplace();
  }

  CampaignEnd run() {
    for (const WorkloadInfo* workload : options_.workloads) {
      std::optional<NvtxRange> range;  // a profile has it within what it captures: see TurnRanges
      if (!options_.profile) range.emplace(workload->name);
      for (const std::size_t elements : options_.elements) {
        if (workload->make_cut != nullptr && !options_.allocs_per_phase.empty())
          run_sweep(*workload, elements);
        else
          run_problem({*workload, elements, {}}, [this](std::size_t, auto rows) { report(rows); });
      }
    }
    if (options_.replay) run_replays(run_);
    run_.json.finish();
    return run_.end;
  }

 private:
  using Groups = std::vector<std::vector<Row>>;

  // What a sweep finds is in its first rows, too: they are kept until its end.
  void run_sweep(const WorkloadInfo& info, std::size_t elements) {
    std::vector<Groups> of_mode(modes_.size());  // each with a group for each number of allocations
    for (const std::size_t allocs : options_.allocs_per_phase)
      run_problem({info, elements, allocs},
                  [&](std::size_t mode, auto rows) { of_mode[mode].push_back(std::move(rows)); });
    for (Groups& groups : of_mode) {
      const bool is_whole = groups.size() == options_.allocs_per_phase.size() &&
                            std::ranges::all_of(groups, [&](const auto& rows) {
                              return rows.size() == options_.allocators.size();
                            });
      if (is_whole) find_break_even(groups);
      for (const auto& rows : groups) report(rows);
      if (!groups.empty() && !groups.back().empty() && listener_.on_sweep) listener_.on_sweep(groups.back());
    }
  }

  [[nodiscard]] std::string full_name(const std::string& name, const Mode& mode, const Series& series) const {
    return name + "/" + label_of(mode, options_.flush_l2) + "/" + series.label;
  }

  // Calls `on_group` with the number of each mode and its rows, once these are measured.
  template <class OnGroup>
  void run_problem(const Instance& instance, OnGroup on_group) {
    const std::string name = instance.name();
    std::vector<Series> prepared = make_series(options_.allocators);
    if (run_.is_over()) {
      for (const Mode& mode : modes_) note_missing(name, mode, prepared);
      return;
    }
    listener_.on_progress(run_.turns_done, name + ": preparing and verifying");

    std::unique_ptr<Workload> workload;
    std::optional<Problem> problem;
    Series preparation{};
    const auto fail_all = [&](std::vector<Series>& group) {
      for (Series& series : group) {
        series.status = preparation.status;
        series.message = "preparing the workload: " + preparation.message;
      }
    };
    const bool ready = attempt(preparation, [&] {
      workload = instance.make(options_.seed, stream_.get());
      problem.emplace(
          Problem{instance.info.name, *workload, measure_demand(*workload, stream_.get()), stream_.get()});
    });
    if (!ready) fail_all(prepared);
    for (Series& series : prepared) {
      if (ready && !run_.is_over())
        attempt(series, [&] { note_error(series, find_error(*problem, *series.allocator)); });
    }

    for (std::size_t i = 0; i < modes_.size(); ++i) {
      const Mode& mode = modes_[i];
      std::vector<Series> group = prepared;
      const TurnOptions turn{mode.sync,
                             options_.iters,
                             mode.state == State::cold ? 0 : options_.warmup,
                             options_.profile,
                             mode.state,
                             mode.graph,
                             l2_ ? &*l2_ : nullptr,
                             options_.planted};
      const std::size_t turns_before = run_.turns_done;
      if (ready && !run_.is_over()) {
        std::optional<Lanes> made_lanes;
        const bool lanes_ready = !mode.lanes || attempt(preparation, [&] {
          made_lanes = make_lanes(mode.threads, mode.streams, [&](std::size_t lane, cudaStream_t stream) {
            return instance.make(options_.seed + lane, stream);
          });
        });
        Lanes* const lanes = made_lanes ? &*made_lanes : nullptr;
        if (!lanes_ready) fail_all(group);
        measure(name, mode, *problem, lanes, turn, group);
        count(*problem, lanes, turn, group);
      }
      run_.turns_done = turns_before + group.size() * options_.repetitions;
      if (ready && !run_.is_over())
        for (Series& series : group) fail_if_unfinished(series, options_.repetitions);
      run_.mark_throttled(group);
      for (const Series& series : group) hand_on_samples(instance, mode, turn, series);
      on_group(i, rows_of(instance, mode, turn, problem ? problem->demand : Demand{}, group));
      note_missing(name, mode, group);
    }
  }

  void note_missing(const std::string& name, const Mode& mode, const std::vector<Series>& group) {
    run_.note_missing(group, [&](const Series& series) { return full_name(name, mode, series); });
  }

  void measure(const std::string& name, const Mode& mode, const Problem& problem, Lanes* lanes,
               const TurnOptions& options, std::vector<Series>& group) {
    std::vector<RoundTurn> turns;
    for (Series& series : group) {
      const std::string label = full_name(name, mode, series);
      const auto take_turn = [this, &problem, lanes, options, &series, label](benchmark::State& state) {
        listener_.on_progress(run_.turns_done++, label);
        run_turn(problem, lanes, options, series, state);
      };
      turns.push_back({label, samples_per_turn(options), take_turn});
    }
    run_rounds(run_, turns, [&] { return options_.max_noise && settle_if_precise(group); });
    if (options_.max_noise && !std::ranges::all_of(group, &Series::is_settled)) {
      if (run_.is_over()) settle_whole_rounds(group);
      note_noise(name + "/" + label_of(mode, options_.flush_l2), group);
    }
    run_.close_group(group);
  }

  // Where the number of rounds is not asked for, those that were taken count, if they are enough.
  void settle_whole_rounds(std::vector<Series>& group) {
    std::size_t rounds = std::numeric_limits<std::size_t>::max();
    for (const Series& series : group)
      if (series.status == Status::ok) rounds = std::min(rounds, series.end_to_end.size());
    if (rounds < least_repetitions_for_noise) return;
    for (Series& series : group) {
      if (series.status != Status::ok) continue;
      for (Repetitions* const samples : {&series.host_enqueue, &series.device, &series.end_to_end})
        samples->resize(rounds);
      series.lanes.resize(rounds);
      series.clocks.resize(rounds);
      series.is_settled = true;
    }
    run_.mark_throttled(group);
  }

  void note_noise(const std::string& name, const std::vector<Series>& group) const {
    const std::string noise = describe_noise(group, options_.against, *options_.max_noise);
    if (noise.empty()) return;
    listener_.on_note(
        fmt::format("{}: --max-noise={} was not reached: {}", name, *options_.max_noise, noise));
  }

  // Returns whether it has: no further round is needed then.
  bool settle_if_precise(std::vector<Series>& group) const {
    run_.mark_throttled(group);
    if (!is_precise(group, options_.against, *options_.max_noise)) return false;
    for (Series& series : group) series.is_settled = true;
    return true;
  }

  void run_turn(const Problem& problem, Lanes* lanes, TurnOptions options, Series& series,
                benchmark::State& state) {
    if (run_.is_over()) return skip(state, run_.why_over());
    if (series.status != Status::ok) return skip(state, series.message);
    // Not in every turn: of millions of elements, a check on the host takes longer than the phases. With
    // max_noise nobody knows beforehand which is the last.
    const std::size_t turns_before = series.end_to_end.size();
    options.check = turns_before == 0 || turns_before + 1 == options_.repetitions || options_.max_noise;
    std::unique_ptr<AnyTurn> turn;
    if (!attempt(series, [&] { turn = make_turn(problem, lanes, *series.allocator, options); }))
      return skip(state, series.message);

    std::vector<double> host_enqueue, device, end_to_end;
    ClockReading clock;
    TurnResult result;
    attempt(series, [&] {
      const ClockReading clock_before = run_.instruments.read_clock();  // the device is warm
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
      clock = clock_of_turn(clock_before, run_.instruments.read_clock());
      result = turn->finish();
      note_error(series, result.error);
    });
    if (series.status != Status::ok) {
      turn.reset();
      static_cast<void>(cudaGetLastError());  // of what its destructor has met
      return state.SkipWithError(series.message.c_str());
    }
    if (interrupted()) return state.SkipWithError("interrupted");
    state.counters["host_enqueue_ns"] = quantile(host_enqueue, 0.5);
    state.counters["device_ns"] = quantile(device, 0.5);
    series.host_enqueue.push_back(std::move(host_enqueue));
    series.device.push_back(std::move(device));
    series.end_to_end.push_back(std::move(end_to_end));
    series.graph_memory_nodes = result.graph_memory_nodes;
    series.lanes.push_back(result.lanes);
    series.clocks.push_back(clock);
  }

  // A pass of each allocator that is not timed, for the counters.
  void count(const Problem& problem, Lanes* lanes, TurnOptions options, std::vector<Series>& group) {
    const NvtxRange range{"counters"};
    const std::unique_ptr<CallCounter> counter = options.graph ? nullptr : run_.make_call_counter();
    options.profile = false;
    for (Series& series : group) {
      if (series.status != Status::ok || !series.is_finished(options_.repetitions)) continue;
      attempt(series, [&] {
        series.counts = make_turn(problem, lanes, *series.allocator, options)->count(counter.get());
      });
    }
  }

  [[nodiscard]] RowMode row_mode(const Instance& instance, const Mode& mode) const {
    return {mode.state,      mode.graph, mode.lanes, mode.threads, mode.streams, instance.allocs_per_phase,
            l2_.has_value(), profiler_};
  }

  std::vector<Row> rows_of(const Instance& instance, const Mode& mode, const TurnOptions& turn,
                           const Demand& demand, const std::vector<Series>& group) const {
    const Series floor = reference_of(group, floor_name, options_.repetitions);
    const Series against = reference_of(group, options_.against, options_.repetitions);
    std::vector<Row> rows;
    for (const Series& series : group) {
      if (!series.is_finished(options_.repetitions)) continue;
      Row row;
      row.workload = instance.info.name;
      row.elements = instance.elements;
      row.sync = turn.sync;
      row.mode = row_mode(instance, mode);
      fill(row, series, floor, against);
      row.against = options_.against;
      row.iters = turn.iters;
      row.warmup = turn.warmup;
      row.phases_per_sample = phases_per_sample(turn);
      row.allocations_per_phase = demand.allocations_per_phase;
      row.bytes_asked_per_phase = demand.bytes_per_phase;
      row.bytes_peak_phase = demand.max_phase_bytes;
      row.seed = options_.seed;
      row.planted_delay = options_.planted_given;
      rows.push_back(std::move(row));
    }
    return rows;
  }

  void report(const std::vector<Row>& rows) const {
    if (!rows.empty()) listener_.on_rows(rows);
  }

  void hand_on_samples(const Instance& instance, const Mode& mode, const TurnOptions& turn,
                       const Series& series) const {
    const RowMode row = row_mode(instance, mode);
    for (std::size_t i = 0; i < series.end_to_end.size(); ++i)
      listener_.on_samples({instance.info.name, instance.elements, turn.sync, row, series.label, i,
                            series.host_enqueue[i], series.device[i], series.end_to_end[i],
                            series.throttled[i], series.clocks[i].sm_mhz});
  }

  const Options& options_;
  const Listener& listener_;
  CampaignRun run_;
  std::vector<Mode> modes_;
  std::string profiler_ = profiler_of(options_.profile);
  std::optional<L2Flush> l2_;  // taken before any allocator is there
  Stream stream_ = make_stream();
};

}  // namespace

std::size_t turn_count(const Options& options) {
  const std::size_t traces = options.replay ? options.traces.size() : 0;
  std::size_t instances = 0;
  for (const WorkloadInfo* const workload : options.workloads)
    instances +=
        workload->make_cut != nullptr ? std::max<std::size_t>(1, options.allocs_per_phase.size()) : 1;
  return (instances * options.elements.size() * modes_of(options).size() +
          traces * options.sync_modes.size()) *
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
