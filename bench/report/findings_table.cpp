#include "report/findings_table.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "report/table.hpp"
#include "report/text.hpp"

namespace daa::bench {
namespace {

struct Finding {
  std::string_view name;
  std::optional<double> RowFindings::*figure;
  std::string (*format)(double);
};

std::string format_score(double score) {
  return fmt::format("{:.2f}", score);
}

constexpr Finding findings[]{
    {"memory nodes", &RowFindings::graph_memory_nodes, format_count},
    {"an allocation", &RowFindings::allocation_ns, format_duration},
    {"slowest thread", &RowFindings::slowest_allocation_ns, format_duration},
    {"serial", &RowFindings::serial_ns, format_duration},
    {"overlap", &RowFindings::overlap_score, format_score},
};

std::string figure_of(const Row& row, const Finding& finding) {
  const std::optional<double>& figure = row.found.*finding.figure;
  return figure ? finding.format(*figure) : std::string{};
}

}  // namespace

std::string format_findings(std::span<const Row> rows) {
  const std::size_t width = allocator_width(rows);
  std::vector<Finding> found;
  for (const Finding& finding : findings)
    if (std::ranges::any_of(rows, [&](const Row& row) { return (row.found.*finding.figure).has_value(); }))
      found.push_back(finding);
  if (found.empty()) return {};

  std::string text;
  std::string names(width, ' ');
  for (const Finding& finding : found) names += fmt::format("  {:>14}", finding.name);
  append_line(text, names);
  for (const Row& row : rows) {
    if (row.status != Status::ok) continue;
    std::string line = fmt::format("{:{}}", row.allocator, width);
    for (const Finding& finding : found) line += fmt::format("  {:>14}", figure_of(row, finding));
    append_line(text, line);
  }
  return text;
}

}  // namespace daa::bench
