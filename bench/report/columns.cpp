#include "report/columns.hpp"

#include <fmt/format.h>

#include <cmath>

namespace daa::bench {
namespace {

template <auto member>
std::string of_context(const Row&, const Context& context) {
  return fmt::format("{}", context.*member);
}

template <auto member>
std::string of_row(const Row& row, const Context&) {
  return fmt::format("{}", row.*member);
}

template <auto member>
std::string name_of(const Row& row, const Context&) {
  return std::string{to_string(row.*member)};
}

template <auto member>
std::string number_of(const Row& row, const Context&) {
  return csv_number(row.*member);
}

template <auto clock, auto figure>
std::string figure_of(const Row& row, const Context&) {
  return csv_number(row.*clock.*figure);
}

// Of replays alone: empty in all other rows.
template <auto member>
std::string of_replay(const Row& row, const Context&) {
  return row.replay ? fmt::format("{}", *row.replay.*member) : std::string{};
}

template <auto figure>
std::string operation_figure_of(const Row& row, const Context&) {
  return row.replay ? csv_number(row.replay->operation.*figure) : std::string{};
}

template <auto member>
std::string of_mode(const Row& row, const Context&) {
  return fmt::format("{}", row.mode.*member);
}

std::string csv_optional(std::optional<std::size_t> number) {
  return number ? fmt::format("{}", *number) : std::string{};
}

std::string csv_optional(std::optional<double> number) {
  return number ? csv_number(*number) : std::string{};
}

template <auto part, auto member>
std::string optional_of(const Row& row, const Context&) {
  return csv_optional(row.*part.*member);
}

std::string over_peak_live(const Row& row, std::size_t bytes) {
  return bytes > 0 ? csv_number(static_cast<double>(bytes) / static_cast<double>(row.replay->peak_live_bytes))
                   : std::string{};
}

// Blanks between them, for a comma would ask for quotes.
template <auto clock>
std::string repetitions_of(const Row& row, const Context&) {
  std::string text;
  for (const double ns : (row.*clock).repetitions_ns) {
    if (!text.empty()) text += ' ';
    text += csv_number(ns);
  }
  return text;
}

template <auto figure>
std::string calls_of(const Row& row, const Context&) {
  return csv_number(row.calls.*figure);
}

using C = Context;
using N = CallFigures;
using R = Row;
using S = ClockSummary;
using P = ReplayFigures;
using M = RowMode;
using F = RowFindings;

constexpr CsvColumn columns[]{
    {"schema_version", "version of these columns",
     [](const R&, const C&) { return fmt::format("{}", csv_schema_version); }},
    {"daa_version", "version of the program", of_context<&C::daa_version>},
    {"commit", "commit of the sources, -dirty if they differ from it, unknown outside git",
     of_context<&C::commit>},
    {"time_utc", "start of the run, ISO 8601", of_context<&C::time>},
    {"device_kind", "cuda, or host: times are a simulator's then", of_context<&C::device_kind>},
    {"device", "name of the device", of_context<&C::device>},
    {"sm_clock_mhz", "greatest clock rate of the device's processors, 0 if unknown",
     of_context<&C::sm_clock_mhz>},
    {"memory_clock_mhz", "greatest clock rate of the device's memory, 0 if unknown",
     of_context<&C::memory_clock_mhz>},
    {"driver", "version of the GPU driver, or of the driver API", of_context<&C::driver>},
    {"toolkit", "version of the CUDA runtime", of_context<&C::toolkit>},
    {"compiler", "compilers and their versions", of_context<&C::compiler>},
    {"cpu", "model of the host's processor", of_context<&C::cpu>},
    {"workload", "name of the workload", of_row<&R::workload>},
    {"elements", "size of the workload; 0 of a replay", of_row<&R::elements>},
    {"sync", "synchronised at the end of a sample or after each phase: end, phase", name_of<&R::sync>},
    {"allocator", "name of the allocator, :2 and up where it was named more than once",
     of_row<&R::allocator>},
    {"status", "ok, out_of_memory, wrong_result, failed, unsupported", name_of<&R::status>},
    {"message", "what went wrong; empty if nothing did", of_row<&R::message>},
    {"iters", "measured phases a repetition", of_row<&R::iters>},
    {"warmup", "phases before them, not measured", of_row<&R::warmup>},
    {"repetitions", "turns of the allocator", of_row<&R::repetitions>},
    {"phases_per_sample",
     "phases between two synchronisations; a sample, and so each percentile, is of their mean",
     of_row<&R::phases_per_sample>},
    {"samples", "samples behind the figures, over all repetitions", of_row<&R::samples>},
    {"throttled_samples",
     "samples of turns on a throttled device; left out of the figures, unless all were throttled",
     of_row<&R::throttled_samples>},
    {"sm_clock_median_mhz", "clock rate of the device's processors in the turns: median; empty if unknown",
     number_of<&R::sm_clock_mhz>},
    {"host_enqueue_median_ns", "host time to enqueue a phase: median of the samples",
     figure_of<&R::host_enqueue, &S::median_ns>},
    {"host_enqueue_p90_ns", "the same: 90th percentile", figure_of<&R::host_enqueue, &S::p90_ns>},
    {"host_enqueue_p99_ns", "the same: 99th percentile", figure_of<&R::host_enqueue, &S::p99_ns>},
    {"host_enqueue_max_ns", "the same: the greatest", figure_of<&R::host_enqueue, &S::max_ns>},
    {"host_enqueue_ratio", "the same over preallocated's, repetition by repetition: median",
     figure_of<&R::host_enqueue, &S::ratio>},
    {"host_enqueue_ratio_low", "the ratio's 95 % confidence interval, a bootstrap's: lower end",
     figure_of<&R::host_enqueue, &S::ratio_low>},
    {"host_enqueue_ratio_high", "upper end", figure_of<&R::host_enqueue, &S::ratio_high>},
    {"device_median_ns", "device time of a phase, between events: median of the samples",
     figure_of<&R::device, &S::median_ns>},
    {"device_p90_ns", "the same: 90th percentile", figure_of<&R::device, &S::p90_ns>},
    {"device_p99_ns", "the same: 99th percentile", figure_of<&R::device, &S::p99_ns>},
    {"device_max_ns", "the same: the greatest", figure_of<&R::device, &S::max_ns>},
    {"device_ratio", "the same over preallocated's, repetition by repetition: median",
     figure_of<&R::device, &S::ratio>},
    {"device_ratio_low", "the ratio's 95 % confidence interval, a bootstrap's: lower end",
     figure_of<&R::device, &S::ratio_low>},
    {"device_ratio_high", "upper end", figure_of<&R::device, &S::ratio_high>},
    {"end_to_end_median_ns", "time of a phase until it is synchronised: median of the samples",
     figure_of<&R::end_to_end, &S::median_ns>},
    {"end_to_end_p90_ns", "the same: 90th percentile", figure_of<&R::end_to_end, &S::p90_ns>},
    {"end_to_end_p99_ns", "the same: 99th percentile", figure_of<&R::end_to_end, &S::p99_ns>},
    {"end_to_end_max_ns", "the same: the greatest", figure_of<&R::end_to_end, &S::max_ns>},
    {"end_to_end_ratio", "the same over preallocated's, repetition by repetition: median",
     figure_of<&R::end_to_end, &S::ratio>},
    {"end_to_end_ratio_low", "the ratio's 95 % confidence interval, a bootstrap's: lower end",
     figure_of<&R::end_to_end, &S::ratio_low>},
    {"end_to_end_ratio_high", "upper end", figure_of<&R::end_to_end, &S::ratio_high>},
    {"allocations_per_phase", "temporaries that a phase asks for", number_of<&R::allocations_per_phase>},
    {"runtime_calls_per_phase",
     "calls of the CUDA runtime API that the allocator makes; empty where calls cannot be counted",
     calls_of<&N::runtime>},
    {"driver_calls_per_phase",
     "calls of the driver API, those that the runtime makes included; empty on the host runtime, too",
     calls_of<&N::driver>},
    {"allocate_calls_per_phase", "of the outermost calls of either API: those that take memory",
     calls_of<&N::allocate>},
    {"free_calls_per_phase", "those that give memory back", calls_of<&N::free>},
    {"launch_calls_per_phase", "those that launch", calls_of<&N::launch>},
    {"copy_calls_per_phase", "those that copy or set memory", calls_of<&N::copy>},
    {"synchronise_calls_per_phase", "those that only wait", calls_of<&N::synchronise>},
    {"other_calls_per_phase", "all others", calls_of<&N::other>},
    {"synchronisations_per_phase",
     "of these calls, those that wait for the device: cudaFree, copies that are not asynchronous and those "
     "that only wait",
     calls_of<&N::synchronisations>},
    {"asked_per_phase_bytes", "bytes that a phase asks for", number_of<&R::bytes_asked_per_phase>},
    {"peak_phase_bytes", "greatest demand of any phase, each allocation rounded up to 256",
     of_row<&R::bytes_peak_phase>},
    {"reserved_bytes", "most memory the allocator had taken at any time, as asked",
     of_row<&R::bytes_reserved>},
    {"wasted_bytes", "what of that was never asked of the allocator at once", of_row<&R::bytes_wasted>},
    {"pool_mapped_bytes",
     "most its memory pool had mapped then, idle memory and rounding included; 0 without",
     of_row<&R::pool_mapped_bytes>},
    {"seed", "of the random input", of_row<&R::seed>},
    {"against", "the allocator that ratios named against_ refer to", of_row<&R::against>},
    {"against_host_enqueue_ratio", "host_enqueue_ratio, to that allocator",
     figure_of<&R::host_enqueue, &S::against_ratio>},
    {"against_host_enqueue_ratio_low", "its 95 % confidence interval: lower end",
     figure_of<&R::host_enqueue, &S::against_ratio_low>},
    {"against_host_enqueue_ratio_high", "upper end", figure_of<&R::host_enqueue, &S::against_ratio_high>},
    {"against_device_ratio", "device_ratio, to that allocator", figure_of<&R::device, &S::against_ratio>},
    {"against_device_ratio_low", "its 95 % confidence interval: lower end",
     figure_of<&R::device, &S::against_ratio_low>},
    {"against_device_ratio_high", "upper end", figure_of<&R::device, &S::against_ratio_high>},
    {"against_end_to_end_ratio", "end_to_end_ratio, to that allocator",
     figure_of<&R::end_to_end, &S::against_ratio>},
    {"against_end_to_end_ratio_low", "its 95 % confidence interval: lower end",
     figure_of<&R::end_to_end, &S::against_ratio_low>},
    {"against_end_to_end_ratio_high", "upper end", figure_of<&R::end_to_end, &S::against_ratio_high>},
    {"state", "steady: phases of a warmed-up allocator; cold: first phases, each of a fresh one",
     [](const R& row, const C&) { return std::string{to_string(row.mode.state)}; }},
    {"graph", "true where the phases were captured once and replayed", of_mode<&M::graph>},
    {"threads", "host threads that enqueue phases at once; of a replay, those of the trace",
     of_mode<&M::threads>},
    {"streams",
     "streams at once: device and end to end times are then of a phase on each; of a replay, those of the "
     "trace",
     of_mode<&M::streams>},
    {"flush_l2", "true where the L2 cache was emptied before each sample", of_mode<&M::flush_l2>},
    {"profiler", "whether a tool looked on: none, nsys, injected, or profile for a run with --profile",
     of_mode<&M::profiler>},
    {"allocs_per_phase", "--allocs-per-phase, where it applies", optional_of<&R::mode, &M::allocs_per_phase>},
    {"break_even_allocs",
     "greatest allocs_per_phase at which, and at all smaller ones, end_to_end_ratio is at most 1.01; 0 if "
     "none",
     optional_of<&R::found, &F::break_even_allocs>},
    {"graph_memory_nodes", "nodes that allocate or free memory in the graph of a phase",
     optional_of<&R::found, &F::graph_memory_nodes>},
    {"allocation_ns",
     "host time of an allocation, giving back included, while all threads do nothing else: their mean",
     optional_of<&R::found, &F::allocation_ns>},
    {"slowest_allocation_ns", "the same in the slowest thread",
     optional_of<&R::found, &F::slowest_allocation_ns>},
    {"serial_ns", "end to end time of preallocated's streams, one after the other",
     optional_of<&R::found, &F::serial_ns>},
    {"overlap_score",
     "(serial_ns - T) / (serial_ns - preallocated's T), T end to end: 1 overlaps as that does, 0 "
     "serialised",
     optional_of<&R::found, &F::overlap_score>},
    {"trace", "name of the trace; this and what follows is of replays alone, and empty in other rows",
     of_replay<&P::trace>},
    {"operations", "allocations and frees of one pass over the trace", of_replay<&P::operations>},
    {"left_out_lines", "lines of the trace that take no memory: failed allocations, and those of 0 bytes",
     of_replay<&P::left_out>},
    {"operation_median_ns",
     "host time of an operation in its thread, no kernel launched: median of the samples",
     operation_figure_of<&S::median_ns>},
    {"operation_p99_ns", "the same: 99th percentile", operation_figure_of<&S::p99_ns>},
    {"operation_ratio", "the same over preallocated's, repetition by repetition: median",
     operation_figure_of<&S::ratio>},
    {"operation_ratio_low", "the ratio's 95 % confidence interval, a bootstrap's: lower end",
     operation_figure_of<&S::ratio_low>},
    {"operation_ratio_high", "upper end", operation_figure_of<&S::ratio_high>},
    {"against_operation_ratio", "operation_ratio, to the allocator in against",
     operation_figure_of<&S::against_ratio>},
    {"against_operation_ratio_low", "its 95 % confidence interval: lower end",
     operation_figure_of<&S::against_ratio_low>},
    {"against_operation_ratio_high", "upper end", operation_figure_of<&S::against_ratio_high>},
    {"peak_live_bytes", "most bytes that the trace has live at once, as requested",
     of_replay<&P::peak_live_bytes>},
    {"reserved_over_live", "reserved_bytes over peak_live_bytes",
     [](const R& row, const C&) {
       return row.replay ? over_peak_live(row, row.bytes_reserved) : std::string{};
     }},
    {"held_bytes",
     "most memory taken from the device at any operation: what pools have mapped or, without, what was "
     "asked",
     of_replay<&P::held_bytes>},
    {"held_over_live", "held_bytes over peak_live_bytes",
     [](const R& row, const C&) {
       return row.replay ? over_peak_live(row, row.replay->held_bytes) : std::string{};
     }},
    {"min_fit_bytes",
     "least device memory, in steps of 2 MiB, in which the trace completes; empty unless asked for, or if "
     "none",
     [](const R& row, const C&) {
       return row.replay && row.replay->min_fit_bytes > 0 ? fmt::format("{}", row.replay->min_fit_bytes)
                                                          : std::string{};
     }},
    {"min_fit_over_live", "min_fit_bytes over peak_live_bytes",
     [](const R& row, const C&) {
       return row.replay ? over_peak_live(row, row.replay->min_fit_bytes) : std::string{};
     }},
    {"host_enqueue_repetitions_ns", "median of the samples of each repetition, blanks between them",
     repetitions_of<&R::host_enqueue>},
    {"device_repetitions_ns", "the same of the device time", repetitions_of<&R::device>},
    {"end_to_end_repetitions_ns", "the same until it is synchronised", repetitions_of<&R::end_to_end>},
    {"planted_delay", "as --plant-delay was given; empty: none", of_row<&R::planted_delay>},
};

}  // namespace

std::span<const CsvColumn> csv_columns() {
  return columns;
}

std::string csv_number(double number) {
  return std::isfinite(number) ? fmt::format("{}", number) : std::string{};
}

}  // namespace daa::bench
