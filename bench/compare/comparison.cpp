#include "compare/comparison.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <iterator>
#include <map>
#include <string>
#include <utility>

#include "compare/time_tests.hpp"
#include "usage_error.hpp"

namespace daa::bench {
namespace {

/// All rows of one key on one side.
struct Case {
  Key key;
  std::vector<const Result*> rows;     // of each process that has the case, those that failed included
  std::vector<const Result*> good;     // of these, those that did not fail
  std::vector<std::size_t> processes;  // of good

  [[nodiscard]] bool is_host() const { return good.front()->is_host; }

  /// The greatest of all processes; NaN where none counted.
  [[nodiscard]] double counter(std::size_t i) const {
    double greatest = std::nan("");
    for (const Result* const row : good) greatest = std::fmax(greatest, row->counters[i]);
    return greatest;
  }

  [[nodiscard]] const std::string& trouble() const {
    return (*std::ranges::find(rows, false, &Result::is_ok))->trouble;
  }

  [[nodiscard]] bool is_unsupported() const {
    return std::ranges::all_of(rows, [](const Result* row) { return row->is_unsupported; });
  }

  [[nodiscard]] std::string failures() const {
    if (rows.size() == 1) return trouble();
    return fmt::format("{}, in {} of {} processes", trouble(), rows.size() - good.size(), rows.size());
  }
};

/// The cases of one side, in the order of their first rows.
class Cases {
 public:
  explicit Cases(std::span<const Result> rows) {
    std::map<std::string_view, std::size_t> processes;
    for (const Result& row : rows) {
      const std::size_t process = processes.try_emplace(row.process, processes.size()).first->second;
      const auto [place, is_new] = places_.try_emplace(row.key, cases_.size());
      if (is_new) cases_.emplace_back().key = row.key;
      Case& one = cases_[place->second];
      one.rows.push_back(&row);
      if (!row.is_ok) continue;
      one.good.push_back(&row);
      one.processes.push_back(process);
    }
    process_count_ = processes.size();
  }

  [[nodiscard]] auto begin() const { return cases_.begin(); }
  [[nodiscard]] auto end() const { return cases_.end(); }
  [[nodiscard]] std::size_t process_count() const { return process_count_; }

  /// Files with the rows of one process, one workload each, are a single process.
  [[nodiscard]] bool is_one_process() const {
    return std::ranges::all_of(cases_, [](const Case& each) { return each.rows.size() == 1; });
  }

  /// Null if there is no such case.
  [[nodiscard]] const Case* find(const Key& key) const {
    const auto found = places_.find(key);
    return found == places_.end() ? nullptr : &cases_[found->second];
  }

  /// A value for each process, NaN where it has none.
  [[nodiscard]] std::vector<double> times(const Case& of, std::size_t clock, double Time::*which) const {
    std::vector<double> values(process_count_, std::nan(""));
    for (std::size_t i = 0; i < of.good.size(); ++i)
      values[of.processes[i]] = of.good[i]->times[clock].*which;
    return values;
  }

 private:
  std::vector<Case> cases_;
  std::map<Key, std::size_t> places_;
  std::size_t process_count_ = 0;
};

/// Whether the last process of `first` began before the first of `second`.
bool are_one_after_the_other(std::span<const Result> first, std::span<const Result> second) {
  if (first.empty() || second.empty()) return false;
  return std::ranges::max(first, {}, &Result::time).time < std::ranges::min(second, {}, &Result::time).time;
}

bool has_number(const std::vector<double>& values) {
  return !std::ranges::all_of(values, [](double value) { return std::isnan(value); });
}

class Comparer {
 public:
  /// Both must outlive this.
  Comparer(const Cases& base, const Cases& head) : base_(base), head_(head) {}

  Comparison compare(const GateConfig& config) {
    for (const Case& each : base_) compare_case(each, head_.find(each.key));
    for (const Case& each : head_)
      if (base_.find(each.key) == nullptr)
        add({.verdict = Verdict::added, .key = each.key, .reason = "BASE does not have it"});
    compare_times(config);
    return std::move(result_);
  }

 private:
  void add(Finding finding) { result_.findings.push_back(std::move(finding)); }

  /// `head` is null if there is no such case.
  void compare_case(const Case& base, const Case* head) {
    if (head == nullptr) {
      add({.verdict = Verdict::regression, .key = base.key, .reason = "HEAD does not have it"});
      return;
    }
    const bool base_failed = base.good.size() < base.rows.size();
    if (head->good.size() < head->rows.size()) {
      const bool is_lost = head->good.empty() && !base.good.empty();
      const bool none_supports_it = base.is_unsupported() && head->is_unsupported();
      add({.verdict = none_supports_it          ? Verdict::not_judged
                      : base_failed && !is_lost ? Verdict::inconclusive
                                                : Verdict::regression,
           .key = base.key,
           .reason = head->failures()});
    } else if (base_failed) {
      add({.verdict = Verdict::improvement, .key = base.key, .reason = "BASE: " + base.failures()});
    }
    if (base.good.empty() || head->good.empty()) return;
    if (head->rows.size() * base_.process_count() < base.rows.size() * head_.process_count())
      add({.verdict = Verdict::inconclusive,
           .key = base.key,
           .reason =
               fmt::format("HEAD has it in {} of {} processes", head->rows.size(), head_.process_count())});
    ++result_.cases;
    compared_.emplace_back(&base, head);
    compare_counters(base, *head);
  }

  void compare_counters(const Case& base, const Case& head) {
    const bool is_host = base.is_host() && head.is_host();
    for (std::size_t i = 0; i < compared_columns().counters.size(); ++i) {
      const Column& counter = *compared_columns().counters[i];
      Finding finding{
          .key = base.key, .what = counter.name, .base = base.counter(i), .head = head.counter(i)};
      if (std::isnan(finding.base)) continue;
      if (std::isnan(finding.head)) {
        finding.verdict = Verdict::inconclusive;
        finding.reason = "HEAD could not count it; its run said why";
      } else if (is_host || counter.role == Role::counter) {
        ++result_.counters;
        finding.verdict = finding.head > finding.base   ? Verdict::regression
                          : finding.head < finding.base ? Verdict::improvement
                                                        : Verdict::unchanged;
      }
      add(std::move(finding));
    }
  }

  void compare_times(const GateConfig& config) {
    const auto of_host = [](const auto& both) { return both.first->is_host() || both.second->is_host(); };
    if (compared_.empty())
      result_.times = Times::absent;
    else if (std::ranges::any_of(compared_, of_host))
      result_.times = Times::of_host;
    else if (config.is_of_run || (base_.is_one_process() && head_.is_one_process()))
      result_.times = Times::one_process;
    else
      judge(config);
  }

  void judge(const GateConfig& config) {
    std::vector<CaseTimes> times;
    for (const auto& [base, head] : compared_)
      for (std::size_t i = 0; i < compared_columns().times.size(); ++i) {
        const std::string_view clock = clock_of(*compared_columns().times[i]);
        double Time::*const which = is_ratio(base->key) ? &Time::ratio : &Time::ns;
        CaseTimes values{base->key, clock, base_.times(*base, i, which), head_.times(*head, i, which)};
        if (has_number(values.base) && has_number(values.head))
          times.push_back(std::move(values));
        else if (has_number(base_.times(*base, i, &Time::ns)))
          add({.verdict = Verdict::inconclusive,
               .key = base->key,
               .what = clock,
               .is_time = true,
               .reason = has_number(head_.times(*head, i, &Time::ns))
                             ? fmt::format("{} has no ratio to preallocated: measure that as well",
                                           has_number(values.base) ? "HEAD" : "BASE")
                             : "HEAD has no such time"});
      }
    TimeFindings found = judge_times(times, config);
    result_.times = Times::judged;
    result_.is_interleaved = config.is_interleaved;
    result_.suite = std::move(found.suite);
    std::ranges::move(found.cases, std::back_inserter(result_.findings));
    result_.case_times = found.judged;
    result_.visible_times = found.visible;
  }

  const Cases &base_, &head_;
  std::vector<std::pair<const Case*, const Case*>> compared_;
  Comparison result_;
};

}  // namespace

std::size_t Comparison::count(Verdict verdict) const {
  return static_cast<std::size_t>(std::ranges::count(suite, verdict, &Finding::verdict) +
                                  std::ranges::count(findings, verdict, &Finding::verdict));
}

Comparison compare(std::span<const Result> base, std::span<const Result> head, const GateConfig& config) {
  const Cases before{base}, after{head};
  GateConfig gate = config;
  gate.is_interleaved = !are_one_after_the_other(base, head) && !are_one_after_the_other(head, base);
  return Comparer{before, after}.compare(gate);
}

int exit_code(const Comparison& comparison) {
  if (comparison.count(Verdict::regression) > 0) return exit_regression;
  return comparison.count(Verdict::inconclusive) > 0 ? exit_inconclusive : exit_ok;
}

}  // namespace daa::bench
