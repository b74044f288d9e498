#include "report/table.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdlib>
#include <string_view>
#include <vector>

#include "allocators/allocators.hpp"
#include "text.hpp"

namespace daa::bench {
namespace {

struct TableColumn {
  std::string_view heading;
  std::string (*value)(const Row&);
};

std::string optional_duration(const std::optional<double>& ns) {
  return ns ? format_duration(*ns) : std::string{};
}

std::string optional_number(double number) {
  return std::isnan(number) ? std::string{} : fmt::format("{:.2f}", number);
}

std::string interval(const ClockSummary& clock) {
  return format_range(clock.against_ratio_low, clock.against_ratio_high);
}

std::string held_over_live(const Row& row) {
  return fmt::format("{:.2f}", static_cast<double>(row.replay->held_bytes) /
                                   static_cast<double>(row.replay->peak_live_bytes));
}

constexpr TableColumn enqueue{"enqueue",
                              [](const Row& row) { return format_duration(row.host_enqueue.median_ns); }};
constexpr TableColumn device{"device", [](const Row& row) { return format_duration(row.device.median_ns); }};
constexpr TableColumn end_to_end{"end to end",
                                 [](const Row& row) { return format_duration(row.end_to_end.median_ns); }};
constexpr TableColumn p99{"p99", [](const Row& row) { return format_duration(row.end_to_end.p99_ns); }};
constexpr TableColumn calls{"calls", [](const Row& row) { return format_count(row.calls.runtime); }};
constexpr TableColumn reserved{
    "reserved", [](const Row& row) { return format_bytes(static_cast<double>(row.reserved_bytes)); }};
constexpr TableColumn confidence{"95% CI", [](const Row& row) { return interval(row.end_to_end); }};
constexpr TableColumn ratio{"ratio",
                            [](const Row& row) { return format_ratio(row.end_to_end.against_ratio); }};

// The columns of each kind of row. The ratio is the last.
constexpr TableColumn of_workloads[]{enqueue, device, end_to_end, p99, calls, reserved, confidence, ratio};

constexpr TableColumn of_graphs[]{
    enqueue,
    device,
    end_to_end,
    p99,
    {"nodes", [](const Row& row) { return format_count(row.found.graph_memory_nodes.value_or(0)); }},
    reserved,
    confidence,
    ratio};

constexpr TableColumn of_streams[]{
    enqueue,
    end_to_end,
    {"allocation", [](const Row& row) { return optional_duration(row.found.allocation_ns); }},
    {"slowest", [](const Row& row) { return optional_duration(row.found.slowest_allocation_ns); }},
    {"overlap",
     [](const Row& row) {
       return row.found.overlap_score ? fmt::format("{:.2f}", *row.found.overlap_score) : std::string{};
     }},
    confidence,
    ratio};

constexpr TableColumn of_ranks[]{
    enqueue,
    device,
    end_to_end,
    calls,
    {"imbalance", [](const Row& row) { return optional_number(row.ranks.imbalance); }},
    {"weak eff", [](const Row& row) { return optional_number(row.ranks.weak_efficiency); }},
    confidence,
    ratio};

constexpr TableColumn of_replays[]{
    {"operation", [](const Row& row) { return format_duration(row.replay->operation.median_ns); }},
    {"p99", [](const Row& row) { return format_duration(row.replay->operation.p99_ns); }},
    calls,
    {"held", [](const Row& row) { return format_bytes(static_cast<double>(row.replay->held_bytes)); }},
    {"held/live", held_over_live},
    {"95% CI", [](const Row& row) { return interval(row.replay->operation); }},
    {"ratio", [](const Row& row) { return format_ratio(row.replay->operation.against_ratio); }}};

std::span<const TableColumn> columns_of(const Row& row) {
  const Mode mode = row.configuration.mode;
  if (row.ranks.ranks > 1 && (mode == Mode::steady || mode == Mode::cold)) return of_ranks;
  switch (mode) {
    case Mode::graph:
      return of_graphs;
    case Mode::threads:
    case Mode::streams:
      return of_streams;
    case Mode::replay:
      return of_replays;
    default:
      return of_workloads;
  }
}

std::string plural(std::size_t count, std::string_view what) {
  return fmt::format("{} {}{}", count, what, count == 1 ? "" : "s");
}

/// One line of ASCII, no wider than the table.
std::string line_of(std::string_view text) {
  return shortened(one_line(text), table_width) + '\n';
}

std::string name_of(const Row& row) {
  return row.ranks.rank ? fmt::format("{} in rank {}", row.allocator, *row.ranks.rank) : row.allocator;
}

std::string format_elements(std::size_t elements) {
  if (!std::has_single_bit(elements) || elements < 1024) return plural(elements, "element");
  return fmt::format("2^{} elements", std::countr_zero(elements));
}

/// What is measured, and how.
std::string format_heading(const Row& row) {
  const Configuration& configuration = row.configuration;
  std::string text = row.replay ? fmt::format("replay of {}", row.replay->trace)
                                : fmt::format("{}, {}", row.workload, format_elements(row.elements));
  if (row.allocs_per_phase) text += fmt::format(" in {}", plural(*row.allocs_per_phase, "allocation"));
  text += fmt::format(", sync={}", to_string(configuration.sync));
  if (configuration.vary != Variation::none) text += fmt::format(", vary={}", to_string(configuration.vary));
  if (configuration.mode == Mode::cold) text += ", state=cold";
  if (configuration.mode == Mode::graph) text += ", graph";
  if (configuration.mode == Mode::threads || configuration.mode == Mode::streams ||
      configuration.mode == Mode::replay)
    text += fmt::format(", {} on {}", plural(configuration.threads, "thread"),
                        plural(configuration.streams, "stream"));
  if (row.ranks.ranks > 1)
    text += fmt::format(", {} on {}", plural(row.ranks.ranks, "rank"), plural(row.ranks.hosts, "host"));
  if (row.ranks.ranks_per_device > 1)
    text += fmt::format(", {} sharing a device", row.ranks.ranks_per_device);
  if (configuration.flush_l2) text += ", L2 flushed";
  if (row.profiler != "none") text += fmt::format(", profiler={}", row.profiler);
  return text;
}

/// How often, and what a phase asks for.
std::string format_demand(std::span<const Row> rows) {
  const Row& row = rows.front();
  std::size_t repetitions = 0;
  for (const Row& each : rows) repetitions = std::max(repetitions, each.repetitions);
  std::string text = fmt::format("{} of {}", plural(repetitions, "repetition"), plural(row.iters, "phase"));
  if (row.replay) {
    text += fmt::format("; a pass makes {}, {} live at most", plural(row.replay->operations, "operation"),
                        format_bytes(static_cast<double>(row.replay->peak_live_bytes)));
    if (row.replay->left_out > 0) text += fmt::format(", {} left out", plural(row.replay->left_out, "line"));
    return text;
  }
  return text + fmt::format("; a phase makes {} allocation{}, {}", format_count(row.allocations_per_phase),
                            row.allocations_per_phase == 1 ? "" : "s",
                            format_bytes(row.asked_per_phase_bytes));
}

}  // namespace

std::string format_context(const Context& context) {
  std::string text =
      fmt::format("daa-bench {} ({}) on {}, ", context.daa_version, context.commit, context.device);
  text += context.device_kind == "host" ? std::string{"a simulator: its times mean nothing"}
                                        : fmt::format("driver {}, CUDA {}", context.driver, context.toolkit);
  return line_of(text);
}

std::string format_case(std::span<const Row> rows, bool bold) {
  const std::span<const TableColumn> columns = columns_of(rows.front());
  std::size_t name_width = std::string_view{"allocator"}.size();
  std::vector<std::size_t> widths;
  for (const TableColumn& column : columns) widths.push_back(column.heading.size());
  std::vector<std::vector<std::string>> cells;
  for (const Row& row : rows) {
    name_width = std::max(name_width, name_of(row).size());
    auto& line = cells.emplace_back();
    if (row.status != Status::ok) continue;
    for (std::size_t i = 0; i < columns.size(); ++i) {
      line.push_back(columns[i].value(row));
      widths[i] = std::max(widths[i], line.back().size());
    }
  }

  std::string text = line_of(format_heading(rows.front())) + line_of(format_demand(rows));
  std::string headings = fmt::format("{:{}}", "allocator", name_width);
  for (std::size_t i = 0; i < columns.size(); ++i)
    headings += fmt::format("  {:>{}}", columns[i].heading, widths[i]);
  text += line_of(headings);
  for (std::size_t i = 0; i < rows.size(); ++i) {
    std::string line = fmt::format("{:{}}", name_of(rows[i]), name_width);
    if (cells[i].empty()) {
      line += fmt::format("  {}: {}", to_string(rows[i].status), rows[i].message);
      text += line_of(line);
      continue;
    }
    for (std::size_t j = 0; j + 1 < columns.size(); ++j)
      line += fmt::format("  {:>{}}", cells[i][j], widths[j]);
    const std::string& last = cells[i].back();
    line.append(2 + widths.back() - last.size(), ' ');
    text += bold ? fmt::format("{}\x1b[1m{}\x1b[0m\n", line, last) : line + last + '\n';
  }
  for (const Row& row : rows)
    if (row.status == Status::ok && !row.message.empty())
      text += line_of(fmt::format("{}: {}", row.allocator, row.message));
  return text;
}

std::string format_legend(std::string_view against, bool has_noise) {
  std::string text = fmt::format("ratio: end to end (of replays: an operation) over {}'s", against);
  if (has_noise && against == lower_bound_name)
    text += fmt::format("; {}:2 shows the noise", lower_bound_name);
  return line_of(text + '.') + line_of("More figures: --csv. What they mean: --help.");
}

TableSink::TableSink(const Context& context, bool bold) : out_("-"), bold_(bold) {
  out_.write(format_context(context));
}

void TableSink::write(std::span<const Row> rows) {
  out_.write('\n' + format_case(rows, bold_));
  against_ = rows.back().against;
  for (const Row& row : rows)
    has_noise_ = has_noise_ || row.allocator == fmt::format("{}:2", lower_bound_name);
}

void TableSink::finish() {
  if (!against_.empty()) out_.write('\n' + format_legend(against_, has_noise_));
}

bool stdout_shows_bold() {
  const auto is_set = [](const char* variable) {
    const char* const value = std::getenv(variable);
    return value != nullptr && *value != '\0';
  };
  const char* const kind = std::getenv("TERM");
  return ::isatty(STDOUT_FILENO) == 1 && !is_set("NO_COLOR") && kind != nullptr &&
         std::string_view{kind} != "dumb";
}

}  // namespace daa::bench
