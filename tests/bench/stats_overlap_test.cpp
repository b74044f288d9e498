// Whether streams overlap as much as the lower bound's.

#include "stats/quantile.hpp"

#include <gtest/gtest.h>

namespace daa::bench {
namespace {

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
  EXPECT_EQ(overlap_score({400}, {{300}, {250}, {370}}, {{390}}), std::nullopt) << "less than its own spread";
  EXPECT_EQ(overlap_score({400}, {{500}}, {{390}}), std::nullopt);
}

TEST(OverlapScore, IsNothingWhereSomethingWasNotMeasured) {
  EXPECT_EQ(overlap_score({}, {{100}}, {{100}}), std::nullopt);
  EXPECT_EQ(overlap_score({400}, {}, {{100}}), std::nullopt);
  EXPECT_EQ(overlap_score({400}, {{100}}, {}), std::nullopt);
}

}  // namespace
}  // namespace daa::bench
