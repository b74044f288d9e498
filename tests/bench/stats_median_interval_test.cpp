// The confidence interval of a median: the coverage that it claims holds in simulations.

#include "stats/median_interval.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <random>
#include <string>

#include "stats/quantile.hpp"

namespace daa::bench {
namespace {

using Random = std::mt19937_64;

TEST(BootstrapMedian, IsTheRangeOfFewValues) {
  for (const std::vector<double>& values :
       {std::vector<double>{3, 1}, {2, 9, 4}, {7, 1, 3, 5}, {5, 1, 4, 2, 3}}) {
    const MedianInterval interval = bootstrap_median(values);
    EXPECT_EQ(interval.median, quantile(values, 0.5));
    EXPECT_EQ(interval.low, *std::ranges::min_element(values));
    EXPECT_EQ(interval.high, *std::ranges::max_element(values));
  }
}

TEST(BootstrapMedian, OneValueHasNoInterval) {
  const MedianInterval one = bootstrap_median({7});
  EXPECT_EQ(one.median, 7);
  EXPECT_TRUE(std::isnan(one.low));
  EXPECT_TRUE(std::isnan(one.high));
  EXPECT_TRUE(std::isnan(one.noise()));
  EXPECT_TRUE(std::isnan(bootstrap_median({}).median));
}

// Of nine draws from nine values, five or more are the least with probability 0.0014, of the two least with
// 0.0304 and of the three least with 0.1448 (binomial distribution). The middles of the last two jumps of the
// distribution function are at 0.0159 and 0.0876; 0.025 lies between them, at 0.127 of their distance.
TEST(BootstrapMedian, AgreesWithAComputationByHand) {
  const MedianInterval interval = bootstrap_median({10, 20, 30, 40, 50, 60, 70, 80, 90});
  EXPECT_EQ(interval.median, 50);
  EXPECT_NEAR(interval.low, 21.27, 0.01);
  EXPECT_NEAR(interval.high, 78.73, 0.01);
}

TEST(BootstrapMedian, DoesNotDependOnTheOrder) {
  Random random{1};
  std::vector<double> values(31);
  std::ranges::generate(values, [&] { return std::uniform_real_distribution{1.0, 2.0}(random); });
  const MedianInterval once = bootstrap_median(values);
  for (int i = 0; i < 20; ++i) {
    std::ranges::shuffle(values, random);
    const MedianInterval again = bootstrap_median(values);
    EXPECT_EQ(again.median, once.median);
    EXPECT_EQ(again.low, once.low);
    EXPECT_EQ(again.high, once.high);
  }
}

TEST(BootstrapMedian, ContainsTheMedianAndNarrowsWithTheRootOfTheNumber) {
  double previous = 0;
  for (const std::size_t count : {16u, 64u, 256u, 1024u, 4096u}) {
    std::vector<double> values;
    for (std::size_t i = 0; i < count; ++i)
      values.push_back(static_cast<double>(i) / static_cast<double>(count));
    const MedianInterval interval = bootstrap_median(values);
    EXPECT_LT(interval.low, interval.median);
    EXPECT_GT(interval.high, interval.median);
    const double width = interval.high - interval.low;
    if (previous > 0) {
      EXPECT_NEAR(width / previous, 0.5, 0.07) << count;
    }
    previous = width;
  }
}

TEST(BootstrapMedian, HandlesTenThousandValues) {
  std::vector<double> values(10'000);
  Random random{2};
  std::ranges::generate(values, [&] { return std::normal_distribution{1.0, 0.1}(random); });
  const MedianInterval interval = bootstrap_median(values);
  EXPECT_NEAR(interval.median, 1.0, 0.01);
  EXPECT_GT(interval.noise(), 0.001);
  EXPECT_LT(interval.noise(), 0.004);
}

// --- coverage ----------------------------------------------------------------------------------------------

constexpr double true_ratio = 1.13;

struct Noise {
  std::string name;
  std::function<double(Random&)> draw;  // a factor whose median is 1
};

const Noise noises[]{
    {"symmetric",
     [](Random& random) {
       return std::exp(std::normal_distribution{0.0, 0.03}(random));
     }},
    {"skewed",
     [](Random& random) { return 0.9 + 0.1 / std::log(2) * std::exponential_distribution{1.0}(random); }},
    {"with outliers",
     [](Random& random) {
       const bool is_outlier = std::bernoulli_distribution{0.1}(random);
       return std::exp(std::normal_distribution{0.0, is_outlier ? 0.5 : 0.02}(random));
     }},
};

// Samples of one clock: both allocators see the drift from repetition to repetition; the noise is the second
// one's own.
bool covers(std::size_t repetitions, const Noise& noise, Random& random) {
  Repetitions lower_bound, other;
  for (std::size_t i = 0; i < repetitions; ++i) {
    const double drift = std::uniform_real_distribution{0.5, 2.0}(random);
    lower_bound.push_back({1000 * drift});
    other.push_back({1000 * drift * true_ratio * noise.draw(random)});
  }
  const MedianInterval ratio = bootstrap_median(paired_ratios(other, lower_bound));
  return ratio.low <= true_ratio && true_ratio <= ratio.high;
}

TEST(RatioInterval, CoversTheTrueRatioIn95Percent) {
  constexpr int simulations = 1000;
  for (const Noise& noise : noises) {
    for (const std::size_t repetitions : {9u, 10u, 13u, 20u, 31u}) {
      Random random{repetitions};
      int covered = 0;
      for (int i = 0; i < simulations; ++i) covered += covers(repetitions, noise, random);
      EXPECT_GE(covered, 920) << noise.name << ", " << repetitions << " repetitions";
      EXPECT_LE(covered, 980) << noise.name << ", " << repetitions << " repetitions";
    }
  }
}

TEST(RatioInterval, OfFewRepetitionsCoversAsOftenAsDocumented) {
  constexpr int simulations = 4000;
  for (const auto& [repetitions, percent] : {std::pair{2u, 50.0}, {3u, 75.0}, {4u, 87.5}, {5u, 93.75}}) {
    Random random{repetitions};
    int covered = 0;
    for (int i = 0; i < simulations; ++i) covered += covers(repetitions, noises[1], random);
    EXPECT_NEAR(100.0 * covered / simulations, percent, 2.5) << repetitions << " repetitions";
  }
}

}  // namespace
}  // namespace daa::bench
