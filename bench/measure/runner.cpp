#include "measure/runner.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "device/context.hpp"
#include "device/l2_flush.hpp"
#include "device/sm_clock.hpp"
#include "measure/nvtx.hpp"
#include "measure/rank_samples.hpp"
#include "measure/series.hpp"
#include "ranks/parcel.hpp"
#include "workloads/random.hpp"

namespace daa::bench {

namespace {

Row row_of(const Case& each, const RunConfig& config, const Ranks& ranks) {
  Row row;
  each.describe(row);
  row.profiler = profiler_of(config.profile);
  row.iters = each.schedule().iters;
  row.warmup = each.schedule().warmup;
  row.phases_per_batch = each.schedule().phases_per_batch();
  row.seed = config.seed;
  row.against = config.against;
  row.ranks = {.ranks = ranks.size(), .hosts = ranks.hosts(), .ranks_per_device = ranks.ranks_per_device()};
  return row;
}

class Runner {
 public:
  Runner(const RunConfig& config, const Sinks& sinks, const StopCondition& stop, Progress& progress,
         Ranks& ranks, const Instruments& instruments)
      : config_(config),
        sinks_(sinks),
        stop_(stop),
        stop_within_(ranks.is_alone() ? stop : StopCondition::never()),
        progress_(progress),
        ranks_(ranks),
        instruments_(instruments),
        random_(config.seed) {
    if (config.flush_l2) l2_flush_.emplace();
  }

  void run(Case& each) {
    std::optional<NvtxRange> range;  // under --profile within the range "measured"
    if (!config_.profile) range.emplace(each.workload());
    std::vector<Series> group = make_series(config_.allocators);
    is_complete_ = false;
    const std::size_t trials_before = trials_done_;
    if (!stops()) {
      prepare(each, group);
      take_trials(each, group);
      if (is_complete_) record(each, group);
    }
    trials_done_ = trials_before + group.size() * config_.repetitions;
    report(each, group);
    each.release();
  }

  [[nodiscard]] const RunEnd& end() const { return end_; }

 private:
  // Between two trials.
  bool stops() {
    end_.has_stopped = end_.has_stopped || ranks_.any(stop_.requested());
    return end_.has_stopped;
  }

  void show(std::string_view step) {
    ranks_.begin(step);
    progress_.show(trials_done_, step);
  }

  // As attempt(), in all ranks, which then agree on its outcome. Where they exchange data in it, one that
  // fails leaves the others waiting, and ends the job.
  template <class Action>
  bool attempt_together(const Case& each, Series& series, bool exchanges, Action action) {
    const bool is_whole = attempt(series, action);
    if (ranks_.is_alone()) return is_whole;
    if (exchanges && (series.status == Status::failed || series.status == Status::out_of_memory))
      ranks_.fail(
          fmt::format("{}/{}: {}: {}", each.name(), series.label, to_string(series.status), series.message));
    Parcel parcel;
    parcel.put(is_whole);
    parcel.put(static_cast<int>(series.status));
    parcel.put(series.message);
    const std::vector<std::string> parcels = ranks_.gather(parcel.bytes());
    bool is_whole_in_all = true;
    for (std::size_t rank = 0; rank < parcels.size(); ++rank) {
      ParcelReader reader{parcels[rank]};
      bool is_whole_there = false;
      int status = 0;
      reader.take(is_whole_there);
      is_whole_in_all = is_whole_in_all && is_whole_there;
      std::string message;
      reader.take(status);
      reader.take(message);
      if (static_cast<Status>(status) == Status::ok) continue;
      series.status = static_cast<Status>(status);
      series.message = fmt::format("{}: {}", ranks_.name_of(rank), message);
      return false;
    }
    return is_whole_in_all;
  }

  void prepare(Case& each, std::vector<Series>& group) {
    show(fmt::format("{}: preparing and verifying", each.name()));
    Series preparation;
    attempt_together(each, preparation, each.communicates(), [&] { each.prepare(stop_within_); });
    for (Series& series : group) {
      if (preparation.status != Status::ok) {
        series.status = preparation.status;
        series.message = "preparing the workload: " + preparation.message;
      } else if (!stops()) {
        show(fmt::format("{}: verifying {}", each.name(), series.label));
        TrialSamples checked;
        const bool is_whole = attempt_together(each, series, each.communicates(), [&] {
          checked.findings = each.verify(*series.allocator, stop_within_);
          series.note(checked.findings);
        });
        if (is_whole && !ranks_.is_alone()) series.note(combined(gather_samples(ranks_, checked)).findings);
      }
    }
  }

  // An order of trials that is the same with every standard library (Fisher and Yates).
  void shuffle(std::vector<Series*>& order) {
    for (std::size_t left = order.size(); left > 1; --left)
      std::swap(order[left - 1], order[random_.below(static_cast<std::uint32_t>(left))]);
  }

  void take_trials(Case& each, std::vector<Series>& group) {
    std::vector<Series*> order;
    for (Series& series : group) order.push_back(&series);
    for (std::size_t repetition = 0; repetition < config_.repetitions; ++repetition) {
      shuffle(order);
      for (Series* const series : order) {
        if (stops()) break;
        show(fmt::format("{}/{}", each.name(), series->label));
        ++trials_done_;
        if (series->status == Status::ok) take_trial(each, *series);
      }
      if (stops()) break;
      if (config_.max_noise && is_precise(group, config_.against, *config_.max_noise)) {
        is_complete_ = true;
        return;
      }
    }
    close(each, group);
  }

  void take_trial(Case& each, Series& series) {
    std::optional<NvtxRange> range;
    if (!config_.profile) range.emplace(series.allocator->name);
    TrialSamples alone;
    if (!ranks_.is_alone()) {
      const bool is_whole = attempt_together(each, series, false, [&] {
        if (!ranks_.is_first()) return;
        alone = samples_of_trial(each.alone(), series, nullptr);
        series.note(alone.findings);
      });
      if (!is_whole || series.status != Status::ok) return;
    }
    TrialSamples samples;
    const bool is_whole = attempt_together(each, series, each.communicates(), [&] {
      samples = ranks_.is_alone() ? samples_of_trial(each, series, nullptr) : samples_together(each, series);
      series.note(samples.findings);
    });
    if (!is_whole || series.status != Status::ok) return;
    if (!ranks_.is_alone()) {
      std::vector<TrialSamples> of_ranks = gather_samples(ranks_, samples);
      samples = combined(of_ranks);
      series.note(samples.findings);
      const TrialSamples of_first = gather_samples(ranks_, alone).front();
      if (!of_first.clock.is_slowed_down) samples.alone = of_first.end_to_end;
      if (config_.per_rank) samples.of_ranks = std::move(of_ranks);
    }
    series.trials.push_back(std::move(samples));
  }

  // A rank that fails meets the others once more, so that all leave the trial, unless they wait for it in an
  // exchange: what cannot be captured never gets so far.
  TrialSamples samples_together(Case& each, const Series& series) {
    std::size_t meetings = Sampler::meetings_of(each.schedule());
    const auto leave = [&] {
      if (meetings > 0) static_cast<void>(ranks_.begin_together(true));
    };
    try {
      return samples_of_trial(each, series, &meetings);
    } catch (const Stopped&) {
      throw;
    } catch (const NotCapturable&) {
      leave();
      throw;
    } catch (...) {
      if (!each.communicates()) leave();
      throw;
    }
  }

  // A trial of this rank; with `meetings` of all ranks, which begin each sample together.
  TrialSamples samples_of_trial(Case& each, const Series& series, std::size_t* meetings) {
    TrialSamples samples;
    {
      const std::unique_ptr<Trial> trial = each.make_trial(*series.allocator, stop_within_);
      Sampler sampler{*trial,
                      each.schedule(),
                      stop_,
                      {.phase_ranges = config_.profile,
                       .l2_flush = l2_flush_ ? &*l2_flush_ : nullptr,
                       .ranks = &ranks_,
                       .meetings = meetings}};
      sampler.warm_up();
      const ClockReading before = instruments_.read_clock();  // the device is warm
      {
        std::optional<MeasuredRanges> measured;
        if (config_.profile) measured.emplace(each.workload(), series.allocator->name);
        for (std::size_t i = 0; i < each.schedule().samples; ++i) add(samples, sampler.next(), *trial);
      }
      samples.clock = clock_of_trial(before, instruments_.read_clock());
      // Not after every trial: with millions of elements, a check on the host takes longer than the phases.
      const bool is_first = series.trials.empty();
      const bool is_last = series.trials.size() + 1 == config_.repetitions || config_.max_noise;
      samples.findings = trial->finish(is_first || is_last);
      samples.findings.first_phase_ns = sampler.first_phase_ns();
      samples.findings.worst_phase_ns = sampler.worst_phase_ns();
    }
    static_cast<void>(cudaGetLastError());  // of the trial's destructor: not to be blamed on the next trial
    return samples;
  }

  static void add(TrialSamples& samples, const Sample& sample, const Trial& trial) {
    samples.host_enqueue.push_back(sample.host_enqueue_ns);
    samples.end_to_end.push_back(sample.end_to_end_ns);
    if (trial.uses_device()) samples.device.push_back(sample.device_ns);
    if (sample.operation_ns) samples.operation.push_back(*sample.operation_ns);
  }

  // After the last trial of a case. Allocators that were not measured in the same repetitions are not
  // compared.
  void close(const Case& each, std::vector<Series>& group) {
    std::size_t repetitions = config_.repetitions;
    for (const Series& series : group)
      if (series.status == Status::ok) repetitions = std::min(repetitions, series.trials.size());
    // Where the number of repetitions was not asked for, those that were taken count, if they are enough.
    const std::size_t least =
        config_.max_noise ? std::min(min_repetitions_for_noise, config_.repetitions) : config_.repetitions;
    is_complete_ = repetitions >= least;
    if (!is_complete_) return;
    for (Series& series : group)
      if (series.status == Status::ok) series.trials.resize(repetitions);
    if (!config_.max_noise || !ranks_.is_first()) return;
    if (const std::string noise = describe_noise(group, config_.against, *config_.max_noise); !noise.empty())
      progress_.note(
          fmt::format("{}: --max-noise={} was not reached: {}", each.name(), *config_.max_noise, noise));
  }

  // A pass of each allocator that is not timed, for the counters: of a warmed-up allocator, as those
  // measured.
  void record(Case& each, std::vector<Series>& group) {
    const NvtxRange range{"counters"};
    const std::unique_ptr<CallCounter> counter = each.counts_calls() ? make_call_counter() : nullptr;
    if (counter == nullptr && !each.records_memory()) return;
    const StopCondition stop = ranks_.is_alone() ? stop_.with_grace() : stop_within_;
    for (Series& series : group) {
      if (series.status != Status::ok) continue;
      const NvtxRange of_allocator{series.allocator->name};
      attempt_together(each, series, each.communicates(), [&] {
        const std::unique_ptr<Trial> trial = each.make_trial(*series.allocator, stop);
        Sampler{*trial, each.schedule(), stop, {.ranks = &ranks_}}.warm_up();
        series.recording = trial->record(counter.get());
      });
      if (series.status == Status::ok && !ranks_.is_alone()) {
        series.recordings = gather_recordings(ranks_, series.recording);
        series.recording = greatest(series.recordings);
      }
      if (series.recording.phases == 0 && series.status == Status::ok) is_complete_ = false;  // stopped
    }
  }

  // What counts calls makes them slower, so it is there during such passes only. The first time that calls
  // cannot be counted, the user is told why.
  std::unique_ptr<CallCounter> make_call_counter() {
    if (!config_.count_calls) return nullptr;
    MadeCallCounter made = instruments_.make_call_counter();
    if (made.counter == nullptr && !std::exchange(has_noted_counter_, true) && ranks_.is_first())
      progress_.note("CUDA calls are not counted: " + made.why_not);
    return std::move(made.counter);
  }

  void report(const Case& each, const std::vector<Series>& group) {
    std::vector<Row> rows;
    for (const Series& series : group) {
      if (!is_complete_ && series.status == Status::ok) {
        if (end_.missing++ == 0) end_.first_missing = fmt::format("{}/{}", each.name(), series.label);
        continue;
      }
      Row& row = rows.emplace_back(row_of(each, config_, ranks_));
      fill(row, series, group, config_.against);
      end_.all_measured =
          end_.all_measured && (row.status == Status::ok || row.status == Status::unsupported);
    }
    if (config_.per_rank && is_complete_ && !ranks_.is_alone()) add_rows_of_ranks(rows, each, group);
    if (rows.empty()) return;
    progress_.erase();
    for (const auto& sink : sinks_) sink->write(rows);
  }

  void add_rows_of_ranks(std::vector<Row>& rows, const Case& each, const std::vector<Series>& group) {
    for (std::size_t rank = 0; rank < ranks_.size(); ++rank) {
      std::vector<Series> of_rank;
      for (const Series& series : group) of_rank.push_back(part_of(series, rank));
      for (const Series& series : of_rank) {
        if (series.status != Status::ok || series.trials.empty()) continue;  // its row is that of all ranks
        Row& row = rows.emplace_back(row_of(each, config_, ranks_));
        fill(row, series, of_rank, config_.against);
        row.ranks.rank = rank;
      }
    }
  }

  const RunConfig& config_;
  const Sinks& sinks_;
  const StopCondition& stop_;
  StopCondition stop_within_;  // a trial: not where ranks wait for each other
  Progress& progress_;
  Ranks& ranks_;
  const Instruments& instruments_;
  RunEnd end_;
  Random random_;
  std::optional<L2Flush> l2_flush_;  // taken before any allocator is there
  std::size_t trials_done_ = 0;
  bool is_complete_ = false;  // the case that is measured now has all its repetitions
  bool has_noted_counter_ = false;
};

}  // namespace

RunEnd run_cases(const RunConfig& config, const Cases& cases, const Sinks& sinks, const StopCondition& stop,
                 Progress& progress, Ranks& ranks, const Instruments& instruments) {
  Runner runner{config, sinks, stop, progress, ranks, instruments};
  for (const auto& each : cases) runner.run(*each);
  progress.erase();
  for (const auto& sink : sinks) sink->finish();
  return runner.end();
}

std::size_t trial_count(const RunConfig& config, const Cases& cases) {
  return cases.size() * config.allocators.size() * config.repetitions;
}

std::vector<Row> rows_to_come(const RunConfig& config, const Cases& cases, const Ranks& ranks) {
  std::vector<Row> rows;
  for (const auto& each : cases)
    for (const Series& series : make_series(config.allocators)) {
      Row& row = rows.emplace_back(row_of(*each, config, ranks));
      row.allocator = series.label;
    }
  return rows;
}

}  // namespace daa::bench
