#include "compare/verdicts.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <set>

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
  std::set<std::string> commits;
  std::set<Key> cases;
  for (const Result& row : side.rows) {
    commits.insert(row.commit);
    cases.insert(row.key);
  }
  return one_line(
      fmt::format("{}  {}: {} cases, of commit {}", role, side.name, cases.size(), fmt::join(commits, ", ")));
}

std::string format_figure(const Finding& finding, double figure) {
  if (finding.is_time) return format_duration(figure);
  return finding.what.ends_with("_bytes") ? fmt::format("{:.0f}B", figure) : format_count(figure);
}

std::string format_change(const Finding& finding) {
  const std::string figures =
      fmt::format("{} -> {}", format_figure(finding, finding.base), format_figure(finding, finding.head));
  const double change = finding.head / finding.base - 1;
  return std::isfinite(change) ? fmt::format("{} {:+.1f} %", figures, 100 * change) : figures;
}

std::string format_finding(const Finding& finding, std::size_t case_width) {
  std::string line = fmt::format("{:<13} {:<{}}  {:<24}", to_string(finding.verdict), format_key(finding.key),
                                 case_width, finding.what);
  if (!std::isnan(finding.base)) line += ' ' + format_change(finding);
  if (!std::isnan(finding.p)) line += fmt::format(", p={:.2g}", finding.p);
  if (!finding.reason.empty()) line += "  " + finding.reason;
  return one_line(line);
}

/// The findings that are shown, in their order.
std::vector<const Finding*> shown(const Comparison& comparison) {
  std::set<Key> with_times;
  for (const Finding& finding : comparison.findings)
    if (finding.is_time && has_moved(finding)) with_times.insert(finding.key);
  std::vector<const Finding*> result;
  for (const Finding& finding : comparison.findings)
    if (has_moved(finding) || finding.what == "case" || (finding.is_time && with_times.contains(finding.key)))
      result.push_back(&finding);
  return result;
}

std::string format_outcome(const Comparison& comparison) {
  const int code = exit_code(comparison);
  const std::string_view outcome = code == exit_regression     ? "regression"
                                   : code == exit_inconclusive ? "inconclusive"
                                                               : "no regression";
  return fmt::format(
      "{} (exit code {}): {} regressions, {} inconclusive, {} improvements; "
      "{} counters and {} times of {} cases compared",
      outcome, code, comparison.count(Verdict::regression), comparison.count(Verdict::inconclusive),
      comparison.count(Verdict::improvement), comparison.counters, comparison.times, comparison.cases);
}

}  // namespace

std::string format_comparison(const Side& base, const Side& head, const Comparison& comparison) {
  std::string text = format_side("BASE", base) + '\n' + format_side("HEAD", head) + '\n';
  if (comparison.has_host)
    text += "device=host: times are those of a simulator and are not judged; counters are, exactly.\n";
  const std::vector<const Finding*> findings = shown(comparison);
  std::size_t case_width = 0;
  for (const Finding* finding : findings) case_width = std::max(case_width, format_key(finding->key).size());
  for (const Finding* finding : findings) text += format_finding(*finding, case_width) + '\n';
  return text + format_outcome(comparison) + '\n';
}

std::string verdicts_csv(const Comparison& comparison) {
  std::string text;
  for (const Column* const column : compared_columns().keys) text.append(column->name) += ',';
  text += "what,verdict,base,head,p,reason\r\n";
  for (const Finding& finding : comparison.findings) {
    for (const std::string& value : finding.key) text += csv_field(value) + ',';
    text += fmt::format("{},{},{},{},{},{}\r\n", finding.what, to_string(finding.verdict),
                        csv_number(finding.base), csv_number(finding.head), csv_number(finding.p),
                        csv_field(finding.reason));
  }
  return text;
}

}  // namespace daa::bench
