#include "driver/campaign.hpp"

#include <benchmark/benchmark.h>
#include <fmt/core.h>

#include <map>
#include <string>

#include "daa/error.hpp"
#include "driver/interrupt.hpp"
#include "driver/json_reporter.hpp"
#include "driver/statistics.hpp"
#include "driver/turn.hpp"

namespace daa::bench {

namespace {

// An allocator's place in a group: its turns and what came of them.
struct Series {
  const AllocatorInfo* allocator;
  std::string label;
  Status status = Status::ok;
  std::string message;
  Repetitions host_enqueue, device, end_to_end;
  TurnResult last;
};

// Runs `action` and returns whether it succeeded; if it threw, the series' status says how.
template <class Action>
bool attempt(Series& series, Action action) {
  const auto fail = [&](Status status, const char* message) {
    series.status = status;
    series.message = message;
    return false;
  };
  try {
    action();
    return true;
  } catch (const OutOfDeviceMemory& error) {
    return fail(Status::out_of_memory, error.what());
  } catch (const CudaError& error) {
    const bool out_of_memory = error.code() == cudaErrorMemoryAllocation;
    return fail(out_of_memory ? Status::out_of_memory : Status::failed, error.what());
  } catch (const std::exception& error) {
    return fail(Status::failed, error.what());
  } catch (...) {
    return fail(Status::failed, "threw what is no std::exception");
  }
}

void note_error(Series& series, const std::optional<std::string>& error) {
  if (!error) return;
  series.status = Status::wrong_result;
  series.message = *error;
}

std::vector<Series> make_series(const std::vector<const AllocatorInfo*>& allocators) {
  std::vector<Series> result;
  std::map<std::string_view, std::size_t> seen;
  for (const AllocatorInfo* allocator : allocators) {
    std::string label{allocator->name};
    const std::size_t occurrence = ++seen[allocator->name];
    if (occurrence > 1) label = fmt::format("{}:{}", label, occurrence);
    result.push_back({allocator, std::move(label), Status::ok, {}, {}, {}, {}, {}});
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
      const TurnOptions turn{sync, options_.iters, options_.warmup, options_.profile, options_.planted};
      const std::size_t turns_before = turns_done_;
      if (ready && !interrupted()) measure(name, *problem, turn, group);
      turns_done_ = turns_before + group.size() * options_.repetitions;
      if (ready && !interrupted()) fail_unfinished(group);
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

  // Nobody but the user may leave turns out.
  void fail_unfinished(std::vector<Series>& group) const {
    for (Series& series : group) {
      const std::size_t turns = series.end_to_end.size();
      if (series.status != Status::ok || turns == options_.repetitions) continue;
      series.status = Status::failed;
      series.message = "Google Benchmark ran " + std::to_string(turns) + " of " +
                       std::to_string(options_.repetitions) + " repetitions";
    }
  }

  // Skips the turn for the reason in `why`. Also runs its empty loop: Google Benchmark aborts the process if
  // one repetition of several has begun no loop.
  static void skip(benchmark::State& state, const std::string& why) {
    state.SkipWithError(why.c_str());
    for ([[maybe_unused]] auto _ : state) {
    }
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
    const auto is_finished = [&](const Series& series) {
      return series.status != Status::ok || series.end_to_end.size() == options_.repetitions;
    };
    Series floor{};
    for (const Series& series : group) {
      if (series.label == floor_name && series.status == Status::ok && is_finished(series)) floor = series;
    }

    std::vector<Row> rows;
    for (const Series& series : group) {
      if (!is_finished(series)) continue;
      Row row;
      row.workload = info.name;
      row.elements = elements;
      row.sync = turn.sync;
      row.allocator = series.label;
      row.status = series.status;
      row.message = series.message;
      row.iters = turn.iters;
      row.warmup = turn.warmup;
      row.repetitions = series.end_to_end.size();
      row.phases_per_sample = phases_per_sample(turn);
      for (const auto& repetition : series.end_to_end) row.samples += repetition.size();
      row.host_enqueue = summarise(series.host_enqueue, floor.host_enqueue);
      row.device = summarise(series.device, floor.device);
      row.end_to_end = summarise(series.end_to_end, floor.end_to_end);
      row.allocations_per_phase = demand.allocations_per_phase;
      row.runtime_calls_per_phase = series.last.runtime_calls_per_phase;
      row.bytes_asked_per_phase = demand.bytes_per_phase;
      row.bytes_peak_phase = demand.max_phase_bytes;
      row.bytes_reserved = series.last.bytes_reserved;
      row.pool_mapped_bytes = series.last.pool_mapped_bytes;
      row.seed = options_.seed;
      row.planted_delay = options_.planted_given;
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
  return options.workloads.size() * options.elements.size() * options.sync_modes.size() *
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
