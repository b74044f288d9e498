// When a group has been measured often enough.

#include "driver/precision.hpp"

#include <gtest/gtest.h>

#include <cmath>

namespace daa::bench {
namespace {

// Repetitions of three samples, whose medians lie around `ns` within `noise` of it, now above and now below.
Series series_of(std::string label, double ns, double noise, std::size_t repetitions) {
  Series series;
  series.label = std::move(label);
  for (std::size_t i = 0; i < repetitions; ++i) {
    const double median = ns * (1 + noise * std::cos(static_cast<double>(i)));
    series.end_to_end.push_back({median, median / 2, median * 2});
    series.clocks.push_back({1000, false});
  }
  find_throttled(series, 950);
  return series;
}

TEST(Precision, IsReachedOnceEveryRatioIsQuiet) {
  const Series floor = series_of("preallocated", 100, 0, 9), quiet = series_of("arena", 102, 0.005, 9),
               noisy = series_of("cuda-malloc", 300, 0.2, 9);
  EXPECT_TRUE(is_precise({floor, quiet}, "preallocated", 0.01));
  EXPECT_FALSE(is_precise({floor, quiet}, "preallocated", 0.001));
  EXPECT_FALSE(is_precise({floor, quiet, noisy}, "preallocated", 0.01));
  EXPECT_TRUE(is_precise({floor, quiet, noisy}, "preallocated", 0.5));
}

TEST(Precision, WhoIsNoisyIsTold) {
  const Series floor = series_of("preallocated", 100, 0, 9), quiet = series_of("arena", 102, 0.005, 9),
               noisy = series_of("cuda-malloc", 300, 0.2, 9), few = series_of("cub-caching", 100, 0, 8);
  EXPECT_EQ(describe_noise({floor, quiet}, "preallocated", 0.01), "");
  const std::string told = describe_noise({floor, quiet, noisy, few}, "preallocated", 0.01);
  EXPECT_EQ(told.find("cuda-malloc "), 0u) << told;
  EXPECT_NE(told.find(" % of 9 repetitions, cub-caching has 8 repetitions, of 9 needed"), std::string::npos)
      << told;
}

TEST(Precision, TakesNineRepetitionsHoweverQuiet) {
  const Series floor = series_of("preallocated", 100, 0, 20);
  EXPECT_FALSE(is_precise({floor, series_of("arena", 100, 0, 8)}, "preallocated", 0.01));
  EXPECT_TRUE(is_precise({floor, series_of("arena", 100, 0, 9)}, "preallocated", 0.01));
  EXPECT_FALSE(is_precise({series_of("preallocated", 100, 0, 8)}, "preallocated", 0.01));
  EXPECT_FALSE(is_precise({}, "preallocated", 0.01));
}

TEST(Precision, DoesNotCountThrottledTurns) {
  const Series floor = series_of("preallocated", 100, 0, 10);
  Series arena = series_of("arena", 100, 0, 10);
  EXPECT_TRUE(is_precise({floor, arena}, "preallocated", 0.01));
  arena.throttled[3] = arena.throttled[4] = true;
  EXPECT_FALSE(is_precise({floor, arena}, "preallocated", 0.01)) << "eight pairs are left";
}

TEST(Precision, IsThatOfTheRatioAskedFor) {
  const Series floor = series_of("preallocated", 100, 0.3, 9), arena = series_of("arena", 100, 0, 9),
               raw = series_of("cuda-malloc", 300, 0, 9);
  EXPECT_FALSE(is_precise({arena, raw, floor}, "arena", 0.01)) << "the floor's ratio to arena is noisy, too";
  EXPECT_TRUE(is_precise({arena, raw}, "arena", 0.01));
}

TEST(Precision, LeavesOutWhatHasFailedButForTheReference) {
  const Series floor = series_of("preallocated", 100, 0, 9);
  Series failed = series_of("arena", 100, 0, 2);
  failed.status = Status::out_of_memory;
  EXPECT_TRUE(is_precise({floor, failed}, "preallocated", 0.01));
  EXPECT_FALSE(is_precise({floor, failed}, "arena", 0.01));
  EXPECT_FALSE(is_precise({floor, failed}, "cuda-malloc", 0.01)) << "which is not there";
}

}  // namespace
}  // namespace daa::bench
