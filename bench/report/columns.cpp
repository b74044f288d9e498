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

using C = Context;
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
    {"phases_per_sample", "phases between two synchronisations", of_row<&R::phases_per_sample>},
    {"samples", "samples over all repetitions", of_row<&R::samples>},
    {"host_enqueue_median_ns", "host time to enqueue a phase: median of the samples",
     figure_of<&R::host_enqueue, &S::median_ns>},
    {"host_enqueue_p99_ns", "the same: 99th percentile", figure_of<&R::host_enqueue, &S::p99_ns>},
    {"host_enqueue_ratio", "the same over preallocated's, repetition by repetition: median",
     figure_of<&R::host_enqueue, &S::ratio>},
    {"host_enqueue_ratio_min", "the least of these ratios", figure_of<&R::host_enqueue, &S::ratio_min>},
    {"host_enqueue_ratio_max", "the greatest of these ratios", figure_of<&R::host_enqueue, &S::ratio_max>},
    {"device_median_ns", "device time of a phase, between events: median of the samples",
     figure_of<&R::device, &S::median_ns>},
    {"device_p99_ns", "the same: 99th percentile", figure_of<&R::device, &S::p99_ns>},
    {"device_ratio", "the same over preallocated's, repetition by repetition: median",
     figure_of<&R::device, &S::ratio>},
    {"device_ratio_min", "the least of these ratios", figure_of<&R::device, &S::ratio_min>},
    {"device_ratio_max", "the greatest of these ratios", figure_of<&R::device, &S::ratio_max>},
    {"end_to_end_median_ns", "time of a phase until it is synchronised: median of the samples",
     figure_of<&R::end_to_end, &S::median_ns>},
    {"end_to_end_p99_ns", "the same: 99th percentile", figure_of<&R::end_to_end, &S::p99_ns>},
    {"end_to_end_ratio", "the same over preallocated's, repetition by repetition: median",
     figure_of<&R::end_to_end, &S::ratio>},
    {"end_to_end_ratio_min", "the least of these ratios", figure_of<&R::end_to_end, &S::ratio_min>},
    {"end_to_end_ratio_max", "the greatest of these ratios", figure_of<&R::end_to_end, &S::ratio_max>},
    {"allocations_per_phase", "temporaries that a phase asks for", number_of<&R::allocations_per_phase>},
    {"runtime_calls_per_phase", "CUDA runtime calls that the allocator makes for them",
     number_of<&R::runtime_calls_per_phase>},
    {"asked_per_phase_bytes", "bytes that a phase asks for", number_of<&R::bytes_asked_per_phase>},
    {"peak_phase_bytes", "greatest demand of any phase, each allocation rounded up to 256",
     of_row<&R::bytes_peak_phase>},
    {"reserved_bytes", "most memory the allocator had taken at the end of a phase, as asked",
     of_row<&R::bytes_reserved>},
    {"pool_mapped_bytes",
     "most its memory pool had mapped then, idle memory and rounding included; 0 without",
     of_row<&R::pool_mapped_bytes>},
    {"seed", "of the random input", of_row<&R::seed>},
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
