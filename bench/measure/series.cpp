#include "measure/series.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <map>

#include "device/sm_clock.hpp"
#include "report/row.hpp"
#include "stats/median_interval.hpp"
#include "stats/quantile.hpp"

namespace daa::bench {

namespace {

std::vector<bool> throttled_trials(const Series& series, std::optional<double> least_mhz) {
  std::vector<bool> throttled;
  for (const TrialSamples& trial : series.trials) throttled.push_back(is_throttled(trial.clock, least_mhz));
  return throttled;
}

/// Of the trials that have found it.
std::vector<double> findings_of(const Series& series, std::optional<double> TrialFindings::*figure) {
  std::vector<double> values;
  for (const TrialSamples& trial : series.trials)
    if (trial.findings.*figure) values.push_back(*(trial.findings.*figure));
  return values;
}

std::optional<double> median_of(const Series& series, std::optional<double> TrialFindings::*figure) {
  const std::vector<double> values = findings_of(series, figure);
  if (values.empty()) return std::nullopt;
  return quantile(values, 0.5);
}

/// The median of the ratios to what `reference` found in the same repetitions.
std::optional<double> ratio_of(const Series& series, const Series& reference,
                               std::optional<double> TrialFindings::*figure) {
  const auto found = [&](const Series& of) {
    Repetitions repetitions;
    for (const TrialSamples& trial : of.trials) {
      std::vector<double>& samples = repetitions.emplace_back();
      if (trial.findings.*figure) samples.push_back(*(trial.findings.*figure));
    }
    return repetitions;
  };
  const std::vector<double> ratios = paired_ratios(found(series), found(reference));
  if (ratios.empty()) return std::nullopt;
  return quantile(ratios, 0.5);
}

/// The series that ratios refer to, or one without trials.
const Series& reference_of(const std::vector<Series>& group, std::string_view label) {
  static const Series none;
  const auto found = std::ranges::find(group, label, &Series::label);
  return found != group.end() && found->status == Status::ok ? *found : none;
}

CallFigures calls_per_phase(const Recording& recording) {
  CallFigures figures;
  if (!recording.calls || recording.phases == 0) return figures;
  const CallCounts& calls = *recording.calls;
  const auto per_phase = [&](std::size_t count) {
    return static_cast<double>(count) / static_cast<double>(recording.phases);
  };
  figures.runtime = per_phase(calls.runtime);
  if (calls.driver) figures.driver = per_phase(*calls.driver);
  figures.allocate = per_phase(calls.of(CallKind::allocate));
  figures.free = per_phase(calls.of(CallKind::free));
  figures.launch = per_phase(calls.of(CallKind::launch));
  figures.copy = per_phase(calls.of(CallKind::copy));
  figures.synchronise = per_phase(calls.of(CallKind::synchronise));
  figures.other = per_phase(calls.of(CallKind::other));
  figures.synchronisations = per_phase(calls.synchronisations);
  return figures;
}

/// Where there are several ranks.
void fill_rank_figures(RankFigures& figures, const Series& of, std::optional<double> least_mhz) {
  std::vector<double> imbalance;
  for (const std::vector<double>& trial : samples_of(of, &TrialSamples::imbalance, least_mhz))
    imbalance.insert(imbalance.end(), trial.begin(), trial.end());
  if (!imbalance.empty()) figures.imbalance = quantile(imbalance, 0.5);
  const MedianInterval efficiency = bootstrap_median(paired_ratios(
      samples_of(of, &TrialSamples::alone, least_mhz), samples_of(of, &TrialSamples::end_to_end, least_mhz)));
  figures.weak_efficiency = efficiency.median;
  figures.weak_efficiency_low = efficiency.low;
  figures.weak_efficiency_high = efficiency.high;
}

/// How well an end-to-end ratio is known.
struct Noise {
  const Series* series;
  std::size_t pairs;
  double noise;

  [[nodiscard]] bool is_within(double max_noise) const {
    return pairs >= min_repetitions_for_noise && noise <= max_noise;
  }
};

/// Of the series that have not failed; nothing without the reference.
std::vector<Noise> noise_of(const std::vector<Series>& group, std::string_view against) {
  std::vector<Noise> result;
  const Series& reference = reference_of(group, against);
  if (reference.trials.empty()) return result;
  const std::optional<double> least_mhz = least_rate_of(group);
  const Repetitions reference_samples = samples_of(reference, &TrialSamples::end_to_end, least_mhz);
  for (const Series& series : group) {
    if (series.status != Status::ok) continue;
    const std::vector<double> ratios =
        paired_ratios(samples_of(series, &TrialSamples::end_to_end, least_mhz), reference_samples);
    result.push_back({&series, ratios.size(), bootstrap_median(ratios).noise()});
  }
  return result;
}

}  // namespace

void Series::note(const TrialFindings& findings) {
  reserved_bytes = std::max(reserved_bytes, findings.reserved_bytes);
  pool_mapped_bytes = std::max(pool_mapped_bytes, findings.pool_mapped_bytes);
  if (!findings.error) return;
  status = Status::wrong_result;
  message = *findings.error;
}

std::vector<Series> make_series(const std::vector<const AllocatorInfo*>& allocators) {
  std::vector<Series> group;
  std::map<std::string_view, std::size_t> seen;
  for (const AllocatorInfo* const allocator : allocators) {
    Series& series = group.emplace_back();
    series.allocator = allocator;
    series.label = allocator->name;
    if (const std::size_t occurrence = ++seen[allocator->name]; occurrence > 1)
      series.label += fmt::format(":{}", occurrence);
  }
  return group;
}

std::optional<double> least_rate_of(const std::vector<Series>& group) {
  std::vector<ClockReading> clocks;
  for (const Series& series : group)
    for (const TrialSamples& trial : series.trials) clocks.push_back(trial.clock);
  return least_rate_mhz(clocks);
}

Repetitions samples_of(const Series& series, std::vector<double> TrialSamples::*clock,
                       std::optional<double> least_mhz) {
  const std::vector<bool> throttled = throttled_trials(series, least_mhz);
  const bool keep_all = std::ranges::all_of(throttled, std::identity{});
  Repetitions samples;
  for (std::size_t i = 0; i < series.trials.size(); ++i)
    samples.push_back(keep_all || !throttled[i] ? series.trials[i].*clock : std::vector<double>{});
  return samples;
}

bool is_precise(const std::vector<Series>& group, std::string_view against, double max_noise) {
  const std::vector<Noise> all = noise_of(group, against);
  return !all.empty() &&
         std::ranges::all_of(all, [=](const Noise& noise) { return noise.is_within(max_noise); });
}

std::string describe_noise(const std::vector<Series>& group, std::string_view against, double max_noise) {
  std::string text;
  for (const Noise& each : noise_of(group, against)) {
    if (each.is_within(max_noise)) continue;
    text += text.empty() ? "" : ", ";
    text +=
        each.pairs < min_repetitions_for_noise
            ? fmt::format("{} has {} repetitions of {} needed", each.series->label, each.pairs,
                          min_repetitions_for_noise)
            : fmt::format("{} {:.2g} % of {} repetitions", each.series->label, 100 * each.noise, each.pairs);
  }
  return text;
}

void fill(Row& row, const Series& of, const std::vector<Series>& group, std::string_view against) {
  row.allocator = of.label;
  row.status = of.status;
  row.message = of.message;
  row.repetitions = of.trials.size();

  const std::optional<double> least_mhz = least_rate_of(group);
  const std::vector<bool> throttled = throttled_trials(of, least_mhz);
  for (std::size_t i = 0; i < throttled.size(); ++i)
    if (throttled[i]) row.throttled_samples += of.trials[i].end_to_end.size();
  if (row.message.empty() && !throttled.empty() && std::ranges::all_of(throttled, std::identity{}))
    row.message = "the device was throttled in every trial: nothing was left out";
  std::vector<ClockReading> clocks;
  for (const TrialSamples& trial : of.trials) clocks.push_back(trial.clock);
  row.sm_clock_mhz = median_mhz(clocks);

  const Series& lower_bound = reference_of(group, lower_bound_name);
  const Series& reference = reference_of(group, against);
  const auto summary_of = [&](std::vector<double> TrialSamples::*clock) {
    return summarise(samples_of(of, clock, least_mhz), samples_of(lower_bound, clock, least_mhz),
                     samples_of(reference, clock, least_mhz));
  };
  row.host_enqueue = summary_of(&TrialSamples::host_enqueue);
  row.device = summary_of(&TrialSamples::device);
  row.end_to_end = summary_of(&TrialSamples::end_to_end);
  const Repetitions end_to_end = samples_of(of, &TrialSamples::end_to_end, least_mhz);
  for (const auto& repetition : end_to_end) row.samples += repetition.size();

  fill_rank_figures(row.ranks, of, least_mhz);
  row.calls = calls_per_phase(of.recording);
  row.reserved_bytes = of.recording.reserved_bytes;
  row.wasted_bytes = of.recording.wasted_bytes();
  row.pool_mapped_bytes = of.recording.pool_mapped_bytes;
  if (row.replay) {
    // A replay's memory is observed in the passes that check it.
    row.reserved_bytes = of.reserved_bytes;
    row.wasted_bytes = of.reserved_bytes - std::min(of.reserved_bytes, row.replay->peak_live_bytes);
    row.pool_mapped_bytes = of.pool_mapped_bytes;
    row.replay->operation = summary_of(&TrialSamples::operation);
    row.replay->first_phase_ns = median_of(of, &TrialFindings::first_phase_ns);
    row.replay->first_phase_ratio = ratio_of(of, lower_bound, &TrialFindings::first_phase_ns);
    row.replay->worst_phase_ns = median_of(of, &TrialFindings::worst_phase_ns);
    row.replay->held_bytes = of.pool_mapped_bytes > 0 ? of.pool_mapped_bytes : of.reserved_bytes;
  }

  if (!of.trials.empty()) row.found.graph_memory_nodes = of.trials.back().findings.graph_memory_nodes;
  row.found.allocation_ns = median_of(of, &TrialFindings::allocation_ns);
  row.found.allocation_ratio = ratio_of(of, lower_bound, &TrialFindings::allocation_ns);
  row.found.slowest_allocation_ns = median_of(of, &TrialFindings::slowest_allocation_ns);
  row.found.serial_ns = median_of(lower_bound, &TrialFindings::serial_ns);
  row.found.overlap_score =
      overlap_score(findings_of(lower_bound, &TrialFindings::serial_ns),
                    samples_of(lower_bound, &TrialSamples::end_to_end, least_mhz), end_to_end);
}

}  // namespace daa::bench
