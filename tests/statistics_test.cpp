// The figures of a row, against values worked out by hand.

#include "driver/statistics.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <numeric>

namespace daa::bench {
namespace {

TEST(Quantile, IsAnOrderStatisticOrLinearBetweenTwo) {
  EXPECT_EQ(quantile({4, 1, 3, 2}, 0.0), 1);
  EXPECT_EQ(quantile({4, 1, 3, 2}, 0.25), 1.75);
  EXPECT_EQ(quantile({4, 1, 3, 2}, 0.5), 2.5);
  EXPECT_EQ(quantile({4, 1, 3, 2}, 1.0), 4);
  EXPECT_EQ(quantile({10, 30, 20}, 0.5), 20);
  EXPECT_EQ(quantile({10, 30, 20}, 0.75), 25);
}

TEST(Quantile, NinetyNinthPercentileOfAHundredAndOneIsTheSecondGreatest) {
  std::vector<double> values(101);
  std::iota(values.rbegin(), values.rend(), 0.0);
  EXPECT_EQ(quantile(values, 0.99), 99);
}

TEST(Quantile, OfOneValueIsThatValue) {
  for (const double q : {0.0, 0.3, 0.5, 0.99, 1.0}) EXPECT_EQ(quantile({7.25}, q), 7.25) << q;
}

TEST(Quantile, OfNothingIsNotANumber) {
  EXPECT_TRUE(std::isnan(quantile({}, 0.5)));
}

TEST(Summary, MedianAndPercentileAreOverTheSamplesOfAllRepetitions) {
  const ClockSummary summary = summarise({{1, 2, 3}, {100}, {4}}, {});
  EXPECT_EQ(summary.median_ns, 3);
  EXPECT_DOUBLE_EQ(summary.p99_ns, 4 + 0.96 * (100 - 4));
}

TEST(Summary, PercentilesAndTheGreatestAreOverAllSamples) {
  std::vector<double> values(101);
  std::iota(values.rbegin(), values.rend(), 0.0);
  const ClockSummary summary = summarise({values}, {});
  EXPECT_EQ(summary.median_ns, 50);
  EXPECT_EQ(summary.p90_ns, 90);
  EXPECT_EQ(summary.p99_ns, 99);
  EXPECT_EQ(summary.max_ns, 100);
}

TEST(Summary, RatiosAreOfMediansOfRepetitionsOfTheSameNumber) {
  const ClockSummary summary =
      summarise({{4, 4, 90}, {8, 10}, {20}}, {{2}, {1, 3, 9}, {4}}, {{4}, {9}, {10}});
  EXPECT_EQ(summary.ratio, 3);  // of 4 / 2, 9 / 3, 20 / 4
  EXPECT_EQ(summary.ratio_low, 2) << "the interval of three is their range";
  EXPECT_EQ(summary.ratio_high, 5);
  EXPECT_EQ(summary.against_ratio, 1);  // of 4 / 4, 9 / 9, 20 / 10
  EXPECT_EQ(summary.against_ratio_low, 1);
  EXPECT_EQ(summary.against_ratio_high, 2);
}

TEST(Summary, ARepetitionWithoutItsCounterpartHasNoRatio) {
  EXPECT_EQ(paired_ratios({{4}, {100}}, {{2}}), std::vector<double>{2});
  EXPECT_EQ(paired_ratios({{4}, {}, {6}}, {{2}, {1}, {3}}), (std::vector<double>{2, 2}));
  EXPECT_EQ(paired_ratios({{4}, {1}, {6}}, {{}, {1}, {3}}), (std::vector<double>{1, 2}));
}

TEST(Summary, OneRepetitionHasARatioAndNoInterval) {
  const ClockSummary summary = summarise({{4}}, {{2}});
  EXPECT_EQ(summary.ratio, 2);
  EXPECT_TRUE(std::isnan(summary.ratio_low));
  EXPECT_TRUE(std::isnan(summary.ratio_high));
}

TEST(Summary, WithoutAFloorThereIsNoRatio) {
  const ClockSummary summary = summarise({{4}, {6}}, {});
  EXPECT_EQ(summary.median_ns, 5);
  EXPECT_TRUE(std::isnan(summary.ratio));
  EXPECT_TRUE(std::isnan(summary.ratio_low));
  EXPECT_TRUE(std::isnan(summary.ratio_high));
}

TEST(Summary, KeepsTheMedianOfEachRepetitionInTheirOrder) {
  EXPECT_EQ(summarise({{4, 5, 90}, {3}, {10, 20}}, {}).repetitions_ns, (std::vector<double>{5, 3, 15}));
}

TEST(Summary, OfNoSamplesHasNoFigures) {
  const ClockSummary summary = summarise({}, {{2}});
  for (const double figure :
       {summary.median_ns, summary.p90_ns, summary.p99_ns, summary.max_ns, summary.ratio})
    EXPECT_TRUE(std::isnan(figure));
}

}  // namespace
}  // namespace daa::bench
