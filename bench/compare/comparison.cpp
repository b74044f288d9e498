#include "compare/comparison.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <iterator>
#include <map>
#include <utility>

#include "stats/quantile.hpp"
#include "stats/rank_test.hpp"
#include "text.hpp"
#include "usage_error.hpp"

namespace daa::bench {
namespace {

/// The cases of one side, in the order of their first rows.
class ResultsByKey {
 public:
  explicit ResultsByKey(std::span<const Result> rows) {
    for (const Result& row : rows) {
      const auto [known, is_new] = places_.try_emplace(row.key, cases_.size());
      if (is_new)
        cases_.push_back(row);
      else
        add(cases_[known->second], row);
    }
  }

  [[nodiscard]] auto begin() const { return cases_.begin(); }
  [[nodiscard]] auto end() const { return cases_.end(); }

  /// Null if there is no such case.
  [[nodiscard]] const Result* find(const Key& key) const {
    const auto found = places_.find(key);
    return found == places_.end() ? nullptr : &cases_[found->second];
  }

 private:
  static void add(Result& all, const Result& row) {
    if (all.is_ok && !row.is_ok) all.trouble = row.trouble;
    all.is_ok = all.is_ok && row.is_ok;
    all.is_host = all.is_host || row.is_host;
    for (std::size_t i = 0; i < all.counters.size(); ++i)
      all.counters[i] = std::fmax(all.counters[i], row.counters[i]);  // of a number and NaN, the number
    for (std::size_t i = 0; i < all.repetitions_ns.size(); ++i)
      std::ranges::copy(row.repetitions_ns[i], std::back_inserter(all.repetitions_ns[i]));
  }

  std::vector<Result> cases_;
  std::map<Key, std::size_t> places_;
};

/// The times of a comparison, which are judged together.
class TimeTests {
 public:
  explicit TimeTests(const GateConfig& config) : config_(config) {}

  /// The time of the finding at `index`: the repetitions of either side, which must outlive this.
  void add(std::size_t index, const std::vector<double>& base, const std::vector<double>& head) {
    tests_.push_back({index, &base, &head});
  }

  [[nodiscard]] std::size_t size() const { return tests_.size(); }

  /// Sets verdict, p and reason of all findings whose times were added.
  void judge(std::vector<Finding>& findings) {
    std::vector<double> slower, faster;
    for (const Test& test : tests_) {
      slower.push_back(mann_whitney_.p_greater(*test.head, *test.base));
      faster.push_back(mann_whitney_.p_greater(*test.base, *test.head));
    }
    slower = holm_adjusted(slower);
    faster = holm_adjusted(faster);

    for (std::size_t i = 0; i < tests_.size(); ++i) {
      Finding& finding = findings[tests_[i].index];
      const double change = finding.head - finding.base;
      const bool is_large =
          std::abs(change) > config_.threshold * finding.base && std::abs(change) > config_.absolute_ns;
      finding.p = change < 0 ? faster[i] : slower[i];
      finding.verdict = Verdict::unchanged;
      if (is_large && finding.p <= config_.alpha) {
        finding.verdict = change > 0 ? Verdict::regression : Verdict::improvement;
      } else if (finding.reason = why_blind(tests_[i]); !finding.reason.empty()) {
        finding.verdict = Verdict::inconclusive;
      }
    }
  }

 private:
  struct Test {
    std::size_t index;
    const std::vector<double>*base, *head;
  };

  /// Why a slow-down that must be visible would not have been seen; empty if it would.
  [[nodiscard]] std::string why_blind(const Test& test) {
    const double level = config_.alpha / static_cast<double>(tests_.size());
    if (least_p(test.head->size(), test.base->size()) > level)
      return fmt::format("too few repetitions, {} and {}: {} times need {} a side", test.base->size(),
                         test.head->size(), tests_.size(), least_repetitions(tests_.size(), config_.alpha));

    const double base = median(*test.base), head = median(*test.head);
    const double growth = std::max(config_.visible, 2 * config_.absolute_ns / base);
    std::vector<double> slowed = *test.head;
    for (double& time : slowed) time *= base / head * (1 + growth);
    if (mann_whitney_.p_greater(slowed, *test.base) <= level) return {};
    return fmt::format("too noisy to see {} more", format_duration(growth * base));
  }

  GateConfig config_;
  MannWhitney mann_whitney_;
  std::vector<Test> tests_;
};

/// What a finding about `clock` is called: "end_to_end" for "end_to_end_repetitions_ns".
std::string_view name_of(const Column& clock) {
  return clock.name.substr(0, clock.name.rfind("_repetitions_ns"));
}

class Comparer {
 public:
  explicit Comparer(const GateConfig& config) : tests_(config) {}

  /// `base` and `head`, which is null if there is no such case, must outlive this.
  void compare(const Result& base, const Result* head) {
    if (head == nullptr) {
      add({.verdict = Verdict::regression, .key = base.key, .reason = "HEAD does not have it"});
    } else if (base.is_ok && !head->is_ok) {
      add({.verdict = Verdict::regression, .key = base.key, .reason = head->trouble});
    } else if (!base.is_ok && head->is_ok) {
      add({.verdict = Verdict::improvement, .key = base.key, .reason = fmt::format("was {}", base.trouble)});
    } else if (!base.is_ok) {
      add({.verdict = Verdict::not_judged, .key = base.key, .reason = head->trouble});
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
  void compare_counters(const Result& base, const Result& head) {
    const bool is_host = base.is_host && head.is_host;
    for (std::size_t i = 0; i < base.counters.size(); ++i) {
      const Column& counter = *compared_columns().counters[i];
      Finding finding{
          .key = base.key, .what = counter.name, .base = base.counters[i], .head = head.counters[i]};
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

  void compare_times(const Result& base, const Result& head) {
    const bool on_host = base.is_host || head.is_host;
    result_.has_host = result_.has_host || on_host;
    for (std::size_t i = 0; i < base.repetitions_ns.size(); ++i) {
      const std::vector<double>&before = base.repetitions_ns[i], &after = head.repetitions_ns[i];
      if (before.empty() || after.empty()) continue;  // a replay has no device time
      const Column& clock = *compared_columns().clocks[i];
      if (!on_host && clock.role == Role::clock) tests_.add(result_.findings.size(), before, after);
      add({.key = base.key,
           .what = name_of(clock),
           .is_time = true,
           .base = median(before),
           .head = median(after)});
    }
  }

  TimeTests tests_;
  Comparison result_;
};

}  // namespace

std::size_t Comparison::count(Verdict verdict) const {
  return static_cast<std::size_t>(std::ranges::count(findings, verdict, &Finding::verdict));
}

Comparison compare(std::span<const Result> base, std::span<const Result> head, const GateConfig& config) {
  const ResultsByKey before{base}, after{head};
  Comparer comparer{config};
  for (const Result& each : before) comparer.compare(each, after.find(each.key));
  for (const Result& each : after)
    if (before.find(each.key) == nullptr)
      comparer.add({.verdict = Verdict::added, .key = each.key, .reason = "BASE does not have it"});
  return comparer.finish();
}

int exit_code(const Comparison& comparison) {
  if (comparison.count(Verdict::regression) > 0) return exit_regression;
  return comparison.count(Verdict::inconclusive) > 0 ? exit_inconclusive : exit_ok;
}

}  // namespace daa::bench
