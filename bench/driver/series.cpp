#include "driver/series.hpp"

#include <fmt/core.h>

#include <map>

#include "driver/overlap.hpp"

namespace daa::bench {

namespace {

/// Median over the turns that have such a time; nothing if none has.
std::optional<double> median_of(const std::vector<LaneTimes>& turns, std::optional<double> LaneTimes::*time) {
  const std::vector<double> values = times_of(turns, time);
  if (values.empty()) return std::nullopt;
  return quantile(values, 0.5);
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

void fill(Row& row, const Series& series, const Series& floor) {
  row.allocator = series.label;
  row.status = series.status;
  row.message = series.message;
  row.repetitions = series.end_to_end.size();
  for (const auto& repetition : series.end_to_end) row.samples += repetition.size();
  row.host_enqueue = summarise(series.host_enqueue, floor.host_enqueue);
  row.device = summarise(series.device, floor.device);
  row.end_to_end = summarise(series.end_to_end, floor.end_to_end);
  row.runtime_calls_per_phase = series.last.runtime_calls_per_phase;
  row.bytes_reserved = series.last.bytes_reserved;
  row.pool_mapped_bytes = series.last.pool_mapped_bytes;
  row.found.graph_memory_nodes = series.last.graph_memory_nodes;
  row.found.allocation_ns = median_of(series.lanes, &LaneTimes::allocation_ns);
  row.found.slowest_allocation_ns = median_of(series.lanes, &LaneTimes::slowest_allocation_ns);
  row.found.serial_ns = median_of(floor.lanes, &LaneTimes::serial_ns);
  row.found.overlap_score =
      overlap_score(times_of(floor.lanes, &LaneTimes::serial_ns), floor.end_to_end, series.end_to_end);
}

}  // namespace daa::bench
