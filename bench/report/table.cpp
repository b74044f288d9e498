#include "report/table.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <iterator>
#include <string_view>
#include <vector>

#include "allocators/allocators.hpp"
#include "report/findings_table.hpp"
#include "report/replay_table.hpp"
#include "report/text.hpp"

namespace daa::bench {
namespace {

// Header and rows go through the same formats: a clock's median, 99th percentile and ratio, then the rest.
constexpr std::string_view clock_format = "  {:>6} {:>6} {:>5}";
constexpr std::size_t clock_width = 19;                           // without the gap before it
constexpr std::string_view rest_format = " {:>9}  {:>6}  {:>8}";  // the ratio's interval, calls, reserved

std::string format_elements(std::size_t elements) {
  if (!std::has_single_bit(elements) || elements < 1024) return fmt::format("{}", elements);
  return fmt::format("2^{} = {}", std::countr_zero(elements), elements);
}

/// `field` of all rows: "16", or "16 to 18" where they differ.
std::string extent(const std::vector<Row>& rows, double Row::*field, std::string (*format)(double)) {
  const auto [least, greatest] = std::ranges::minmax(rows, {}, field);
  if (least.*field == greatest.*field) return format(least.*field);
  return format(least.*field) + " to " + format(greatest.*field);
}

std::string cut(const RowMode& mode) {
  return mode.allocs_per_phase ? fmt::format(" in {}", *mode.allocs_per_phase) : "";
}

/// What is not as ever.
std::string way(const RowMode& mode) {
  std::string text;
  if (mode.state != State::steady) text += fmt::format(", state={}", to_string(mode.state));
  if (mode.graph) text += ", graph";
  if (mode.lanes)
    text += fmt::format(", {} on {}", plural(mode.threads, "thread"), plural(mode.streams, "stream"));
  if (mode.flush_l2) text += ", L2 flushed";
  if (mode.profiler != "none") text += fmt::format(", profiler={}", mode.profiler);
  return text;
}

// Allocators may have taken turns of different number: see --max-noise.
std::string format_repetitions(std::span<const Row> rows) {
  const auto [least, most] = std::ranges::minmax(rows, {}, &Row::repetitions);
  if (least.repetitions == most.repetitions) return fmt::format("{}", most.repetitions);
  return fmt::format("{} to {}", least.repetitions, most.repetitions);
}

std::string heading(std::span<const Row> rows) {
  const Row& first = rows.front();
  return fmt::format("{}, {} elements{}, sync={}{}: {} repetitions of {} phases after {} to warm up{}",
                     first.workload, format_elements(first.elements), cut(first.mode), to_string(first.sync),
                     way(first.mode), format_repetitions(rows), first.iters, first.warmup,
                     format_reference(first));
}

// Nothing if no row was measured.
std::string demand(std::span<const Row> rows) {
  std::vector<Row> measured;
  std::ranges::copy_if(rows, std::back_inserter(measured),
                       [](const Row& row) { return row.status == Status::ok; });
  if (measured.empty()) return {};
  return fmt::format("a phase asks for {} allocations, {}",
                     extent(measured, &Row::allocations_per_phase, format_count),
                     extent(measured, &Row::bytes_asked_per_phase, format_bytes));
}

std::string clock_names(std::size_t name_width) {
  std::string text(name_width, ' ');
  for (const std::string_view clock : {" host enqueue ", " device ", " end to end "})
    text += fmt::format("  {:-^{}}", clock, clock_width);
  return text;
}

std::string column_names(std::size_t name_width) {
  std::string text = fmt::format("{:{}}", "allocator", name_width);
  for (int clock = 0; clock < 3; ++clock) text += fmt::format(clock_format, "median", "p99", "ratio");
  return text += fmt::format(rest_format, "95% CI", "calls", "reserved");
}

std::string figures(const Row& row) {
  std::string text;
  for (const ClockSummary* clock : {&row.host_enqueue, &row.device, &row.end_to_end})
    text += fmt::format(clock_format, format_duration(clock->median_ns), format_duration(clock->p99_ns),
                        format_ratio(clock->against_ratio));
  return text += fmt::format(
             rest_format, format_range(row.end_to_end.against_ratio_low, row.end_to_end.against_ratio_high),
             format_count(row.calls.runtime), format_bytes(static_cast<double>(row.bytes_reserved)));
}

}  // namespace

std::string format_reference(const Row& row) {
  return row.against == floor_name ? std::string{} : fmt::format(", ratios to {}", row.against);
}

std::string format_notes(std::span<const Row> rows) {
  std::string text;
  for (const Row& row : rows)
    if (row.status == Status::ok && !row.message.empty())
      append_line(text, fmt::format("{}: {}", row.allocator, row.message));
  return text;
}

std::string format_trouble(const Row& row) {
  return fmt::format("  {}: {}", to_string(row.status), row.message);
}

std::string plural(std::size_t count, std::string_view what) {
  return fmt::format("{} {}{}", count, what, count == 1 ? "" : "s");
}

void append_line(std::string& text, std::string_view line) {
  text += shortened(one_line(line), table_width);
  text += '\n';
}

std::string format_preamble(const Context& context) {
  std::string text;
  append_line(text,
              fmt::format("daa-bench {} ({}) on {}, driver {}, CUDA runtime {}, {}", context.daa_version,
                          context.commit, context.device, context.driver, context.toolkit, context.time));
  if (context.device_kind == "host")
    append_line(
        text,
        "device=host: times are those of a simulator in host memory; counters (calls, bytes) are exact.");
  append_line(text,
              "A phase: host enqueue = time to enqueue it; device = between events; end to end = until "
              "synchronised.");
  append_line(
      text,
      "A sample is the mean of a block of up to 20 phases with sync=end, one phase with sync=phase: median,");
  append_line(text,
              "99th percentile; ratio = to preallocated or --against's, repetition by repetition: median.");
  append_line(
      text,
      "95% CI = confidence interval of the end-to-end ratio; calls = CUDA runtime calls for its memory;");
  append_line(
      text,
      "reserved = most memory taken for temporaries, as the driver was asked for it; preallocated:2 = "
      "measured again:");
  append_line(text, "a ratio that is no further from 1 than that one's is noise.");
  return text;
}

std::size_t allocator_width(std::span<const Row> rows) {
  std::size_t width = std::string_view{"allocator"}.size();
  for (const Row& row : rows) width = std::max(width, row.allocator.size());
  return width;
}

std::string format_block(std::span<const Row> rows) {
  if (rows.front().replay) return format_replay_block(rows);
  const std::size_t name_width = allocator_width(rows);
  std::string text;
  append_line(text, heading(rows));
  if (const std::string asked = demand(rows); !asked.empty()) append_line(text, asked);
  append_line(text, clock_names(name_width));
  append_line(text, column_names(name_width));
  for (const Row& row : rows)
    append_line(text, fmt::format("{:{}}{}", row.allocator, name_width,
                                  row.status == Status::ok ? figures(row) : format_trouble(row)));
  return text += format_notes(rows) + format_findings(rows);
}

std::string format_break_even(std::span<const Row> rows) {
  std::string text;
  std::string line;
  for (const Row& row : rows) {
    if (!row.found.break_even_allocs) continue;
    const std::size_t allocs = *row.found.break_even_allocs;
    const bool is_last = allocs == row.mode.allocs_per_phase;
    const std::string entry = fmt::format("{} {}{}", row.allocator, allocs, is_last ? " and up" : "");
    if (line.size() + entry.size() + 3 > table_width) {
      append_line(text, line + ",");
      line.clear();
    }
    line += (line.empty() ? "" : ", ") + entry;
  }
  if (line.empty()) return {};
  append_line(text, line);
  return "break-even, the most allocations a phase that cost at most 1 % over preallocated, end to end:\n" +
         text;
}

}  // namespace daa::bench
