// From samples to the figures of a row, against values computed by hand.

#include "report/row.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <numeric>

namespace daa::bench {
namespace {

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
  EXPECT_EQ(summary.ratio_low, 2) << "the range of three ratios";
  EXPECT_EQ(summary.ratio_high, 5);
  EXPECT_EQ(summary.against_ratio, 1);  // of 4 / 4, 9 / 9, 20 / 10
  EXPECT_EQ(summary.against_ratio_low, 1);
  EXPECT_EQ(summary.against_ratio_high, 2);
}

TEST(Summary, ARatioNeedsAReferenceAndItsIntervalTwoRepetitions) {
  const ClockSummary one = summarise({{4}}, {{2}});
  EXPECT_EQ(one.ratio, 2);
  EXPECT_TRUE(std::isnan(one.ratio_low));
  EXPECT_TRUE(std::isnan(one.ratio_high));
  const ClockSummary alone = summarise({{4}, {6}}, {});
  EXPECT_EQ(alone.median_ns, 5);
  for (const double figure : {alone.ratio, alone.ratio_low, alone.ratio_high, alone.against_ratio})
    EXPECT_TRUE(std::isnan(figure));
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
