#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "options/apply.hpp"
#include "options/count.hpp"

namespace daa::bench {
namespace {

constexpr CountRange lanes_range{1, 256};  // each has its own copy of the workload
constexpr CountRange allocs_range{1, 65'536};
constexpr std::size_t default_sweep[]{1, 4, 16, 64, 256, 1024};

bool has_cut_workload(const Options& options) {
  return std::ranges::any_of(options.workloads,
                             [](const WorkloadInfo* info) { return info->make_cut != nullptr; });
}

/// Traces have threads, streams and phases of their own.
void refuse_with_replay(const Options& options, const Given& given) {
  if (options.replay) refuse_value(given, "is not for replays of traces; leave out --workload=replay");
}

void refuse_cold_or_graph(const Options& options, const Given& given) {
  if (options.graph) refuse_value(given, "a graph is replayed on one stream; leave out --graph");
  if (std::ranges::find(options.states, State::cold) != options.states.end())
    refuse_value(given, "a cold phase is one on one stream; use --state=steady");
}

std::vector<std::size_t> parse_counts(const std::vector<Given>& values, CountRange range) {
  std::vector<std::size_t> counts;
  for (const Given& given : values) {
    counts.push_back(parse_count(given, range));
    if (std::find(counts.begin(), std::prev(counts.end()), counts.back()) != std::prev(counts.end()))
      refuse_value(given, "names the same one more than once");
  }
  return counts;
}

}  // namespace

void apply_graph(Options& options, const std::vector<Given>& values) {
  const Given& given = values.front();
  options.graph = parse_switch(given);
  if (!options.graph) return;
  refuse_with_replay(options, given);
  if (std::ranges::find(options.states, State::cold) != options.states.end())
    refuse_value(given,
                 "a graph is replayed with what it was captured with, so that no phase of it is the "
                 "first; use --state=steady");
}

void apply_threads(Options& options, const std::vector<Given>& values) {
  options.threads = parse_counts(values, lanes_range);
  refuse_with_replay(options, values.front());
  refuse_cold_or_graph(options, values.front());
}

void apply_streams(Options& options, const std::vector<Given>& values) {
  options.streams = parse_counts(values, lanes_range);
  refuse_with_replay(options, values.front());
  refuse_cold_or_graph(options, values.front());
  if (!options.threads.empty())
    refuse_value(values.front(), "each of --threads has a stream of its own; give one of the two");
}

void apply_allocs_per_phase(Options& options, const std::vector<Given>& values) {
  options.allocs_per_phase = parse_counts(values, allocs_range);
  if (!has_cut_workload(options))
    refuse_value(values.front(), "is for the workload allocs; add --workload=allocs");
  const std::size_t least = std::ranges::min(options.elements);
  for (std::size_t i = 0; i < values.size(); ++i)
    if (options.allocs_per_phase[i] > least)
      refuse_value(values[i],
                   fmt::format("more than the {} elements that are to be cut; use larger --elements", least));
  std::ranges::sort(options.allocs_per_phase);
}

void apply_flush_l2(Options& options, const std::vector<Given>& values) {
  options.flush_l2 = parse_switch(values.front());
  if (options.flush_l2) refuse_with_replay(options, values.front());
}

void apply_count_calls(Options& options, const std::vector<Given>& values) {
  options.count_calls = parse_switch(values.front());
}

void apply_aa(Options& options, const std::vector<Given>& values) {
  const Given& given = values.front();
  const bool wanted = parse_switch(given) && !(given.by_default && options.profile);
  const auto is_floor = [](const AllocatorInfo* info) { return info->name == floor_name; };
  const auto floor = std::ranges::find_if(options.allocators, is_floor);
  if (!wanted) return;
  if (floor == options.allocators.end()) {
    if (!given.by_default)
      refuse_value(given, "there is nothing to measure again; add --allocator=preallocated");
    return;
  }
  const bool alone = options.allocators.size() == 1;
  if (alone || std::ranges::count_if(options.allocators, is_floor) > 1) return;
  options.allocators.insert(std::next(floor), *floor);
}

void add_default_sweep(Options& options) {
  if (!options.allocs_per_phase.empty() || !has_cut_workload(options)) return;
  const std::size_t least = std::ranges::min(options.elements);
  std::ranges::copy_if(default_sweep, std::back_inserter(options.allocs_per_phase),
                       [least](std::size_t allocs) { return allocs <= least; });
}

}  // namespace daa::bench
