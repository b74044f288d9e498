#include "compare/verdicts.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "compare/time_tests.hpp"
#include "report/columns.hpp"
#include "report/csv.hpp"
#include "text.hpp"
#include "usage_error.hpp"

namespace daa::bench {
namespace {

bool has_moved(const Finding& finding) {
  return finding.verdict != Verdict::unchanged && finding.verdict != Verdict::not_judged;
}

std::string format_side(std::string_view role, const Side& side) {
  std::set<std::string> commits, processes;
  std::set<Key> cases;
  for (const Result& row : side.rows) {
    commits.insert(row.commit);
    processes.insert(row.process);
    cases.insert(row.key);
  }
  const std::string runs = processes.size() == 1 ? "" : fmt::format(" in {} processes", processes.size());
  return one_line(fmt::format("{}  {}: {} cases{}, of commit {}", role, side.name, cases.size(), runs,
                              fmt::join(commits, ", ")));
}

std::string percent(double fraction) {
  return std::isfinite(fraction) ? fmt::format("{:+.1f} %", 100 * fraction) : "?";
}

std::string format_figure(const Finding& finding, double figure) {
  if (!finding.is_time)
    return finding.what.ends_with("_bytes") ? fmt::format("{:.0f}B", figure) : format_count(figure);
  return !is_ratio(finding.key) ? format_duration(figure) : fmt::format("{:.3f}x", figure);
}

std::string format_change(const Finding& finding) {
  const std::string figures =
      fmt::format("{} -> {}", format_figure(finding, finding.base), format_figure(finding, finding.head));
  const double change = finding.is_time ? finding.change : finding.head / finding.base - 1;
  return std::isfinite(change) ? fmt::format("{} {}", figures, percent(change)) : figures;
}

std::string format_finding(const Finding& finding, std::size_t case_width) {
  std::string line = fmt::format("{:<13} {:<{}}  {:<24}", to_string(finding.verdict), format_key(finding.key),
                                 case_width, finding.what);
  if (!std::isnan(finding.base)) line += ' ' + format_change(finding);
  if (!std::isnan(finding.p)) line += fmt::format(", p={:.2g}", finding.p);
  if (!finding.reason.empty()) line += "  " + finding.reason;
  return one_line(line);
}

/// Findings that moved, and cases as a whole.
std::string format_findings(const std::vector<Finding>& findings) {
  std::vector<const Finding*> shown;
  std::size_t width = 0;
  for (const Finding& finding : findings)
    if (has_moved(finding) || finding.what == "case") {
      shown.push_back(&finding);
      width = std::max(width, format_key(finding.key).size());
    }
  std::string text;
  for (const Finding* const finding : shown) text += format_finding(*finding, width) + '\n';
  return text;
}

/// "arena", "replay arena".
std::string name_of_suite(const Key& key) {
  const std::string &kind = part_of(key, "kind"), &allocator = part_of(key, "allocator");
  return kind == to_string(Mode::steady) ? allocator : fmt::format("{} {}", kind, allocator);
}

/// "5 %", "0.5 %".
std::string whole_percent(double fraction) {
  return fmt::format("{:.3g} %", 100 * fraction);
}

std::string format_suite(const Comparison& comparison, const GateConfig& gate) {
  constexpr std::string_view head = "all cases, as ratios to preallocated";
  std::size_t width = head.size() - 14 - 14;
  for (const Finding& finding : comparison.suite) width = std::max(width, name_of_suite(finding.key).size());
  std::string text;
  if (!comparison.suite.empty())
    text = fmt::format("{:<{}}  {:>8}  {:>8}\n", head, 14 + width + 14, "change", "at most");
  for (const Finding& finding : comparison.suite) {
    const bool is_control = finding.verdict == Verdict::not_judged;
    std::string line = fmt::format(
        "{:<13} {:<{}}  {:<12}  {:>8}  {:>8}", is_control ? "control" : to_string(finding.verdict),
        name_of_suite(finding.key), width, finding.what, percent(finding.change), percent(finding.at_most));
    if (has_moved(finding) && finding.verdict != Verdict::inconclusive)
      line += fmt::format("  p={:.2g}", finding.p);
    if (!finding.reason.empty()) line += "  " + finding.reason;
    text += one_line(line) + '\n';
  }
  return text + fmt::format("single cases: {} more would have been found in {} of {}\n",
                            whole_percent(gate.bound()), comparison.visible_times, comparison.case_times);
}

std::string format_times(const Comparison& comparison, const GateConfig& gate) {
  switch (comparison.times) {
    case Times::judged:
      return format_suite(comparison, gate) +
             (comparison.is_interleaved
                  ? ""
                  : "BASE and HEAD were measured one after the other, not interleaved: the times of "
                    "preallocated itself are not judged.\n");
    case Times::of_host:
      return "device=host: times are those of a simulator and are not judged; counters are, exactly.\n";
    case Times::one_process:
      return "times are not judged: one process says nothing about them; scripts/gate.sh runs several.\n";
    case Times::absent:
      break;
  }
  return {};
}

/// The ratio of the suite with the greatest bound; null if none was judged.
const Finding* worst_of(const Comparison& comparison) {
  const Finding* worst = nullptr;
  for (const Finding& finding : comparison.suite)
    if (finding.verdict != Verdict::not_judged && must_be_bounded(finding.key, finding.what) &&
        (worst == nullptr || finding.at_most > worst->at_most))
      worst = &finding;
  return worst;
}

/// "regression", "no slow-down of 5 % or more".
std::string name_outcome(const Comparison& comparison, const GateConfig& gate) {
  const int code = exit_code(comparison);
  if (code == exit_regression) return "regression";
  if (code == exit_inconclusive) return "inconclusive";
  if (worst_of(comparison) == nullptr) return "no regression";
  return fmt::format("no slow-down of {} or more", whole_percent(gate.bound()));
}

/// ": at most +1.0 % (arena, end_to_end)", where that has been shown.
std::string format_bound(const Comparison& comparison) {
  const Finding* const worst = worst_of(comparison);
  if (worst == nullptr || exit_code(comparison) != exit_ok) return {};
  return fmt::format(": at most {} ({}, {})", percent(worst->at_most), name_of_suite(worst->key),
                     worst->what);
}

std::string format_outcome(const Comparison& comparison, const GateConfig& gate) {
  return fmt::format(
      "{} cases, {} counters and {} times compared: {} regressions, {} inconclusive, {} improvements\n"
      "{} (exit code {}){}\n",
      comparison.cases, comparison.counters, comparison.case_times, comparison.count(Verdict::regression),
      comparison.count(Verdict::inconclusive), comparison.count(Verdict::improvement),
      name_outcome(comparison, gate), exit_code(comparison), format_bound(comparison));
}

std::string csv_line(const Finding& finding) {
  std::string line;
  for (const std::string& value : finding.key) line += csv_field(value) + ',';
  return line + fmt::format("{},{},{},{},{},{},{},{}\r\n", finding.what, to_string(finding.verdict),
                            csv_number(finding.base), csv_number(finding.head), csv_number(finding.change),
                            csv_number(finding.at_most), csv_number(finding.p), csv_field(finding.reason));
}

}  // namespace

std::string format_comparison(const Side& base, const Side& head, const Comparison& comparison,
                              const GateConfig& gate) {
  return format_side("BASE", base) + '\n' + format_side("HEAD", head) + '\n' +
         format_times(comparison, gate) + format_findings(comparison.findings) +
         format_outcome(comparison, gate) + '\n';
}

std::string verdicts_csv(const Comparison& comparison) {
  std::string text;
  for (const Column* const column : compared_columns().keys) text.append(column->name) += ',';
  text += "what,verdict,base,head,change,at_most,p,reason\r\n";
  for (const Finding& finding : comparison.suite) text += csv_line(finding);
  for (const Finding& finding : comparison.findings) text += csv_line(finding);
  return text;
}

}  // namespace daa::bench
