// Verdicts on times, with noise and among many cases.

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <string>
#include <vector>

#include "compare_rows.hpp"
#include "stats/rank_test.hpp"

namespace daa::bench {
namespace {

TEST(Comparison, TimesOfTheHostRuntimeAreNeverJudged) {
  const Comparison comparison =
      compare_rows({measured("arena", around(time_ns))}, {measured("arena", around(10 * time_ns))},
                   default_gate, run_context("host"));
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

TEST(Comparison, ASignificantChangeBelowEitherThresholdIsNoRegression) {
  EXPECT_EQ(exit_code(compare_times(around(time_ns), around(1.024 * time_ns))), 0);
  EXPECT_EQ(exit_code(compare_times(around(time_ns), around(1.026 * time_ns))), 1);
  EXPECT_EQ(exit_code(compare_times(around(1000), around(1190))), 0);
  EXPECT_EQ(exit_code(compare_times(around(1000), around(1210))), 1);
  GateConfig options;
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

TEST(Comparison, TooFewRepetitionsAreInconclusive) {
  const std::size_t needed = least_repetitions(2, default_gate.alpha);
  const auto with = [&](std::size_t repetitions) {
    return compare_times(around(time_ns, 0.001, repetitions), around(time_ns, 0.001, repetitions));
  };
  EXPECT_EQ(exit_code(with(needed)), 0);
  const Comparison comparison = with(needed - 1);
  EXPECT_EQ(exit_code(comparison), 3);
  EXPECT_EQ(find(comparison, "end_to_end").verdict, Verdict::inconclusive);
  EXPECT_FALSE(find(comparison, "end_to_end").reason.empty());
}

TEST(Comparison, NoiseThatHidesWhatMustBeVisibleIsInconclusive) {
  const auto verdict = [](double noise, const GateConfig& options = default_gate) {
    return exit_code(compare_times(around(time_ns, noise), around(time_ns, noise), options));
  };
  EXPECT_EQ(verdict(0.01), 0);
  EXPECT_EQ(verdict(0.05), 0);
  EXPECT_EQ(verdict(0.2), 3);
  GateConfig options;
  options.visible = 0.4;
  EXPECT_EQ(verdict(0.2, options), 0);
  options.visible = 0.01;
  options.absolute_ns = 0;
  EXPECT_EQ(verdict(0.05, options), 3);
  options.absolute_ns = 0.05 * time_ns;
  EXPECT_EQ(verdict(0.05, options), 0);
}

TEST(Comparison, NoiseOnEitherSideIsInconclusive) {
  EXPECT_EQ(exit_code(compare_times(around(time_ns, 0.001), around(time_ns, 0.3))), 3);
  EXPECT_EQ(exit_code(compare_times(around(time_ns, 0.3), around(time_ns, 0.001))), 3);
}

TEST(Comparison, SignificanceIsAdjustedForTheNumberOfTimes) {
  const std::vector<double> before = around(time_ns, 0.02, 7), after = around(1.035 * time_ns, 0.02, 7);
  EXPECT_EQ(exit_code(compare_times(before, after)), 1);
  std::vector<Row> base{measured("arena", before)}, head{measured("arena", after)};
  for (int i = 0; i < 300; ++i) {
    base.push_back(measured("case " + std::to_string(i), around(time_ns, 0.001, 7)));
    head.push_back(base.back());
  }
  EXPECT_EQ(compare_rows(base, head).count(Verdict::regression), 0u);
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

// Without thresholds, which would hide false alarms of the test.
TEST(Comparison, TheFamilyWiseErrorRateIsAtMostAlpha) {
  std::mt19937_64 random{1};
  GateConfig options;
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
             finding.key.back() == "case 7";
    });
  }
  EXPECT_EQ(seen, runs);
}

}  // namespace
}  // namespace daa::bench
