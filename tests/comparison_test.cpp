// What is a regression, what is not, and what cannot be told.

#include "compare/comparison.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "compare/holm.hpp"
#include "compare/report.hpp"
#include "gate_rows.hpp"
#include "text_match.hpp"

namespace daa::bench {
namespace {

const GateOptions defaults;
constexpr double time_ns = 50'000;

Comparison compare_rows(const std::vector<Row>& base, const std::vector<Row>& head,
                        const GateOptions& options = defaults, const Context& context = a_context()) {
  return compare(results(base, context), results(head, context), options);
}

Comparison compare_times(const std::vector<double>& base, const std::vector<double>& head,
                         const GateOptions& options = defaults) {
  return compare_rows({measured("arena", base)}, {measured("arena", head)}, options);
}

Finding find(const Comparison& comparison, std::string_view what) {
  const auto found = std::ranges::find(comparison.findings, what, &Finding::what);
  EXPECT_NE(found, comparison.findings.end()) << what;
  return found == comparison.findings.end() ? Finding{} : *found;
}

struct Counter {
  std::string column;
  void (*add)(Row& row, int by);
};

const Counter counters[]{
    {"allocations_per_phase", [](Row& row, int by) { row.allocations_per_phase += by; }},
    {"runtime_calls_per_phase", [](Row& row, int by) { row.calls.runtime += 0.001 * by; }},
    {"synchronisations_per_phase", [](Row& row, int by) { row.calls.synchronisations += by; }},
    {"asked_per_phase_bytes", [](Row& row, int by) { row.bytes_asked_per_phase += by; }},
    {"peak_phase_bytes", [](Row& row, int by) { row.bytes_peak_phase += static_cast<std::size_t>(by); }},
    {"reserved_bytes", [](Row& row, int by) { row.bytes_reserved += static_cast<std::size_t>(by); }},
    {"pool_mapped_bytes", [](Row& row, int by) { row.pool_mapped_bytes += static_cast<std::size_t>(by); }},
};

TEST(Comparison, OfAResultWithItselfIsFine) {
  const Comparison comparison = compare_times(around(time_ns), around(time_ns));
  EXPECT_EQ(exit_code(comparison), 0);
  EXPECT_EQ(comparison.cases, 1u);
  EXPECT_EQ(comparison.counters, 6u);
  EXPECT_EQ(comparison.times, 2u);
  for (const Finding& finding : comparison.findings)
    EXPECT_TRUE(finding.verdict == Verdict::unchanged || finding.verdict == Verdict::not_judged)
        << finding.what;
}

TEST(Comparison, ACounterThatGrewByTheLeastIsARegressionAndOneThatShrankAnImprovement) {
  ASSERT_EQ(std::size(counters), counter_columns().size());
  for (const std::string kind : {"cuda", "host"})
    for (const Counter& counter : counters) {
      SCOPED_TRACE(kind + ' ' + counter.column);
      const Row base = measured("arena", around(time_ns));
      Row more = base, less = base;
      counter.add(more, 1);
      counter.add(less, -1);
      const bool is_judged = kind == "host" || counter.column != "pool_mapped_bytes";
      const Comparison grown = compare_rows({base}, {more}, defaults, a_context(kind));
      EXPECT_EQ(find(grown, counter.column).verdict, is_judged ? Verdict::regression : Verdict::not_judged);
      EXPECT_EQ(exit_code(grown), is_judged ? 1 : 0);
      const Comparison shrunk = compare_rows({base}, {less}, defaults, a_context(kind));
      EXPECT_EQ(find(shrunk, counter.column).verdict, is_judged ? Verdict::improvement : Verdict::not_judged);
      EXPECT_EQ(exit_code(shrunk), 0);
    }
}

TEST(Comparison, ACounterThatOnlyBaseCouldCountIsInconclusiveAndOneThatOnlyHeadCouldIsLetBe) {
  const Row counted = measured("arena", around(time_ns));
  Row uncounted = counted;
  uncounted.calls = {};
  const Comparison lost = compare_rows({counted}, {uncounted});
  for (const std::string_view column : {"runtime_calls_per_phase", "synchronisations_per_phase"})
    EXPECT_EQ(find(lost, column).verdict, Verdict::inconclusive);
  EXPECT_EQ(exit_code(lost), 3);
  EXPECT_TRUE(contains(format_comparison({"a", {}}, {"b", {}}, lost), "0.002 -> -  HEAD could not count it"));
  EXPECT_EQ(exit_code(compare_rows({uncounted}, {counted})), 0);
  EXPECT_EQ(exit_code(compare_rows({uncounted}, {uncounted})), 0);
}

TEST(Comparison, TimesOfTheHostRuntimeAreNeverJudged) {
  const Comparison comparison =
      compare_rows({measured("arena", around(time_ns))}, {measured("arena", around(10 * time_ns))}, defaults,
                   a_context("host"));
  EXPECT_EQ(exit_code(comparison), 0);
  EXPECT_EQ(comparison.times, 0u);
  EXPECT_TRUE(comparison.has_host);
}

TEST(Comparison, ATimeAboveTheThresholdsAndSignificantIsARegression) {
  const Comparison comparison = compare_times(around(time_ns), around(1.05 * time_ns));
  EXPECT_EQ(exit_code(comparison), 1);
  for (const std::string_view clock : {"end_to_end", "host_enqueue"}) {
    EXPECT_EQ(find(comparison, clock).verdict, Verdict::regression);
    EXPECT_LT(find(comparison, clock).p, 1e-5);
  }
  EXPECT_EQ(find(comparison, "device").verdict, Verdict::not_judged);
}

TEST(Comparison, DeviceTimeAloneFailsNothing) {
  const Row base = measured("arena", around(time_ns));
  Row head = base;
  head.device.repetitions_ns = around(2 * time_ns);
  EXPECT_EQ(exit_code(compare_rows({base}, {head})), 0);
}

TEST(Comparison, BelowEitherThresholdNothingIsARegressionHoweverSignificant) {
  EXPECT_EQ(exit_code(compare_times(around(time_ns), around(1.024 * time_ns))), 0);
  EXPECT_EQ(exit_code(compare_times(around(time_ns), around(1.026 * time_ns))), 1);
  EXPECT_EQ(exit_code(compare_times(around(1000), around(1190))), 0);
  EXPECT_EQ(exit_code(compare_times(around(1000), around(1210))), 1);
  GateOptions options;
  options.threshold = 0.001;
  options.absolute_ns = 0;
  EXPECT_EQ(exit_code(compare_times(around(1000, 1e-4), around(1002, 1e-4), options)), 1);
}

TEST(Comparison, AnImprovementIsNeverAFailure) {
  for (const double factor : {0.99, 0.95, 0.5, 0.01}) {
    const Comparison comparison = compare_times(around(time_ns), around(factor * time_ns));
    EXPECT_EQ(exit_code(comparison), 0) << factor;
    EXPECT_EQ(find(comparison, "end_to_end").verdict,
              factor < 0.97 ? Verdict::improvement : Verdict::unchanged);
  }
}

TEST(Comparison, TooFewRepetitionsAreInconclusiveAndSayHowManyAreNeeded) {
  const std::size_t needed = least_repetitions(2, defaults.alpha);
  const auto with = [&](std::size_t repetitions) {
    return compare_times(around(time_ns, 0.001, repetitions), around(time_ns, 0.001, repetitions));
  };
  EXPECT_EQ(exit_code(with(needed)), 0);
  const Comparison comparison = with(needed - 1);
  EXPECT_EQ(exit_code(comparison), 3);
  EXPECT_EQ(find(comparison, "end_to_end").verdict, Verdict::inconclusive);
  EXPECT_TRUE(
      contains(find(comparison, "end_to_end").reason, "too few repetitions, 4 and 4: 2 times need 5 a side"));
}

TEST(Comparison, NoiseThatWouldHideWhatMustBeVisibleIsInconclusive) {
  const auto verdict = [](double noise, const GateOptions& options = defaults) {
    return exit_code(compare_times(around(time_ns, noise), around(time_ns, noise), options));
  };
  EXPECT_EQ(verdict(0.01), 0);
  EXPECT_EQ(verdict(0.05), 0);
  EXPECT_EQ(verdict(0.2), 3);
  GateOptions options;
  options.visible = 0.4;
  EXPECT_EQ(verdict(0.2, options), 0);
  options.visible = 0.01;
  options.absolute_ns = 0;
  EXPECT_EQ(verdict(0.05, options), 3);
  options.absolute_ns = 0.05 * time_ns;
  EXPECT_EQ(verdict(0.05, options), 0);
  const Comparison noisy = compare_times(around(time_ns, 0.2), around(time_ns, 0.2));
  EXPECT_TRUE(contains(find(noisy, "end_to_end").reason, "too noisy to see 5.00us more"));
}

TEST(Comparison, NoiseOnEitherSideIsNoise) {
  EXPECT_EQ(exit_code(compare_times(around(time_ns, 0.001), around(time_ns, 0.3))), 3);
  EXPECT_EQ(exit_code(compare_times(around(time_ns, 0.3), around(time_ns, 0.001))), 3);
}

TEST(Comparison, ARegressionBeatsWhatIsInconclusive) {
  const std::vector<double> noisy = around(time_ns, 0.5);
  const std::vector<Row> base{measured("arena", around(time_ns)), measured("other", noisy)};
  EXPECT_EQ(exit_code(compare_rows(base, {measured("arena", around(1.1 * time_ns)), base[1]})), 1);
  EXPECT_EQ(exit_code(compare_rows(base, base)), 3);
}

TEST(Comparison, ACaseThatHeadDoesNotHaveIsARegressionAndANewOneIsListed) {
  const Row one = measured("one", around(time_ns)), two = measured("two", around(time_ns));
  const Comparison less = compare_rows({one, two}, {one});
  EXPECT_EQ(exit_code(less), 1);
  EXPECT_EQ(find(less, "case").key.allocator, "two");
  EXPECT_EQ(find(less, "case").reason, "HEAD does not have it");
  const Comparison more = compare_rows({one}, {one, two});
  EXPECT_EQ(exit_code(more), 0);
  EXPECT_EQ(find(more, "case").verdict, Verdict::added);
}

TEST(Comparison, ACaseThatCouldNoMoreBeMeasuredIsARegression) {
  const Row good = measured("arena", around(time_ns));
  Row bad = measured("arena", {});
  bad.status = Status::wrong_result;
  bad.message = "element 5 is 3";
  const Comparison broken = compare_rows({good}, {bad});
  EXPECT_EQ(exit_code(broken), 1);
  EXPECT_EQ(find(broken, "case").reason, "wrong_result: element 5 is 3");
  const Comparison mended = compare_rows({bad}, {good});
  EXPECT_EQ(exit_code(mended), 0);
  EXPECT_EQ(find(mended, "case").verdict, Verdict::improvement);
  const Comparison still = compare_rows({bad}, {bad});
  EXPECT_EQ(exit_code(still), 0);
  EXPECT_EQ(find(still, "case").verdict, Verdict::not_judged);

  bad.status = Status::unsupported;
  EXPECT_EQ(exit_code(compare_rows({good}, {bad})), 1);
  EXPECT_EQ(exit_code(compare_rows({bad}, {bad})), 0) << "on both sides it is let be";
}

TEST(Comparison, RowsOfOneCaseAreTakenTogether) {
  std::vector<Row> base, head;
  for (const double ns : around(time_ns)) base.push_back(measured("arena", {ns}));
  for (const double ns : around(1.05 * time_ns)) head.push_back(measured("arena", {ns}));
  head[3].bytes_reserved += 1;
  const Comparison comparison = compare_rows(base, head);
  EXPECT_EQ(comparison.cases, 1u);
  EXPECT_EQ(find(comparison, "end_to_end").verdict, Verdict::regression);
  EXPECT_EQ(find(comparison, "reserved_bytes").verdict, Verdict::regression);
  EXPECT_EQ(exit_code(compare_rows(base, base)), 0);
}

TEST(Comparison, WhatIsSignificantAloneIsNotAmongHundreds) {
  const std::vector<double> before = around(time_ns, 0.02, 7), after = around(1.035 * time_ns, 0.02, 7);
  EXPECT_EQ(exit_code(compare_times(before, after)), 1);
  std::vector<Row> base{measured("arena", before)}, head{measured("arena", after)};
  for (int i = 0; i < 300; ++i) {
    base.push_back(measured("case " + std::to_string(i), around(time_ns, 0.001, 7)));
    head.push_back(base.back());
  }
  EXPECT_EQ(compare_rows(base, head).count(Verdict::regression), 0u);
}

TEST(Comparison, ThreeHundredRegressionsStillExitWithOne) {
  std::vector<Row> base, head;
  for (int i = 0; i < 300; ++i) {
    base.push_back(measured("case " + std::to_string(i), around(time_ns)));
    head.push_back(base.back());
    head.back().bytes_reserved += 1;
  }
  const Comparison comparison = compare_rows(base, head);
  EXPECT_EQ(comparison.count(Verdict::regression), 300u);
  EXPECT_EQ(exit_code(comparison), 1);
}

/// Rows of `cases` cases, each with `repetitions` of 1 % noise, skewed as times are.
std::vector<Row> drawn(std::mt19937_64& random, std::size_t cases, std::size_t repetitions, double factor) {
  std::lognormal_distribution<double> noise{0, 0.01};
  std::vector<Row> rows;
  for (std::size_t i = 0; i < cases; ++i) {
    std::vector<double> times;
    for (std::size_t k = 0; k < repetitions; ++k) times.push_back(factor * time_ns * noise(random));
    rows.push_back(measured("case " + std::to_string(i), times));
  }
  return rows;
}

// Without thresholds, for they would hide a test that does not keep its promise.
TEST(Comparison, FalseAlarmsAmongAllTimesAreAsRareAsAlphaSays) {
  std::mt19937_64 random{1};
  GateOptions options;
  options.threshold = options.absolute_ns = 0;
  options.alpha = 0.05;
  int alarms = 0;
  constexpr int runs = 400;
  for (int i = 0; i < runs; ++i)
    alarms += exit_code(compare_rows(drawn(random, 10, 10, 1), drawn(random, 10, 10, 1), options)) == 1;
  EXPECT_LE(alarms, 34);  // 20 expected at most; more than 34 have a probability of 0.1 %
}

TEST(Comparison, AFivePercentRegressionAmongManyIsSeenThroughOnePercentOfNoise) {
  std::mt19937_64 random{2};
  int seen = 0;
  constexpr int runs = 50;
  for (int i = 0; i < runs; ++i) {
    std::vector<Row> head = drawn(random, 40, 12, 1);
    head[7] = drawn(random, 8, 12, 1.05)[7];
    const Comparison comparison = compare_rows(drawn(random, 40, 12, 1), head);
    seen += std::ranges::any_of(comparison.findings, [](const Finding& finding) {
      return finding.verdict == Verdict::regression && finding.what == "end_to_end" &&
             finding.key.allocator == "case 7";
    });
  }
  EXPECT_EQ(seen, runs);
}

TEST(ComparisonReport, NamesWhatMovedWithBothFiguresAndTheExitCode) {
  const std::vector<ResultRow> base =
      results({measured("arena", around(time_ns)), measured("same", around(1))});
  const std::vector<ResultRow> head =
      results({measured("arena", around(1.1 * time_ns)), measured("same", around(1))});
  const std::string text =
      format_comparison({"base.csv", base}, {"head.csv", head}, compare(base, head, defaults));
  EXPECT_TRUE(contains(text, "BASE  base.csv: 2 cases, of commit 0123456789ab-dirty\n"));
  EXPECT_TRUE(contains(text, "regression    scan 1048576 sync=phase arena  end_to_end "));
  EXPECT_TRUE(contains(text, "50.0us -> 55.0us +10.0 %, p="));
  EXPECT_TRUE(contains(text, "not_judged    scan 1048576 sync=phase arena  device "));
  EXPECT_FALSE(contains(text, "same"));
  EXPECT_TRUE(contains(text,
                       "\nregression (exit code 1): 2 regressions, 0 inconclusive, 0 improvements; "
                       "12 counters and 4 times of 2 cases compared\n"));
}

TEST(ComparisonReport, SaysThatTimesOfTheHostRuntimeWereNotJudged) {
  const std::vector<ResultRow> rows = results({measured("arena", {1})}, a_context("host"));
  EXPECT_TRUE(contains(format_comparison({"a", rows}, {"b", rows}, compare(rows, rows, defaults)),
                       "device=host: times are those of a simulator and were not judged"));
}

TEST(ComparisonReport, TheCsvHasEveryFigure) {
  Row row = measured("a,b", around(time_ns));
  row.mode.state = State::cold;
  row.mode.flush_l2 = true;
  const std::vector<ResultRow> rows = results({row});
  const Comparison comparison = compare(rows, rows, defaults);
  const std::string text = verdicts_csv(comparison);
  EXPECT_EQ(std::ranges::count(text, '\n'), 1 + static_cast<int>(comparison.findings.size()));
  EXPECT_TRUE(
      contains(text, "\r\nscan,1048576,phase,\"cold, flush_l2\",\"a,b\",end_to_end,unchanged,50000,50000,"));
}

}  // namespace
}  // namespace daa::bench
