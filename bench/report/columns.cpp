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

template <auto figure>
std::string calls_of(const Row& row, const Context&) {
  return csv_number(row.calls.*figure);
}

using C = Context;
using F = CallFigures;
using R = Row;
using S = ClockSummary;

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
    {"elements", "size of the workload", of_row<&R::elements>},
    {"sync", "synchronised at the end of a sample or after each phase: end, phase", name_of<&R::sync>},
    {"allocator", "name of the allocator, :2 and up where it was named more than once",
     of_row<&R::allocator>},
    {"status", "ok, out_of_memory, wrong_result, failed", name_of<&R::status>},
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
     calls_of<&F::runtime>},
    {"driver_calls_per_phase",
     "calls of the driver API, those that the runtime makes included; empty on the host runtime, too",
     calls_of<&F::driver>},
    {"allocate_calls_per_phase", "of the outermost calls of either API: those that take memory",
     calls_of<&F::allocate>},
    {"free_calls_per_phase", "those that give memory back", calls_of<&F::free>},
    {"launch_calls_per_phase", "those that launch", calls_of<&F::launch>},
    {"copy_calls_per_phase", "those that copy or set memory", calls_of<&F::copy>},
    {"synchronise_calls_per_phase", "those that only wait", calls_of<&F::synchronise>},
    {"other_calls_per_phase", "all others", calls_of<&F::other>},
    {"synchronisations_per_phase",
     "of these calls, those that wait for the device: cudaFree, copies that are not asynchronous and those "
     "that only wait",
     calls_of<&F::synchronisations>},
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
    {"against", "the allocator that the following ratios refer to", of_row<&R::against>},
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
};

}  // namespace

std::span<const CsvColumn> csv_columns() {
  return columns;
}

std::string csv_number(double number) {
  return std::isfinite(number) ? fmt::format("{}", number) : std::string{};
}

}  // namespace daa::bench
