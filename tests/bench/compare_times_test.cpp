// Verdicts on times: of processes by hand, and of many with the noise that was measured on an H200.

#include "compare/time_tests.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>
#include <string>
#include <vector>

#include "compare/verdicts.hpp"
#include "compare_rows.hpp"
#include "stats/rank_test.hpp"
#include "text_match.hpp"

namespace daa::bench {
namespace {

using Rows = std::vector<Row>;

/// The results of processes that each wrote a file.
std::vector<Result> side(const std::vector<Rows>& processes, const std::string& name) {
  std::vector<Result> all;
  for (std::size_t i = 0; i < processes.size(); ++i)
    std::ranges::copy(results(processes[i], run_context(), name + std::to_string(i) + ".csv"),
                      std::back_inserter(all));
  return all;
}

/// `count` processes of four cases with preallocated and the arena, whose ratio is within `noise` of `ratio`.
std::vector<Rows> processes(double ratio, double noise = 0.001, std::size_t count = 16) {
  std::vector<Rows> all;
  for (std::size_t i = 0; i < count; ++i) {
    const double place = 2 * (static_cast<double>(i) + 0.5) / static_cast<double>(count) - 1;
    Rows rows;
    for (const std::size_t elements : {1000u, 2000u, 3000u, 4000u})
      for (const std::string name : {"preallocated", "arena"}) {
        Row row = measured(name, name == "arena" ? ratio * (1 + noise * place) : 1);
        row.elements = elements;
        if (name == "preallocated")
          for (ClockSummary* clock : {&row.host_enqueue, &row.end_to_end})
            clock->median_ns *= 1 + 1e-4 * place;
        rows.push_back(row);
      }
    all.push_back(rows);
  }
  return all;
}

Comparison compared(const std::vector<Rows>& base, const std::vector<Rows>& head,
                    const GateConfig& gate = default_gate) {
  return compare(side(base, "base"), side(head, "head"), gate);
}

// What was measured an hour before was measured on another machine, as far as nanoseconds tell.
TEST(Times, OfTheLowerBoundAreJudgedWhereProcessesAlternatedAndNowhereElse) {
  std::vector<Rows> slower = processes(1.5);
  for (Rows& rows : slower)
    for (Row& row : rows)
      if (row.allocator == "preallocated") row.end_to_end.median_ns *= 1.1;
  const std::vector<Result> base = side(processes(1.5), "base");
  std::vector<Result> head = side(slower, "head");
  EXPECT_EQ(exit_code(compare(base, head, default_gate)), 1);
  for (Result& result : head) result.time = "2030-01-02T04:04:05Z";
  const Comparison later = compare(base, head, default_gate);
  EXPECT_EQ(exit_code(later), 0);
  EXPECT_FALSE(later.is_interleaved);
  EXPECT_TRUE(
      contains(format_comparison({"base", base}, {"head", head}, later, default_gate), "not interleaved"));
  EXPECT_EQ(exit_code(compare(head, base, default_gate)), 0);
  head.back().time = base.front().time;
  EXPECT_EQ(exit_code(compare(base, head, default_gate)), 1);
}

TEST(Times, OfProcessesThatDoNotDifferAreUnchangedAndBounded) {
  const Comparison comparison = compared(processes(1.5), processes(1.5));
  EXPECT_EQ(exit_code(comparison), 0);
  EXPECT_EQ(comparison.times, Times::judged);
  ASSERT_EQ(comparison.suite.size(), 2u) << "a clock each";
  for (const Finding& finding : comparison.suite) {
    EXPECT_EQ(finding.verdict, Verdict::unchanged);
    EXPECT_NEAR(finding.change, 0, 1e-12);
    EXPECT_GT(finding.at_most, 0);
    EXPECT_LT(finding.at_most, 0.002);
    EXPECT_EQ(part_of(finding.key, "allocator"), "arena");
    EXPECT_EQ(part_of(finding.key, "elements"), "");
  }
  EXPECT_EQ(comparison.case_times, 4u * 2 * 2);
  EXPECT_EQ(comparison.visible_times, comparison.case_times);
}

TEST(Times, ThatGrewByMoreThanTheThresholdAreARegression) {
  for (const auto& [factor, exit] : {std::pair{1.03, 1}, {1.021, 1}, {1.019, 0}, {0.5, 0}}) {
    const Comparison comparison = compared(processes(1.5), processes(factor * 1.5));
    EXPECT_EQ(exit_code(comparison), exit) << factor;
    for (const Finding& finding : comparison.suite) EXPECT_NEAR(finding.change, factor - 1, 1e-9);
  }
  GateConfig gate;
  gate.threshold = 0.001;
  EXPECT_EQ(exit_code(compared(processes(1.5, 1e-4), processes(1.002 * 1.5, 1e-4), gate)), 1);
}

TEST(Times, NameTheCaseThatChangedMost) {
  std::vector<Rows> head = processes(1.03);
  for (Rows& rows : head) rows[5].end_to_end.ratio *= 1.5;
  const Finding found = find(compared(processes(1), head).suite, "end_to_end");
  EXPECT_EQ(found.verdict, Verdict::regression);
  EXPECT_TRUE(contains(found.reason, "scan 3000"));
}

TEST(Times, OfASingleCaseThatGrewAreARegressionOfThatCase) {
  std::vector<Rows> head = processes(1);
  for (Rows& rows : head) rows[5].end_to_end.ratio *= 1.05;
  const Comparison comparison = compared(processes(1), head);
  EXPECT_EQ(exit_code(comparison), 1);
  EXPECT_EQ(comparison.count(Verdict::regression), 1u);
  EXPECT_EQ(find(comparison.suite, "end_to_end").verdict, Verdict::unchanged) << "one of four cases";
}

TEST(Times, OfPreallocatedAreJudgedAsTheyAre) {
  std::vector<Rows> head = processes(1);
  for (Rows& rows : head)
    for (Row& row : rows) row.end_to_end.median_ns *= 1.1;  // all alike: no ratio changes
  const Comparison comparison = compared(processes(1), head);
  EXPECT_EQ(comparison.count(Verdict::regression), 4u);
  for (const Finding& finding : comparison.findings)
    if (finding.verdict == Verdict::regression) {
      EXPECT_EQ(part_of(finding.key, "allocator"), "preallocated");
      EXPECT_NEAR(finding.base, time_ns, 10);
    }
}

TEST(Times, OfDeviceAloneAreNotJudged) {
  std::vector<Rows> head = processes(1);
  for (Rows& rows : head)
    for (Row& row : rows) row.device.ratio = row.device.median_ns *= 2;
  EXPECT_EQ(exit_code(compared(processes(1), head)), 0);
}

TEST(Times, OfPreallocatedThatWasMeasuredAgainAreShownAndNotJudged) {
  const auto with_control = [](double factor) {
    std::vector<Rows> all = processes(1);
    for (Rows& rows : all)
      for (Row& row : rows)
        if (row.allocator == "arena") {
          row.allocator = "preallocated:2";
          row.end_to_end.ratio *= factor;
        }
    return all;
  };
  const Comparison comparison = compared(with_control(1), with_control(1.5));
  EXPECT_EQ(exit_code(comparison), 0);
  EXPECT_EQ(find(comparison.suite, "end_to_end").verdict, Verdict::not_judged);
  EXPECT_NEAR(find(comparison.suite, "end_to_end").change, 0.5, 1e-9);
}

TEST(Times, OfReplaysAreASuiteOfTheirOwn) {
  const auto with_replays = [](double factor, double noise) {
    std::vector<Rows> all = processes(1);
    for (std::size_t i = 0; i < all.size(); ++i) {
      all[i].push_back(replayed("preallocated"));
      all[i].push_back(replayed("arena", factor * (1 + noise * static_cast<double>(i))));
    }
    return all;
  };
  const Comparison comparison = compared(with_replays(1, 0.001), with_replays(1.2, 0.001));
  EXPECT_EQ(comparison.suite.size(), 3u);
  EXPECT_EQ(find(comparison.suite, "operation").verdict, Verdict::regression);
  EXPECT_EQ(find(comparison.suite, "end_to_end").verdict, Verdict::unchanged);
  EXPECT_EQ(exit_code(compared(with_replays(1, 0.1), with_replays(1, 0.1))), 0)
      << "for noise never inconclusive";
}

// A phase hides it: 20 % of 1.3 ns are nothing of 20 us.
TEST(Times, OfAnAllocationAloneAreJudged) {
  const auto with_allocations = [](double ratio, double noise) {
    std::vector<Rows> all = processes(1.5);
    for (std::size_t i = 0; i < all.size(); ++i)
      for (Row& row : all[i]) {
        row.found.allocation_ratio =
            row.allocator == "arena" ? ratio * (1 + noise * static_cast<double>(i % 5)) : 1;
        row.found.allocation_ns = *row.found.allocation_ratio;
      }
    return all;
  };
  const Comparison slower = compared(with_allocations(1.3, 0.02), with_allocations(1.56, 0.02));
  EXPECT_EQ(exit_code(slower), exit_regression);
  for (const Finding& finding : slower.suite)
    EXPECT_EQ(finding.verdict, finding.what == "allocation" ? Verdict::regression : Verdict::unchanged);
  EXPECT_EQ(exit_code(compared(with_allocations(1.3, 0.5), with_allocations(1.3, 0.5))), exit_ok)
      << "for noise never inconclusive";
  EXPECT_EQ(exit_code(compared(processes(1.5), with_allocations(1.3, 0.02))), exit_ok) << "measured anew";
  EXPECT_EQ(exit_code(compared(with_allocations(1.3, 0.02), processes(1.5))), exit_inconclusive);
}

TEST(Times, WithoutPreallocatedAreInconclusive) {
  std::vector<Rows> without = processes(1);
  for (Rows& rows : without) {
    std::erase_if(rows, [](const Row& row) { return row.allocator == "preallocated"; });
    for (Row& row : rows) row.host_enqueue.ratio = row.end_to_end.ratio = ClockSummary{}.ratio;
  }
  EXPECT_EQ(exit_code(compared(without, without)), 3);
  const Comparison lost = compared(processes(1), without);
  EXPECT_EQ(find(lost, "end_to_end").verdict, Verdict::inconclusive);
  EXPECT_TRUE(contains(find(lost, "end_to_end").reason, "HEAD has no ratio"));
}

TEST(Times, OfPreallocatedAloneRuleNothingOut) {
  std::vector<Rows> alone = processes(1);
  for (Rows& rows : alone)
    std::erase_if(rows, [](const Row& row) { return row.allocator != "preallocated"; });
  const std::vector<Result> rows = side(alone, "a");
  const std::string text =
      format_comparison({"a", rows}, {"b", rows}, compare(rows, rows, default_gate), default_gate);
  EXPECT_TRUE(contains(text, "no regression (exit code 0)"));
}

TEST(Times, OfProcessesThatCouldMeasureACaseAreJudged) {
  std::vector<Rows> flaky = processes(1);
  flaky[0][1].status = Status::failed;
  const Comparison comparison = compared(flaky, processes(1.1));
  EXPECT_EQ(comparison.count(Verdict::improvement), 1u);
  EXPECT_EQ(find(comparison.suite, "end_to_end").verdict, Verdict::regression);
  EXPECT_EQ(exit_code(compared(processes(1), flaky)), 1) << "HEAD failed in a process";
  EXPECT_EQ(exit_code(compared(flaky, flaky)), 3) << "both did";
  std::vector<Rows> broken = processes(1);
  for (Rows& rows : broken) rows[1].status = Status::failed;
  EXPECT_EQ(exit_code(compared(flaky, broken)), 1) << "HEAD in all";
}

TEST(Times, OfACaseThatHeadHasInFewerProcessesAreInconclusive) {
  std::vector<Rows> fewer = processes(1);
  for (std::size_t i = 0; i < 10; ++i) fewer[i].pop_back();
  const Comparison comparison = compared(processes(1), fewer);
  EXPECT_EQ(exit_code(comparison), 3);
  EXPECT_TRUE(contains(find(comparison, "case").reason, "6 of 16"));
}

TEST(Times, OfOneProcessInSeveralFilesAreNotJudged) {
  const std::vector<Rows> one = processes(1, 0.001, 1);
  std::vector<Rows> split;
  for (const Row& row : one[0]) split.push_back({row});
  EXPECT_EQ(compared(split, split).times, Times::one_process);
}

TEST(Times, OfOneProcessASideAreNotJudged) {
  const Comparison comparison = compared(processes(1, 0.001, 1), processes(2, 0.001, 1));
  EXPECT_EQ(exit_code(comparison), 0);
  EXPECT_EQ(comparison.times, Times::one_process);
}

TEST(Times, OfOneProcessAndManyAreInconclusive) {
  EXPECT_EQ(exit_code(compared(processes(1), processes(2, 0.001, 1))), 3);
  GateConfig of_run;
  of_run.is_of_run = true;
  EXPECT_EQ(exit_code(compared(processes(1), processes(2, 0.001, 1), of_run)), 0);
}

TEST(Times, OfTheHostRuntimeAreNeverJudged) {
  std::vector<Result> base = side(processes(1), "base"), head = side(processes(2), "head");
  for (auto* rows : {&base, &head})
    for (Result& row : *rows) row.is_host = true;
  const Comparison comparison = compare(base, head, default_gate);
  EXPECT_EQ(exit_code(comparison), 0);
  EXPECT_EQ(comparison.times, Times::of_host);
}

TEST(Times, OfTooFewProcessesAreInconclusive) {
  const std::size_t needed = least_values(2, default_gate.alpha / 2);
  EXPECT_EQ(exit_code(compared(processes(1, 0.001, needed), processes(1, 0.001, needed))), 0);
  const Comparison comparison = compared(processes(1, 0.001, 3), processes(1, 0.001, 3));
  EXPECT_EQ(exit_code(comparison), 3);
  EXPECT_TRUE(contains(comparison.suite.at(0).reason, std::to_string(needed)));
}

TEST(Times, AreInconclusiveWhereGrowthThatMustBeVisibleCannotBeRuledOut) {
  EXPECT_EQ(exit_code(compared(processes(1, 0.02), processes(1, 0.02))), 0);
  EXPECT_EQ(exit_code(compared(processes(1, 0.3), processes(1, 0.3))), 3);
  GateConfig gate;
  gate.visible = 0.5;
  EXPECT_EQ(exit_code(compared(processes(1, 0.3), processes(1, 0.3), gate)), 0);
}

TEST(Times, OfACaseThatAProcessLacksAreThoseOfTheOthers) {
  std::vector<Rows> head = processes(1.05);
  head[3][1].end_to_end.ratio =
      ClockSummary{}.ratio;  // it and preallocated were throttled in different repetitions
  EXPECT_EQ(find(compared(processes(1), head).suite, "end_to_end").verdict, Verdict::regression);
  for (Rows& rows : head) rows[1].end_to_end = {};
  EXPECT_EQ(compared(processes(1), head).case_times, 15u);
}

TEST(Verdicts, OfTimesAreALineForEachAllocatorAndClock) {
  const std::vector<Result> base = side(processes(1), "base"), head = side(processes(1.05), "head");
  const auto text = [&](const std::vector<Result>& of) {
    return format_comparison({"base", base}, {"head", of}, compare(base, of, default_gate), default_gate);
  };
  EXPECT_TRUE(contains(text(head), "BASE  base: 8 cases in 16 processes, of commit "));
  EXPECT_TRUE(contains(text(head), "regression    arena"));
  EXPECT_TRUE(contains(text(head), "+5.0 %"));
  EXPECT_TRUE(contains(text(base),
                       "no slow-down of 5 % or more (exit code 0): at most +0.0 % (arena, host_enqueue)"));
  const std::string csv = verdicts_csv(compare(base, head, default_gate));
  EXPECT_TRUE(contains(csv, "steady,,,,,,,,,,,,1,,arena,end_to_end,regression,,,0.05"));
}

// --- the rates of the gate, with the noise of 80 processes on an H200 ---
//
// The host is slow in spells, by 15 %; a spell begins in 11 % of cases and goes on in 72 %. Neighbours in
// time share it, so that a ratio shows it only where a spell begins or ends between two allocators. Processes
// differ by 5 %, times within one by 1 %; the ratio of arena-individual, which makes more calls, by 1.8 %
// from process to process. Standard deviations of the logarithms that this gives, and that were measured: of
// a time 8.4 and 9.2 %; of a ratio in one case 3.6 and 4.7 %; of its median over the cases 0.4 and 0.34 %
// (arena), 1.9 and 1.9 % (arena-individual).

constexpr std::size_t case_count = 20, process_count = 16;

class Machine {
 public:
  explicit Machine(unsigned seed) : random_(seed) {}

  /// Times of `case_count` cases with three allocators; what `slow_down` says of a case and allocator comes
  /// on top.
  template <class SlowDown>
  void run(std::vector<CaseTimes>& cases, std::vector<double> CaseTimes::*side, const SlowDown& slow_down) {
    const double process = std::exp(normal(0.05)), individual = std::exp(normal(0.018));
    bool is_slow = chance(0.3);
    for (std::size_t i = 0; i < case_count; ++i) {
      is_slow = chance(is_slow ? 0.72 : 0.11);
      double preallocated = 0;
      for (std::size_t allocator = 0; allocator < 3; ++allocator) {
        if (chance(0.06)) is_slow = !is_slow;  // within a case
        const double time = time_ns * process * (is_slow ? 1.15 : 1) * std::exp(normal(0.01)) *
                            (allocator == 2 ? 1.2 * individual : 1) * slow_down(i, allocator);
        if (allocator == 0) preallocated = time;
        (cases[3 * i + allocator].*side).push_back(allocator == 0 ? time : time / preallocated);
      }
    }
  }

 private:
  double normal(double deviation) { return std::normal_distribution<double>{0, deviation}(random_); }
  bool chance(double p) { return std::bernoulli_distribution{p}(random_); }

  std::mt19937_64 random_;
};

struct Rates {
  int flagged = 0, inconclusive = 0;
};

/// Of `comparisons`, in whose HEAD processes are slowed down.
template <class SlowDown>
Rates rates(int comparisons, const SlowDown& slow_down) {
  Rates found;
  for (int i = 0; i < comparisons; ++i) {
    std::vector<CaseTimes> cases;
    for (std::size_t k = 0; k < case_count; ++k)
      for (const std::string name : {"preallocated", "arena", "arena-individual"}) {
        Row row = measured(name);
        row.elements = k;
        cases.push_back({to_result("", row, run_context()).key, "end_to_end", {}, {}});
      }
    Machine machine{static_cast<unsigned>(i)};
    for (std::size_t round = 0; round < process_count; ++round) {
      machine.run(cases, &CaseTimes::base, [](std::size_t, std::size_t) { return 1.0; });
      machine.run(cases, &CaseTimes::head, slow_down);
    }
    const TimeFindings times = judge_times(cases, default_gate);
    const auto has = [&](Verdict verdict) {
      return std::ranges::count(times.suite, verdict, &Finding::verdict) +
                 std::ranges::count(times.cases, verdict, &Finding::verdict) >
             0;
    };
    if (has(Verdict::regression))
      ++found.flagged;
    else if (has(Verdict::inconclusive))
      ++found.inconclusive;
  }
  return found;
}

TEST(TimesUnderMeasuredNoise, RaiseNoFalseAlarmAndAreConclusive) {
  const Rates found = rates(200, [](std::size_t, std::size_t) { return 1.0; });
  EXPECT_LE(found.flagged, 6);  // alpha allows 2; more than 6 have a probability below 0.5 %
  EXPECT_LE(found.inconclusive, 2);
}

TEST(TimesUnderMeasuredNoise, ShowTheArenaThreePercentSlower) {
  EXPECT_EQ(rates(100, [](std::size_t, std::size_t allocator) { return allocator == 1 ? 1.03 : 1; }).flagged,
            100);
}

TEST(TimesUnderMeasuredNoise, ShowArenaIndividualFivePercentSlower) {
  EXPECT_GE(rates(100, [](std::size_t, std::size_t allocator) { return allocator == 2 ? 1.05 : 1; }).flagged,
            95);
}

// All of a workload's four cases. Raw times, whose noise is five times as great, would show next to none.
TEST(TimesUnderMeasuredNoise, ShowOneWorkloadOfTheArenaFivePercentSlower) {
  EXPECT_GE(
      rates(100, [](std::size_t i, std::size_t allocator) { return allocator == 1 && i < 4 ? 1.05 : 1; })
          .flagged,
      90);
}

TEST(Times, TheFamilyWiseErrorRateIsAtMostAlpha) {
  std::mt19937_64 random{1};
  std::lognormal_distribution<double> noise{0, 0.01};
  GateConfig gate;
  gate.threshold = 0;  // which would hide false alarms of the test
  gate.alpha = 0.05;
  int alarms = 0;
  for (int i = 0; i < 400; ++i) {
    std::vector<CaseTimes> cases;
    for (std::size_t k = 0; k < 10; ++k) {
      Row row = measured("arena");
      row.elements = k;
      CaseTimes times{to_result("", row, run_context()).key, "end_to_end", {}, {}};
      for (auto* side : {&times.base, &times.head})
        for (int process = 0; process < 10; ++process) side->push_back(noise(random));
      cases.push_back(times);
    }
    const TimeFindings found = judge_times(cases, gate);
    alarms += std::ranges::count(found.suite, Verdict::regression, &Finding::verdict) +
                  std::ranges::count(found.cases, Verdict::regression, &Finding::verdict) >
              0;
  }
  EXPECT_LE(alarms, 34);  // 20 expected at most; more than 34 have a probability of 0.1 %
}

}  // namespace
}  // namespace daa::bench
