#include "driver/series.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <functional>
#include <map>

#include "clocks/throttling.hpp"
#include "driver/overlap.hpp"

namespace daa::bench {

namespace {

/// Median over the turns that have such a time; nothing if none has.
std::optional<double> median_of(const std::vector<LaneTimes>& turns, std::optional<double> LaneTimes::*time) {
  const std::vector<double> values = times_of(turns, time);
  if (values.empty()) return std::nullopt;
  return quantile(values, 0.5);
}

bool all_throttled(const Series& series) {
  return !series.throttled.empty() && std::ranges::all_of(series.throttled, std::identity{});
}

CallFigures calls_per_phase(const PassCounts& counts) {
  CallFigures figures;
  if (!counts.calls || counts.phases == 0) return figures;
  const CallCounts& calls = *counts.calls;
  const auto per_phase = [&](std::size_t count) {
    return static_cast<double>(count) / static_cast<double>(counts.phases);
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

}  // namespace

std::vector<double> times_of(const std::vector<LaneTimes>& turns, std::optional<double> LaneTimes::*time) {
  std::vector<double> values;
  for (const LaneTimes& turn : turns)
    if (turn.*time) values.push_back(*(turn.*time));
  return values;
}

void note_error(Series& series, const std::optional<std::string>& error) {
  if (!error) return;
  series.status = Status::wrong_result;
  series.message = *error;
}

std::vector<std::string> labels_of(const std::vector<const AllocatorInfo*>& allocators) {
  std::vector<std::string> result;
  std::map<std::string_view, std::size_t> seen;
  for (const AllocatorInfo* allocator : allocators) {
    const std::size_t occurrence = ++seen[allocator->name];
    result.push_back(occurrence == 1 ? std::string{allocator->name}
                                     : fmt::format("{}:{}", allocator->name, occurrence));
  }
  return result;
}

void fail_if_unfinished(Series& series, std::size_t repetitions) {
  const std::size_t turns = series.end_to_end.size();
  if (series.is_finished(repetitions)) return;
  series.status = Status::failed;
  series.message =
      "Google Benchmark ran " + std::to_string(turns) + " of " + std::to_string(repetitions) + " repetitions";
}

void skip(benchmark::State& state, const std::string& why) {
  state.SkipWithError(why.c_str());
  for ([[maybe_unused]] auto _ : state) {
  }
}

void find_throttled(Series& series, std::optional<double> least_mhz) {
  series.throttled.clear();
  for (const ClockReading& clock : series.clocks) series.throttled.push_back(is_throttled(clock, least_mhz));
}

Repetitions undisturbed(const Series& series, Repetitions samples) {
  if (all_throttled(series)) return samples;
  for (std::size_t i = 0; i < std::min(samples.size(), series.throttled.size()); ++i)
    if (series.throttled[i]) samples[i].clear();
  return samples;
}

void fill(Row& row, const Series& series, const Series& floor, const Series& against) {
  row.allocator = series.label;
  row.status = series.status;
  row.message = series.message;
  if (row.message.empty() && all_throttled(series))
    row.message = "the device was throttled in every turn: nothing was dropped";
  row.repetitions = series.end_to_end.size();
  for (std::size_t i = 0; i < series.throttled.size(); ++i)
    if (series.throttled[i]) row.throttled_samples += series.end_to_end[i].size();
  for (const auto& repetition : undisturbed(series, series.end_to_end)) row.samples += repetition.size();
  row.sm_clock_mhz = median_mhz(series.clocks);
  const auto summary_of = [&](Repetitions Series::*clock) {
    return summarise(undisturbed(series, series.*clock), undisturbed(floor, floor.*clock),
                     undisturbed(against, against.*clock));
  };
  row.host_enqueue = summary_of(&Series::host_enqueue);
  row.device = summary_of(&Series::device);
  row.end_to_end = summary_of(&Series::end_to_end);
  row.calls = calls_per_phase(series.counts);
  row.bytes_reserved = series.counts.reserved_bytes;
  row.bytes_wasted = series.counts.wasted_bytes();
  row.pool_mapped_bytes = series.counts.pool_mapped_bytes;
  row.found.graph_memory_nodes = series.graph_memory_nodes;
  row.found.allocation_ns = median_of(series.lanes, &LaneTimes::allocation_ns);
  row.found.slowest_allocation_ns = median_of(series.lanes, &LaneTimes::slowest_allocation_ns);
  row.found.serial_ns = median_of(floor.lanes, &LaneTimes::serial_ns);
  row.found.overlap_score =
      overlap_score(times_of(floor.lanes, &LaneTimes::serial_ns), undisturbed(floor, floor.end_to_end),
                    undisturbed(series, series.end_to_end));
}

}  // namespace daa::bench
