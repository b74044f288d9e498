// What a row is made of, and when a case has been measured often enough.

#include "measure/series.hpp"

#include <gtest/gtest.h>

#include <cmath>

namespace daa::bench {
namespace {

// Trials of three samples, whose medians lie around `ns` within `noise` of it, now above and now below.
Series series_of(std::string label, double ns, double noise, std::size_t trials) {
  Series series;
  series.label = std::move(label);
  for (std::size_t i = 0; i < trials; ++i) {
    const double median = ns * (1 + noise * std::cos(static_cast<double>(i)));
    TrialSamples& trial = series.trials.emplace_back();
    trial.end_to_end = trial.host_enqueue = trial.device = {median, median / 2, median * 2};
    trial.clock = {1000, false};
  }
  return series;
}

TEST(Noise, IsReachedOnceEveryRatioIsQuiet) {
  const Series bound = series_of("preallocated", 100, 0, 9), quiet = series_of("arena", 102, 0.005, 9),
               noisy = series_of("cuda-malloc", 300, 0.2, 9);
  EXPECT_TRUE(is_precise({bound, quiet}, "preallocated", 0.01));
  EXPECT_FALSE(is_precise({bound, quiet}, "preallocated", 0.001));
  EXPECT_FALSE(is_precise({bound, quiet, noisy}, "preallocated", 0.01));
  EXPECT_TRUE(is_precise({bound, quiet, noisy}, "preallocated", 0.5));
}

TEST(Noise, IsDescribedForThoseThatAreNoisy) {
  const Series bound = series_of("preallocated", 100, 0, 9), quiet = series_of("arena", 102, 0.005, 9),
               noisy = series_of("cuda-malloc", 300, 0.2, 9), few = series_of("cub-caching", 100, 0, 8);
  EXPECT_EQ(describe_noise({bound, quiet}, "preallocated", 0.01), "");
  const std::string told = describe_noise({bound, quiet, noisy, few}, "preallocated", 0.01);
  EXPECT_EQ(told.find("cuda-malloc "), 0u) << told;
  EXPECT_NE(told.find("cub-caching"), std::string::npos) << told;
  EXPECT_EQ(told.find("arena"), std::string::npos) << told;
}

TEST(Noise, TakesNineRepetitionsHoweverQuiet) {
  const Series bound = series_of("preallocated", 100, 0, 20);
  EXPECT_FALSE(is_precise({bound, series_of("arena", 100, 0, 8)}, "preallocated", 0.01));
  EXPECT_TRUE(is_precise({bound, series_of("arena", 100, 0, 9)}, "preallocated", 0.01));
  EXPECT_FALSE(is_precise({series_of("preallocated", 100, 0, 8)}, "preallocated", 0.01));
  EXPECT_FALSE(is_precise({}, "preallocated", 0.01));
}

TEST(Noise, DoesNotCountThrottledTrials) {
  const Series bound = series_of("preallocated", 100, 0, 10);
  Series arena = series_of("arena", 100, 0, 10);
  EXPECT_TRUE(is_precise({bound, arena}, "preallocated", 0.01));
  arena.trials[3].clock = {500, false};
  arena.trials[4].clock = {1000, true};
  EXPECT_FALSE(is_precise({bound, arena}, "preallocated", 0.01)) << "eight pairs are left";
}

TEST(Noise, IsThatOfTheRatioAskedFor) {
  const Series bound = series_of("preallocated", 100, 0.3, 9), arena = series_of("arena", 100, 0, 9),
               raw = series_of("cuda-malloc", 300, 0, 9);
  EXPECT_FALSE(is_precise({arena, raw, bound}, "arena", 0.01))
      << "the lower bound's ratio to arena is noisy, too";
  EXPECT_TRUE(is_precise({arena, raw}, "arena", 0.01));
}

TEST(Noise, LeavesOutWhatHasFailedButForTheReference) {
  const Series bound = series_of("preallocated", 100, 0, 9);
  Series failed = series_of("arena", 100, 0, 2);
  failed.status = Status::out_of_memory;
  EXPECT_TRUE(is_precise({bound, failed}, "preallocated", 0.01));
  EXPECT_FALSE(is_precise({bound, failed}, "arena", 0.01));
  EXPECT_FALSE(is_precise({bound, failed}, "cuda-malloc", 0.01)) << "which is not there";
}

TEST(SeriesTest, AreLabelledByNameAndNumber) {
  const AllocatorInfo a{"a", "", nullptr}, b{"b", "", nullptr};
  std::vector<std::string> labels;
  for (const Series& series : make_series({&a, &b, &a, &a, &b})) labels.push_back(series.label);
  EXPECT_EQ(labels, (std::vector<std::string>{"a", "b", "a:2", "a:3", "b:2"}));
}

TEST(SeriesTest, FillARowWithRepetitionsRatiosAndWhatWasRecorded) {
  std::vector<Series> group{series_of("preallocated", 100, 0, 9), series_of("arena", 102, 0, 9)};
  group[1].trials[2].clock = {500, false};
  group[1].recording.phases = 4;
  group[1].recording.reserved_bytes = 1000;
  group[1].recording.peak_live_bytes = 900;
  group[1].recording.pool_mapped_bytes = 2000;
  CallCounts& calls = group[1].recording.calls.emplace();
  calls.runtime = 6;
  calls.add_by_kind("cudaMalloc", 4);
  calls.add_by_kind("cudaFree", 2);
  Row row;
  fill(row, group[1], group, "arena");
  EXPECT_EQ(row.repetitions, 9u);
  EXPECT_EQ(row.samples, 8u * 3);
  EXPECT_EQ(row.throttled_samples, 3u);
  EXPECT_DOUBLE_EQ(row.end_to_end.ratio, 1.02);
  EXPECT_EQ(row.end_to_end.against_ratio, 1);
  EXPECT_EQ(row.calls.runtime, 1.5);
  EXPECT_EQ(row.calls.allocate, 1);
  EXPECT_EQ(row.calls.free, 0.5);
  EXPECT_EQ(row.calls.synchronisations, 0.5);
  EXPECT_TRUE(std::isnan(row.calls.driver)) << "there is none";
  EXPECT_EQ(row.reserved_bytes, 1000u);
  EXPECT_EQ(row.wasted_bytes, 100u);
  EXPECT_EQ(row.pool_mapped_bytes, 2000u);
}

TrialFindings memory(std::size_t reserved, std::size_t mapped) {
  TrialFindings findings;
  findings.reserved_bytes = reserved;
  findings.pool_mapped_bytes = mapped;
  return findings;
}

TEST(SeriesTest, OfAReplayTakeMemoryFromTheChecks) {
  Series series = series_of("arena", 100, 0, 3);
  series.note(memory(700, 0));
  series.note(memory(600, 0));
  Row row;
  row.replay.emplace().peak_live_bytes = 500;
  fill(row, series, {series}, "arena");
  EXPECT_EQ(row.reserved_bytes, 700u);
  EXPECT_EQ(row.wasted_bytes, 200u);
  EXPECT_EQ(row.replay->held_bytes, 700u);
  series.note(memory(0, 4096));
  fill(row, series, {series}, "arena");
  EXPECT_EQ(row.replay->held_bytes, 4096u) << "what the pool has mapped is what the device has given";
}

}  // namespace
}  // namespace daa::bench
