#include "compare/comparison.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <iterator>
#include <map>

#include "compare/time_tests.hpp"

namespace daa::bench {
namespace {

/// All rows of one case on one side.
ResultRow pooled(const std::vector<const ResultRow*>& rows) {
  ResultRow all = *rows.front();
  for (const ResultRow* row : std::span{rows}.subspan(1)) {
    if (all.is_ok && !row->is_ok) all.trouble = row->trouble;
    all.is_ok = all.is_ok && row->is_ok;
    all.is_host = all.is_host || row->is_host;
    for (std::size_t i = 0; i < all.counters.size(); ++i)
      all.counters[i] = std::fmax(all.counters[i], row->counters[i]);  // of a count and none, the count
    for (std::size_t i = 0; i < all.repetitions_ns.size(); ++i)
      std::ranges::copy(row->repetitions_ns[i], std::back_inserter(all.repetitions_ns[i]));
  }
  return all;
}

/// The cases of one side, in the order of their first rows.
std::vector<ResultRow> cases_of(std::span<const ResultRow> rows) {
  std::map<CaseKey, std::vector<const ResultRow*>> by_key;
  std::vector<CaseKey> order;
  for (const ResultRow& row : rows) {
    auto& group = by_key[row.key];
    if (group.empty()) order.push_back(row.key);
    group.push_back(&row);
  }
  std::vector<ResultRow> cases;
  for (const CaseKey& key : order) cases.push_back(pooled(by_key.at(key)));
  return cases;
}

const ResultRow* find(const std::vector<ResultRow>& cases, const CaseKey& key) {
  const auto found = std::ranges::find(cases, key, &ResultRow::key);
  return found == cases.end() ? nullptr : &*found;
}

Finding of_case(Verdict verdict, const CaseKey& key, std::string reason) {
  Finding finding;
  finding.verdict = verdict;
  finding.key = key;
  finding.what = "case";
  finding.reason = std::move(reason);
  return finding;
}

class Comparer {
 public:
  explicit Comparer(const GateOptions& options) : tests_(options) {}

  void compare(const ResultRow& base, const ResultRow* head) {
    if (head == nullptr) {
      add(of_case(Verdict::regression, base.key, "HEAD does not have it"));
    } else if (base.is_ok && !head->is_ok) {
      add(of_case(Verdict::regression, base.key, head->trouble));
    } else if (!base.is_ok && head->is_ok) {
      add(of_case(Verdict::improvement, base.key, fmt::format("was {}", base.trouble)));
    } else if (!base.is_ok) {
      add(of_case(Verdict::not_judged, base.key, head->trouble));
    } else {
      ++result_.cases;
      compare_counters(base, *head);
      compare_times(base, *head);
    }
  }

  void add(Finding finding) { result_.findings.push_back(std::move(finding)); }

  Comparison finish() {
    tests_.judge(result_.findings);
    result_.times = tests_.size();
    return std::move(result_);
  }

 private:
  void compare_counters(const ResultRow& base, const ResultRow& head) {
    const bool is_host = base.is_host && head.is_host;
    for (std::size_t i = 0; i < counter_columns().size(); ++i) {
      Finding finding;
      finding.key = base.key;
      finding.what = counter_columns()[i].name;
      finding.base = base.counters[i];
      finding.head = head.counters[i];
      if (std::isnan(finding.base)) continue;
      if (std::isnan(finding.head)) {
        finding.verdict = Verdict::inconclusive;
        finding.reason = "HEAD could not count it; its run said why";
      } else if (is_host || counter_columns()[i].on_gpu) {
        ++result_.counters;
        finding.verdict = finding.head > finding.base   ? Verdict::regression
                          : finding.head < finding.base ? Verdict::improvement
                                                        : Verdict::unchanged;
      }
      add(std::move(finding));
    }
  }

  void compare_times(const ResultRow& base, const ResultRow& head) {
    const bool on_host = base.is_host || head.is_host;
    result_.has_host = result_.has_host || on_host;
    for (std::size_t i = 0; i < clock_columns.size(); ++i) {
      if (base.repetitions_ns[i].empty() || head.repetitions_ns[i].empty()) continue;  // a replay has not all
      Finding finding;
      finding.key = base.key;
      finding.what = clock_columns[i].name;
      finding.base = median(base.repetitions_ns[i]);
      finding.head = median(head.repetitions_ns[i]);
      if (!on_host && clock_columns[i].is_judged)
        tests_.add(result_.findings.size(), base.repetitions_ns[i], head.repetitions_ns[i]);
      add(std::move(finding));
    }
  }

  TimeTests tests_;
  Comparison result_;
};

}  // namespace

std::string_view to_string(Verdict verdict) {
  switch (verdict) {
    case Verdict::regression:
      return "regression";
    case Verdict::inconclusive:
      return "inconclusive";
    case Verdict::improvement:
      return "improvement";
    case Verdict::added:
      return "added";
    case Verdict::unchanged:
      return "unchanged";
    case Verdict::not_judged:
      return "not_judged";
  }
  return "unknown";
}

std::size_t Comparison::count(Verdict verdict) const {
  return static_cast<std::size_t>(std::ranges::count(findings, verdict, &Finding::verdict));
}

Comparison compare(std::span<const ResultRow> base, std::span<const ResultRow> head,
                   const GateOptions& options) {
  const std::vector<ResultRow> before = cases_of(base), after = cases_of(head);
  Comparer comparer{options};
  for (const ResultRow& row : before) comparer.compare(row, find(after, row.key));
  for (const ResultRow& row : after)
    if (find(before, row.key) == nullptr)
      comparer.add(of_case(Verdict::added, row.key, "BASE does not have it"));
  return comparer.finish();
}

int exit_code(const Comparison& comparison) {
  if (comparison.count(Verdict::regression) > 0) return 1;
  return comparison.count(Verdict::inconclusive) > 0 ? 3 : 0;
}

}  // namespace daa::bench
