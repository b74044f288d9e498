#include "report/replay_table.hpp"

#include <fmt/format.h>

#include <limits>

#include "report/table.hpp"
#include "report/text.hpp"

namespace daa::bench {
namespace {

// Header and rows go through the same formats.
constexpr std::string_view row_format = "  {:>8} {:>8} {:>7} {:>11}  {:>8}  {:>9} {:>6}";
constexpr std::string_view min_fit_format = "  {:>9} {:>6}";

std::string heading(const Row& first) {
  const ReplayFigures& figures = *first.replay;
  std::string text = fmt::format("replay of {}, sync={}: {} of {} after {} to warm up{}", figures.trace,
                                 to_string(first.sync), plural(first.repetitions, "repetition"),
                                 plural(first.iters, "phase"), first.warmup, format_reference(first));
  return text;
}

std::string demand(const Row& first) {
  const ReplayFigures& figures = *first.replay;
  std::string text =
      fmt::format("a pass is {} in {} and {}, {} live at most", plural(figures.operations, "operation"),
                  plural(first.mode.threads, "thread"), plural(first.mode.streams, "stream"),
                  format_bytes(static_cast<double>(figures.peak_live_bytes)));
  if (figures.left_out > 0)
    text += fmt::format("; {} that take no memory left out", plural(figures.left_out, "line"));
  return text;
}

std::string over_live(const Row& row, std::size_t bytes) {
  return format_ratio(bytes > 0
                          ? static_cast<double>(bytes) / static_cast<double>(row.replay->peak_live_bytes)
                          : std::numeric_limits<double>::quiet_NaN());
}

std::string column_names(const Row& first) {
  std::string text = fmt::format(row_format, "median", "p99", "ratio", "95% CI", "calls", "held", "/live");
  if (first.replay->has_min_fit) text += fmt::format(min_fit_format, "min fit", "/live");
  return text;
}

std::string figures(const Row& row) {
  const ReplayFigures& figures = *row.replay;
  const ClockSummary& operation = figures.operation;
  std::string text =
      fmt::format(row_format, format_duration(operation.median_ns), format_duration(operation.p99_ns),
                  format_ratio(operation.against_ratio),
                  format_range(operation.against_ratio_low, operation.against_ratio_high),
                  format_count(row.calls.runtime), format_bytes(static_cast<double>(figures.held_bytes)),
                  over_live(row, figures.held_bytes));
  if (!figures.has_min_fit) return text;
  const std::size_t min_fit = figures.min_fit_bytes;
  return text += fmt::format(min_fit_format,
                             min_fit > 0 ? format_bytes(static_cast<double>(min_fit)) : std::string{"none"},
                             over_live(row, min_fit));
}

}  // namespace

std::string format_replay_block(std::span<const Row> rows) {
  const std::size_t name_width = allocator_width(rows);
  const Row& first = rows.front();
  std::string text;
  append_line(text, heading(first));
  append_line(text, demand(first));
  append_line(
      text,
      "median, p99, ratio: host time of an operation; held: most memory taken from the device, /live: "
      "over most live");
  append_line(text, fmt::format("{:{}}{}", "allocator", name_width, column_names(first)));
  for (const Row& row : rows)
    append_line(text, fmt::format("{:{}}{}", row.allocator, name_width,
                                  row.status == Status::ok ? figures(row) : format_trouble(row)));
  return text += format_notes(rows);
}

}  // namespace daa::bench
