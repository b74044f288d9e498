// The Mann-Whitney U test against SciPy, and Holm's adjustment against R.

#include "stats/rank_test.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>

#include "stats_rank_test_data.hpp"

namespace daa::bench {
namespace {

void expect_known(const std::vector<KnownTest>& tests) {
  MannWhitney mann_whitney;
  for (const KnownTest& test : tests)
    EXPECT_NEAR(mann_whitney.p_greater(test.greater, test.than), test.p, 1e-12 * test.p)
        << test.greater.size() << " and " << test.than.size() << " values, p = " << test.p;
}

TEST(MannWhitney, IsExactWithoutTies) {
  expect_known(without_ties);
}

TEST(MannWhitney, IsExactWithTies) {
  expect_known(with_ties);
}

TEST(MannWhitney, IsNormalForManyValues) {
  expect_known(of_many_values);
}

TEST(MannWhitney, PIsLeastWhereOneSampleIsAboveTheOther) {
  MannWhitney mann_whitney;
  for (const std::size_t n : {1u, 2u, 9u, 12u, 25u}) {
    std::vector<double> low(n), high(n);
    std::iota(low.begin(), low.end(), 1.0);
    std::iota(high.begin(), high.end(), 1.0 + static_cast<double>(n));
    EXPECT_DOUBLE_EQ(mann_whitney.p_greater(high, low), least_p(n, n)) << n;
    EXPECT_EQ(mann_whitney.p_greater(low, high), 1) << n;
  }
  EXPECT_DOUBLE_EQ(least_p(9, 9), 1.0 / 48620);
}

TEST(MannWhitney, DependsOnTheOrderAlone) {
  MannWhitney mann_whitney;
  KnownTest test = without_ties.back();
  for (auto* sample : {&test.greater, &test.than})
    std::ranges::transform(*sample, sample->begin(), [](double value) { return value * value * 1e6; });
  std::ranges::reverse(test.greater);
  EXPECT_DOUBLE_EQ(mann_whitney.p_greater(test.greater, test.than), test.p);
}

TEST(MannWhitney, NoOrEqualValuesAreNotSignificant) {
  MannWhitney mann_whitney;
  EXPECT_EQ(mann_whitney.p_greater({}, {}), 1);
  EXPECT_EQ(mann_whitney.p_greater({}, std::vector{1.0}), 1);
  EXPECT_EQ(mann_whitney.p_greater(std::vector{1.0}, {}), 1);
  const std::vector<double> same(40, 7.0);
  EXPECT_EQ(mann_whitney.p_greater(same, same), 1);
}

// R's p.adjust(p, "holm").
TEST(Holm, AgreesWithR) {
  const std::vector<double> adjusted = holm_adjusted({0.01, 0.04, 0.03, 0.005});
  const std::vector<double> expected{0.03, 0.06, 0.06, 0.02};
  ASSERT_EQ(adjusted.size(), expected.size());
  for (std::size_t i = 0; i < expected.size(); ++i) EXPECT_DOUBLE_EQ(adjusted[i], expected[i]) << i;
}

TEST(Holm, NeverExceedsOneAndLeavesASingleTestAlone) {
  EXPECT_EQ(holm_adjusted({0.9, 0.8}), (std::vector<double>{1, 1}));
  EXPECT_EQ(holm_adjusted({0.25}), (std::vector<double>{0.25}));
  EXPECT_TRUE(holm_adjusted({}).empty());
}

TEST(Holm, MoreTestsNeedMoreRepetitions) {
  EXPECT_EQ(least_repetitions(1, 0.5), 1u);     // 1 / 2
  EXPECT_EQ(least_repetitions(1, 0.05), 3u);    // 1 / 20
  EXPECT_EQ(least_repetitions(1, 0.01), 5u);    // 1 / 252
  EXPECT_EQ(least_repetitions(120, 0.01), 8u);  // 1 / 12,870, as --help says
  EXPECT_EQ(least_repetitions(180, 0.01), 9u);  // 1 / 48,620 < 0.01 / 180 < 1 / 12,870
  EXPECT_EQ(least_repetitions(1000, 0.01), 10u);
}

}  // namespace
}  // namespace daa::bench
