#include "report/columns.hpp"

#include <fmt/format.h>

#include <cmath>

namespace daa::bench {
namespace {

std::string text_of(double number) {
  return csv_number(number);
}

template <class Value>
std::string text_of(const Value& value) {
  return fmt::format("{}", value);
}

template <class Value>
std::string text_of(const std::optional<Value>& value) {
  return value ? text_of(*value) : std::string{};
}

template <auto member>
std::string run(const Row&, const Context& context) {
  return text_of(context.*member);
}

template <auto member>
std::string row(const Row& row, const Context&) {
  return text_of(row.*member);
}

template <auto part, auto member>
std::string row(const Row& row, const Context&) {
  return text_of(row.*part.*member);
}

// Of replays alone: empty in all other rows.
template <auto member>
std::string replay(const Row& row, const Context&) {
  return row.replay ? text_of(*row.replay.*member) : std::string{};
}

template <auto figure>
std::string operation(const Row& row, const Context&) {
  return row.replay ? text_of(row.replay->operation.*figure) : std::string{};
}

std::string over_live(const Row& row, std::size_t bytes) {
  if (bytes == 0) return {};
  return csv_number(static_cast<double>(bytes) / static_cast<double>(row.replay->peak_live_bytes));
}

// Blanks between them: a comma would need quotes.
template <auto clock>
std::string repetitions(const Row& row, const Context&) {
  std::string text;
  for (const double ns : (row.*clock).repetitions_ns) {
    if (!text.empty()) text += ' ';
    text += csv_number(ns);
  }
  return text;
}

using C = Context;
using N = CallFigures;
using R = Row;
using S = ClockSummary;
using P = ReplayFigures;
using M = Configuration;
using F = RowFindings;
using K = RankFigures;
using enum Role;

constexpr Column table[]{
    {"schema_version", setting, "version of these columns",
     [](const R&, const C&) { return fmt::format("{}", csv_schema_version); }},
    {"daa_version", information, "version of the program", run<&C::daa_version>},
    {"commit", information, "commit of the sources; -dirty if they differ from it, unknown outside git",
     run<&C::commit>},
    {"time_utc", information, "start of the run, ISO 8601", run<&C::time>},
    {"device_kind", context, "cuda; host: the times are those of a simulator", run<&C::device_kind>},
    {"device", gpu_context, "name of the device", run<&C::device>},
    {"sm_clock_mhz", gpu_context, "greatest clock rate of the device's processors, 0 if unknown",
     run<&C::sm_clock_mhz>},
    {"memory_clock_mhz", gpu_context, "greatest clock rate of the device's memory, 0 if unknown",
     run<&C::memory_clock_mhz>},
    {"driver", gpu_context, "version of the GPU driver, or of the driver API", run<&C::driver>},
    {"toolkit", gpu_context, "version of the CUDA runtime", run<&C::toolkit>},
    {"compiler", information, "compilers and their versions", run<&C::compiler>},
    {"cpu", gpu_context, "model of the host's processor", run<&C::cpu>},
    {"kind", key, "steady, cold, graph, threads, streams, replay; sweep: steady, allocs_per_phase was chosen",
     [](const R& row, const C&) { return std::string{row.kind()}; }},
    {"workload", key, "name of the workload", row<&R::workload>},
    {"trace", key, "name of the trace; empty unless the row is a replay's", replay<&P::trace>},
    {"vary", key,
     "how the phases of a replay differ: none, as the trace's do; scale, all sizes of a phase by one factor; "
     "drop, without a tenth of the blocks",
     [](const R& row, const C&) { return std::string{to_string(row.configuration.vary)}; }},
    {"elements", key, "size of the workload; 0 of a replay", row<&R::elements>},
    {"allocs_per_phase", key, "temporaries a phase, where that was chosen", row<&R::allocs_per_phase>},
    {"sync", key, "when the host waits: end, once a batch of phases; phase, after each",
     [](const R& row, const C&) { return std::string{to_string(row.configuration.sync)}; }},
    {"state", key, "steady: phases of a warmed-up allocator; cold: first phases, each of a fresh one",
     [](const R& row, const C&) {
       return std::string{row.configuration.mode == Mode::cold ? "cold" : "steady"};
     }},
    {"graph", key, "true where the phases were captured once and launched",
     [](const R& row, const C&) { return text_of(row.configuration.mode == Mode::graph); }},
    {"threads", key, "host threads that enqueue phases at once; of a replay, those of the trace",
     row<&R::configuration, &M::threads>},
    {"streams", key, "streams at once; device and end-to-end times are of a phase on each of them",
     row<&R::configuration, &M::streams>},
    {"flush_l2", key, "true where the L2 cache was emptied before each sample",
     row<&R::configuration, &M::flush_l2>},
    {"ranks", key,
     "processes that measure at once, a device each: host and device times are their mean, end-to-end times "
     "those of the slowest, counts and bytes the greatest of any",
     row<&R::ranks, &K::ranks>, "1"},
    {"rank", key, "where the row is of one rank: its number; with --per-rank", row<&R::ranks, &K::rank>, ""},
    {"hosts", setting, "machines on which they run", row<&R::ranks, &K::hosts>, "1"},
    {"ranks_per_device", setting, "the most ranks that share one device",
     row<&R::ranks, &K::ranks_per_device>, "1"},
    {"allocator", key, "name of the allocator; :2 and up where it was measured again", row<&R::allocator>},
    {"status", information, "ok, out_of_memory, wrong_result, failed, unsupported",
     [](const R& row, const C&) { return std::string{to_string(row.status)}; }},
    {"message", information, "what went wrong; empty if nothing did", row<&R::message>},
    {"seed", setting, "of the random input and of the order of trials", row<&R::seed>},
    {"iters", setting, "measured phases a repetition", row<&R::iters>},
    {"warmup", setting, "untimed phases before them", row<&R::warmup>},
    {"phases_per_batch", setting, "phases between two synchronisations", row<&R::phases_per_batch>},
    {"profiler", setting, "none, nsys, injected, profile, or the variable that makes arenas slower",
     row<&R::profiler>},
    {"repetitions", information, "trials of the allocator", row<&R::repetitions>},
    {"samples", information, "samples behind the figures, over all repetitions", row<&R::samples>},
    {"throttled_samples", information,
     "samples taken on a throttled device; left out of the figures, unless all were throttled",
     row<&R::throttled_samples>},
    {"sm_clock_median_mhz", information, "clock rate of the device's processors during the trials: median",
     row<&R::sm_clock_mhz>},
    {"host_enqueue_median_ns", time, "host time to enqueue a phase: median of the samples",
     row<&R::host_enqueue, &S::median_ns>},
    {"host_enqueue_p90_ns", information, "the same: 90th percentile", row<&R::host_enqueue, &S::p90_ns>},
    {"host_enqueue_p99_ns", information, "the same: 99th percentile", row<&R::host_enqueue, &S::p99_ns>},
    {"host_enqueue_max_ns", information, "the same: maximum", row<&R::host_enqueue, &S::max_ns>},
    {"host_enqueue_ratio", ratio, "over preallocated's in the same repetition: median",
     row<&R::host_enqueue, &S::ratio>},
    {"host_enqueue_ratio_low", information, "its 95 % confidence interval (bootstrap): lower end",
     row<&R::host_enqueue, &S::ratio_low>},
    {"host_enqueue_ratio_high", information, "upper end", row<&R::host_enqueue, &S::ratio_high>},
    {"device_median_ns", information, "device time of a phase, between events: median of the samples",
     row<&R::device, &S::median_ns>},
    {"device_p90_ns", information, "the same: 90th percentile", row<&R::device, &S::p90_ns>},
    {"device_p99_ns", information, "the same: 99th percentile", row<&R::device, &S::p99_ns>},
    {"device_max_ns", information, "the same: maximum", row<&R::device, &S::max_ns>},
    {"device_ratio", information, "over preallocated's in the same repetition: median",
     row<&R::device, &S::ratio>},
    {"device_ratio_low", information, "its 95 % confidence interval (bootstrap): lower end",
     row<&R::device, &S::ratio_low>},
    {"device_ratio_high", information, "upper end", row<&R::device, &S::ratio_high>},
    {"end_to_end_median_ns", time, "time of a phase until it is synchronised: median of the samples",
     row<&R::end_to_end, &S::median_ns>},
    {"end_to_end_p90_ns", information, "the same: 90th percentile", row<&R::end_to_end, &S::p90_ns>},
    {"end_to_end_p99_ns", information, "the same: 99th percentile", row<&R::end_to_end, &S::p99_ns>},
    {"end_to_end_max_ns", information, "the same: maximum", row<&R::end_to_end, &S::max_ns>},
    {"end_to_end_ratio", ratio, "over preallocated's in the same repetition: median",
     row<&R::end_to_end, &S::ratio>},
    {"end_to_end_ratio_low", information, "its 95 % confidence interval (bootstrap): lower end",
     row<&R::end_to_end, &S::ratio_low>},
    {"end_to_end_ratio_high", information, "upper end", row<&R::end_to_end, &S::ratio_high>},
    {"allocations_per_phase", counter, "temporaries that a phase asks for", row<&R::allocations_per_phase>},
    {"runtime_calls_per_phase", counter, "CUDA runtime calls that the allocator makes; empty if not counted",
     row<&R::calls, &N::runtime>},
    {"driver_calls_per_phase", information,
     "driver calls, those of the runtime included; empty on the host runtime", row<&R::calls, &N::driver>},
    {"allocate_calls_per_phase", information, "of the outermost calls of either API: those that take memory",
     row<&R::calls, &N::allocate>},
    {"free_calls_per_phase", information, "those that give memory back", row<&R::calls, &N::free>},
    {"launch_calls_per_phase", information, "those that launch", row<&R::calls, &N::launch>},
    {"copy_calls_per_phase", information, "those that copy or set memory", row<&R::calls, &N::copy>},
    {"synchronise_calls_per_phase", information, "those that only wait", row<&R::calls, &N::synchronise>},
    {"other_calls_per_phase", information, "all others", row<&R::calls, &N::other>},
    {"synchronisations_per_phase", counter,
     "of these calls, those that wait for the device: synchronisations, cudaFree, synchronous copies",
     row<&R::calls, &N::synchronisations>},
    {"asked_per_phase_bytes", counter, "bytes that a phase asks for", row<&R::asked_per_phase_bytes>},
    {"peak_phase_bytes", counter, "greatest demand of any phase, each allocation rounded up to 256",
     row<&R::peak_phase_bytes>},
    {"reserved_bytes", counter,
     "most memory that the allocator had taken at any time, as asked of the driver; of a replay from the "
     "first "
     "phase of a fresh one on, over all phases",
     row<&R::reserved_bytes>},
    {"wasted_bytes", information, "of that, what was never asked of the allocator at once",
     row<&R::wasted_bytes>},
    {"pool_mapped_bytes", host_counter,
     "most that its memory pool had mapped, idle memory and rounding included; 0 without a pool",
     row<&R::pool_mapped_bytes>},
    {"graph_memory_nodes", information, "nodes that allocate or free memory in the graph of a phase",
     row<&R::found, &F::graph_memory_nodes>},
    {"allocation_ns", time,
     "host time of an allocation, giving back included, while all threads do nothing else: mean of the "
     "threads",
     row<&R::found, &F::allocation_ns>},
    {"allocation_ratio", ratio, "over preallocated's in the same repetition: median",
     row<&R::found, &F::allocation_ratio>},
    {"slowest_allocation_ns", information, "the same in the slowest thread",
     row<&R::found, &F::slowest_allocation_ns>},
    {"serial_ns", information, "end-to-end time of preallocated's streams, one after the other",
     row<&R::found, &F::serial_ns>},
    {"overlap_score", information,
     "(serial_ns - T) / (serial_ns - preallocated's T), T end to end: 1 overlaps as that does, 0 serialised",
     row<&R::found, &F::overlap_score>},
    {"rank_imbalance", information,
     "of several ranks: end-to-end time of the slowest over the mean of all: median of the samples",
     row<&R::ranks, &K::imbalance>},
    {"weak_efficiency", information,
     "of several ranks: end-to-end time of the first rank alone, in the same repetition and with as many "
     "elements, over that of all together: median",
     row<&R::ranks, &K::weak_efficiency>},
    {"weak_efficiency_low", information, "its 95 % confidence interval (bootstrap): lower end",
     row<&R::ranks, &K::weak_efficiency_low>},
    {"weak_efficiency_high", information, "upper end", row<&R::ranks, &K::weak_efficiency_high>},
    {"operations", information,
     "of a replay: allocations and frees of a pass over the trace, as it was varied", replay<&P::operations>},
    {"left_out_lines", information, "lines of the trace that take no memory: failed and empty allocations",
     replay<&P::left_out>},
    {"operation_median_ns", time, "host time of an operation in its thread: median of the samples",
     operation<&S::median_ns>},
    {"operation_p99_ns", information, "the same: 99th percentile", operation<&S::p99_ns>},
    {"operation_ratio", ratio, "over preallocated's in the same repetition: median", operation<&S::ratio>},
    {"operation_ratio_low", information, "its 95 % confidence interval (bootstrap): lower end",
     operation<&S::ratio_low>},
    {"operation_ratio_high", information, "upper end", operation<&S::ratio_high>},
    {"first_phase_ns", information,
     "host time of an operation in the first phase of a fresh allocator, warm-up or not: median over the "
     "repetitions",
     replay<&P::first_phase_ns>},
    {"first_phase_ratio", information, "over preallocated's in the same repetition: median",
     replay<&P::first_phase_ratio>},
    {"worst_phase_ns", information, "the same in the slowest phase after it, warm-up included",
     replay<&P::worst_phase_ns>},
    {"peak_live_bytes", information, "most bytes that are live at once in any phase, as requested",
     replay<&P::peak_live_bytes>},
    {"reserved_over_live", information, "reserved_bytes over peak_live_bytes",
     [](const R& row, const C&) { return row.replay ? over_live(row, row.reserved_bytes) : std::string{}; }},
    {"held_bytes", information,
     "most memory taken from the device at any operation, from the first phase of a fresh allocator on, over "
     "all phases: mapped by pools or, without, as asked",
     replay<&P::held_bytes>},
    {"held_over_live", information, "held_bytes over peak_live_bytes",
     [](const R& row, const C&) {
       return row.replay ? over_live(row, row.replay->held_bytes) : std::string{};
     }},
    {"against", information, "the allocator that the columns against_... refer to", row<&R::against>},
    {"against_host_enqueue_ratio", information, "host_enqueue_ratio, to that allocator",
     row<&R::host_enqueue, &S::against_ratio>},
    {"against_host_enqueue_ratio_low", information, "its 95 % confidence interval: lower end",
     row<&R::host_enqueue, &S::against_ratio_low>},
    {"against_host_enqueue_ratio_high", information, "upper end",
     row<&R::host_enqueue, &S::against_ratio_high>},
    {"against_device_ratio", information, "device_ratio, to that allocator",
     row<&R::device, &S::against_ratio>},
    {"against_device_ratio_low", information, "its 95 % confidence interval: lower end",
     row<&R::device, &S::against_ratio_low>},
    {"against_device_ratio_high", information, "upper end", row<&R::device, &S::against_ratio_high>},
    {"against_end_to_end_ratio", information, "end_to_end_ratio, to that allocator",
     row<&R::end_to_end, &S::against_ratio>},
    {"against_end_to_end_ratio_low", information, "its 95 % confidence interval: lower end",
     row<&R::end_to_end, &S::against_ratio_low>},
    {"against_end_to_end_ratio_high", information, "upper end", row<&R::end_to_end, &S::against_ratio_high>},
    {"against_operation_ratio", information, "operation_ratio, to that allocator",
     operation<&S::against_ratio>},
    {"against_operation_ratio_low", information, "its 95 % confidence interval: lower end",
     operation<&S::against_ratio_low>},
    {"against_operation_ratio_high", information, "upper end", operation<&S::against_ratio_high>},
    {"host_enqueue_repetitions_ns", information,
     "median of the samples of each repetition, blanks between them", repetitions<&R::host_enqueue>},
    {"device_repetitions_ns", information, "the same of the device time", repetitions<&R::device>},
    {"end_to_end_repetitions_ns", information, "the same until it is synchronised",
     repetitions<&R::end_to_end>},
};

}  // namespace

std::string_view to_string(Role role) {
  switch (role) {
    case context:
    case gpu_context:
      return "context";
    case key:
      return "key";
    case setting:
      return "setting";
    case counter:
    case host_counter:
      return "counter";
    case time:
      return "time";
    case ratio:
      return "ratio";
    case information:
      return "information";
  }
  return "unknown";
}

std::span<const Column> columns() {
  return table;
}

std::string csv_number(double number) {
  return std::isfinite(number) ? fmt::format("{}", number) : std::string{};
}

}  // namespace daa::bench
