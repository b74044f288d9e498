// Quantiles, ratios and the overlap score, against values computed by hand.

#include "stats/quantile.hpp"

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

TEST(Quantile, OfNothingIsNaN) {
  EXPECT_TRUE(std::isnan(quantile({}, 0.5)));
}

TEST(Medians, AreThoseOfTheRepetitionsWithSamples) {
  EXPECT_EQ(medians({{4, 5, 90}, {}, {10, 20}}), (std::vector<double>{5, 15}));
}

TEST(PairedRatios, SkipRepetitionsThatOneSideLacks) {
  EXPECT_EQ(paired_ratios({{4}, {100}}, {{2}}), std::vector<double>{2});
  EXPECT_EQ(paired_ratios({{4}, {}, {6}}, {{2}, {1}, {3}}), (std::vector<double>{2, 2}));
  EXPECT_EQ(paired_ratios({{4}, {1}, {6}}, {{}, {1}, {3}}), (std::vector<double>{1, 2}));
}

TEST(OverlapScore, IsOneForTheLowerBoundAndZeroForOneStreamAfterTheOther) {
  const std::vector<double> serial{400, 400, 410};
  const Repetitions bound{{100}, {100}, {105}};
  EXPECT_DOUBLE_EQ(overlap_score(serial, bound, bound).value(), 1);
  EXPECT_DOUBLE_EQ(overlap_score(serial, bound, {{400}, {390}, {420}}).value(), 0);
  EXPECT_DOUBLE_EQ(overlap_score(serial, bound, {{250}}).value(), 0.5);
  EXPECT_DOUBLE_EQ(overlap_score(serial, bound, {{700}}).value(), -1) << "not clipped";
  EXPECT_GT(overlap_score(serial, bound, {{90}}).value(), 1);
}

TEST(OverlapScore, IsNothingWhereTheLowerBoundDoesNotOverlap) {
  EXPECT_EQ(overlap_score({400}, {{381}}, {{390}}), std::nullopt) << "less than 5 %";
  EXPECT_TRUE(overlap_score({400}, {{379}}, {{390}}));
  EXPECT_EQ(overlap_score({400}, {{300}, {250}, {370}}, {{390}}), std::nullopt)
      << "less than the range of its repetitions";
  EXPECT_EQ(overlap_score({400}, {{500}}, {{390}}), std::nullopt);
}

TEST(OverlapScore, IsNothingWhereSomethingWasNotMeasured) {
  EXPECT_EQ(overlap_score({}, {{100}}, {{100}}), std::nullopt);
  EXPECT_EQ(overlap_score({400}, {}, {{100}}), std::nullopt);
  EXPECT_EQ(overlap_score({400}, {{100}}, {}), std::nullopt);
}

}  // namespace
}  // namespace daa::bench
