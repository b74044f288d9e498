#include "compare/time_tests.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <iterator>
#include <utility>

#include "allocators/allocators.hpp"
#include "stats/quantile.hpp"
#include "stats/rank_test.hpp"

namespace daa::bench {
namespace {

constexpr double confidence = 0.95;

/// A time, and by how much the logarithms of its values differ.
struct Test {
  Finding finding;
  std::vector<double> base, head;  // logarithms
};

std::vector<double> without_nan(const std::vector<double>& values) {
  std::vector<double> numbers;
  std::ranges::copy_if(values, std::back_inserter(numbers), [](double value) { return !std::isnan(value); });
  return numbers;
}

/// The logarithms over that of the median over all processes of both sides; NaN stays.
CaseTimes centred_logs(CaseTimes times) {
  std::vector<double> all = without_nan(times.base);
  std::ranges::copy(without_nan(times.head), std::back_inserter(all));
  const double center = median(std::move(all));
  for (std::vector<double>* const side : {&times.base, &times.head})
    for (double& value : *side) value = std::log(value / center);
  return times;
}

bool is_of_lower_bound(const Key& key) {
  return part_of(key, "allocator") == lower_bound_name;
}

bool is_control(const Key& key) {
  return part_of(key, "allocator").starts_with(fmt::format("{}:", lower_bound_name));
}

class Judge {
 public:
  explicit Judge(const GateConfig& config) : config_(config) {}

  [[nodiscard]] Test single(const CaseTimes& times, const CaseTimes& logs) {
    return make({.key = times.key,
                 .what = times.clock,
                 .is_time = true,
                 .base = median(without_nan(times.base)),
                 .head = median(without_nan(times.head))},
                without_nan(logs.base), without_nan(logs.head));
  }

  /// The test of the cases with these logarithms, all of one kind, allocator and clock.
  [[nodiscard]] Test suite(const std::vector<const CaseTimes*>& logs) {
    const CaseTimes& first = *logs.front();
    Key key(first.key.size());
    for (std::size_t i = 0; i < key.size(); ++i)
      if (is_of_suite(*compared_columns().keys[i])) key[i] = first.key[i];
    return make({.key = std::move(key), .what = first.clock, .is_time = true},
                medians_of(logs, &CaseTimes::base), medians_of(logs, &CaseTimes::head));
  }

  /// Whether `a` and `b` belong to one test of the suite.
  [[nodiscard]] static bool are_together(const CaseTimes& a, const CaseTimes& b) {
    for (std::size_t i = 0; i < a.key.size(); ++i)
      if (is_of_suite(*compared_columns().keys[i]) && a.key[i] != b.key[i]) return false;
    return a.clock == b.clock;
  }

  /// Sets verdicts and p of those that are judged, which share half of alpha.
  void judge(const std::vector<Test*>& family) {
    std::vector<double> slower, faster;
    for (const Test* const test : family) {
      slower.push_back(mann_whitney_.p_greater(test->head, test->base));
      faster.push_back(mann_whitney_.p_greater(test->base, test->head));
    }
    slower = holm_adjusted(slower);
    faster = holm_adjusted(faster);
    for (std::size_t i = 0; i < family.size(); ++i) {
      Finding& finding = family[i]->finding;
      finding.p = finding.change > 0 ? slower[i] : faster[i];
      finding.verdict = Verdict::unchanged;
      if (std::abs(finding.change) > config_.threshold && finding.p <= alpha())
        finding.verdict = finding.change > 0 ? Verdict::regression : Verdict::improvement;
    }
  }

  /// Whether a slow-down by config.visible would have been significant as the first of `tests`.
  [[nodiscard]] bool would_show(const Test& test, std::size_t tests) {
    std::vector<double> slowed = test.head;
    for (double& log : slowed) log += std::log1p(config_.bound()) - std::log1p(test.finding.change);
    return mann_whitney_.p_greater(slowed, test.base) <= alpha() / static_cast<double>(tests);
  }

  [[nodiscard]] std::string why_inconclusive(const Test& test, std::size_t tests) const {
    if (least_p(test.head.size(), test.base.size()) * static_cast<double>(tests) > alpha())
      return fmt::format("too few processes, {} and {}: no change can be significant; {} a side suffice",
                         test.base.size(), test.head.size(), least_values(tests, alpha()));
    const bool is_open =
        must_be_bounded(test.finding.key, test.finding.what) && test.finding.at_most >= config_.bound();
    return is_open ? "too noisy: measure more processes" : "";
  }

 private:
  static bool is_of_suite(const Column& key) {
    return key.name == "kind" || key.name == "allocator" || key.name == "ranks" || key.name == "rank";
  }

  static std::vector<double> medians_of(const std::vector<const CaseTimes*>& logs,
                                        std::vector<double> CaseTimes::*side) {
    std::vector<double> medians((logs.front()->*side).size());
    for (std::size_t process = 0; process < medians.size(); ++process) {
      std::vector<double> of_process;
      for (const CaseTimes* const each : logs) of_process.push_back((each->*side)[process]);
      medians[process] = median(without_nan(of_process));
    }
    return without_nan(medians);
  }

  Test make(Finding finding, std::vector<double> base, std::vector<double> head) {
    const Shift shift = mann_whitney_.shift(head, base, confidence);
    finding.change = std::expm1(shift.estimate);
    finding.at_most = std::expm1(shift.at_most);
    return {std::move(finding), std::move(base), std::move(head)};
  }

  [[nodiscard]] double alpha() const { return config_.alpha / 2; }

  GateConfig config_;
  MannWhitney mann_whitney_;
};

/// The case of `cases` that changed most in the direction of `change`.
std::string name_largest(const std::vector<Test>& singles, const std::vector<std::size_t>& cases,
                         double change) {
  const auto in_its_direction = [&](std::size_t i) { return singles[i].finding.change * change; };
  const Finding& largest = singles[*std::ranges::max_element(cases, {}, in_its_direction)].finding;
  return fmt::format("most: {} {:+.1f} %", format_key(largest.key), 100 * largest.change);
}

}  // namespace

bool is_ratio(const Key& key) {
  return !is_of_lower_bound(key);
}

bool must_be_bounded(const Key& key, std::string_view clock) {
  return clock != "operation" && clock != "allocation" && part_of(key, "kind") != "sweep";
}

TimeFindings judge_times(const std::vector<CaseTimes>& cases, const GateConfig& config) {
  Judge judge{config};
  std::vector<CaseTimes> logs;
  for (const CaseTimes& times : cases) logs.push_back(centred_logs(times));
  std::vector<Test> singles;
  std::vector<std::vector<std::size_t>> groups;  // of indices
  for (std::size_t i = 0; i < cases.size(); ++i) {
    singles.push_back(judge.single(cases[i], logs[i]));
    if (is_of_lower_bound(cases[i].key)) continue;
    const auto group = std::ranges::find_if(
        groups, [&](const auto& other) { return Judge::are_together(cases[other.front()], cases[i]); });
    if (group == groups.end())
      groups.push_back({i});
    else
      group->push_back(i);
  }
  std::vector<Test> suites;
  for (const std::vector<std::size_t>& group : groups) {
    std::vector<const CaseTimes*> members;
    for (const std::size_t i : group) members.push_back(&logs[i]);
    suites.push_back(judge.suite(members));
  }

  const auto judged = [&config](std::vector<Test>& tests) {
    std::vector<Test*> family;
    for (Test& test : tests)
      if (!is_control(test.finding.key) && (config.is_interleaved || !is_of_lower_bound(test.finding.key)))
        family.push_back(&test);
    return family;
  };
  const std::vector<Test*> suite_family = judged(suites), single_family = judged(singles);
  judge.judge(suite_family);
  judge.judge(single_family);

  TimeFindings found;
  for (std::size_t i = 0; i < suites.size(); ++i) {
    Finding& finding = suites[i].finding;
    if (finding.verdict == Verdict::regression || finding.verdict == Verdict::improvement) {
      finding.reason = name_largest(singles, groups[i], finding.change);
    } else if (finding.verdict == Verdict::unchanged) {
      finding.reason = judge.why_inconclusive(suites[i], suite_family.size());
      if (!finding.reason.empty()) finding.verdict = Verdict::inconclusive;
    }
    found.suite.push_back(std::move(finding));
  }
  found.judged = single_family.size();
  for (const Test* const test : single_family) found.visible += judge.would_show(*test, single_family.size());
  for (Test& test : singles) found.cases.push_back(std::move(test.finding));
  return found;
}

}  // namespace daa::bench
