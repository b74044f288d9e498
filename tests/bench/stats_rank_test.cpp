// The Mann-Whitney U test against SciPy, its confidence bound by brute force, and Holm's adjustment against
// R.

#include "stats/rank_test.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <random>

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

/// Of all ways to choose which values are `greater`, the fraction in which as few pairs or fewer are in
/// order.
double p_of_so_few(const std::vector<double>& greater, const std::vector<double>& than) {
  const auto in_order = [](const std::vector<double>& a, const std::vector<double>& b) {
    std::size_t pairs = 0;
    for (const double x : a)
      for (const double y : b) pairs += x > y;
    return pairs;
  };
  std::vector<double> all = greater;
  all.insert(all.end(), than.begin(), than.end());
  std::vector<char> is_chosen(all.size(), 0);
  std::fill(is_chosen.begin(), is_chosen.begin() + static_cast<std::ptrdiff_t>(greater.size()), 1);
  std::size_t few = 0, ways = 0;
  do {
    std::vector<double> chosen, rest;
    for (std::size_t i = 0; i < all.size(); ++i) (is_chosen[i] ? chosen : rest).push_back(all[i]);
    few += in_order(chosen, rest) <= in_order(greater, than);
    ++ways;
  } while (std::prev_permutation(is_chosen.begin(), is_chosen.end()));
  return static_cast<double>(few) / static_cast<double>(ways);
}

TEST(Shift, IsAtMostTheLeastThatBruteForceRefutes) {
  std::mt19937_64 random{1};
  std::lognormal_distribution<double> draw{0, 1};
  MannWhitney mann_whitney;
  for (int i = 0; i < 30; ++i) {
    std::vector<double> greater(3 + static_cast<std::size_t>(i % 4)),
        than(4 + static_cast<std::size_t>(i % 3));
    for (auto* sample : {&greater, &than})
      for (double& value : *sample) value = draw(random);
    for (const double confidence : {0.8, 0.95}) {
      const Shift shift = mann_whitney.shift(greater, than, confidence);
      const auto is_refuted = [&](double by) {
        std::vector<double> shifted = greater;
        for (double& value : shifted) value -= by;
        return p_of_so_few(shifted, than) <= 1 - confidence;
      };
      if (shift.at_most == std::numeric_limits<double>::infinity()) {
        EXPECT_FALSE(is_refuted(1e9)) << i;
        continue;
      }
      EXPECT_LT(shift.estimate, shift.at_most);
      EXPECT_TRUE(is_refuted(shift.at_most + 1e-9)) << i;
      EXPECT_FALSE(is_refuted(shift.at_most - 1e-9)) << i;
    }
  }
}

TEST(Shift, IsTheMedianOfAllDifferences) {
  MannWhitney mann_whitney;
  EXPECT_DOUBLE_EQ(mann_whitney.shift(std::vector{4.0, 9.0}, std::vector{1.0, 2.0, 3.0}, 0.95).estimate, 4.5);
  EXPECT_TRUE(std::isnan(mann_whitney.shift({}, std::vector{1.0}, 0.95).estimate));
}

// Exact and approximate bounds of samples of about most_exact_values must agree.
TEST(Shift, OfManyValuesIsBoundedLikeThatOfFewer) {
  std::mt19937_64 random{2};
  std::normal_distribution<double> draw{0, 1};
  MannWhitney mann_whitney;
  std::vector<double> a(26), b(26);
  for (auto* sample : {&a, &b})
    for (double& value : *sample) value = draw(random);
  const double approximate = mann_whitney.shift(a, b, 0.95).at_most;
  a.pop_back();
  b.pop_back();
  EXPECT_NEAR(mann_whitney.shift(a, b, 0.95).at_most, approximate, 0.15);
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

TEST(Holm, MoreTestsNeedMoreValues) {
  EXPECT_EQ(least_values(1, 0.5), 1u);     // 1 / 2
  EXPECT_EQ(least_values(1, 0.05), 3u);    // 1 / 20
  EXPECT_EQ(least_values(1, 0.01), 5u);    // 1 / 252
  EXPECT_EQ(least_values(120, 0.01), 8u);  // 1 / 12,870
  EXPECT_EQ(least_values(180, 0.01), 9u);  // 1 / 48,620 < 0.01 / 180 < 1 / 12,870
  EXPECT_EQ(least_values(1000, 0.01), 10u);
}

}  // namespace
}  // namespace daa::bench
