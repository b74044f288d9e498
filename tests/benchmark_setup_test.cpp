// Which of Google Benchmark's flags are refused, and how.

#include "driver/benchmark_setup.hpp"

#include <gtest/gtest.h>

namespace daa::bench {
namespace {

// What is said of `args`, and nothing else on either stream.
std::string said_of(const std::vector<std::string>& args) {
  testing::internal::CaptureStdout();
  testing::internal::CaptureStderr();
  const auto refused = set_up_benchmark(args);
  EXPECT_EQ(testing::internal::GetCapturedStdout(), "");
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "");
  return refused.value_or("");
}

TEST(BenchmarkSetup, TakesGoogleBenchmarksFlags) {
  EXPECT_EQ(said_of({}), "");
  EXPECT_EQ(said_of({"--benchmark_context=room=lab3", "--v=0", "--benchmark_report_aggregates_only=true"}),
            "");
}

TEST(BenchmarkSetup, RefusesWhatGoogleBenchmarkDoesNotKnow) {
  EXPECT_EQ(said_of({"--v=0", "--benchmark_bogus=1"}), "-- --benchmark_bogus=1: unknown to Google Benchmark");
}

TEST(BenchmarkSetup, RefusesValuesThatGoogleBenchmarkCannotReadInOneLine) {
  for (const std::string arg :
       {"--v=much", "--benchmark_context=room", "--benchmark_color=", "--benchmark_time_unit=fortnight"}) {
    const std::string said = said_of({arg});
    EXPECT_TRUE(said.starts_with("-- " + arg + ": ")) << said;
    EXPECT_EQ(said.find('\n'), said.npos) << said;
  }
}

TEST(BenchmarkSetup, PassesOnWhatGoogleBenchmarkSaysOfAValue) {
  EXPECT_NE(said_of({"--v=much"}).find("integer"), std::string::npos);
}

TEST(BenchmarkSetup, AWrongFlagDoesNotSpoilTheNextSetup) {
  EXPECT_NE(said_of({"--benchmark_color="}), "");
  EXPECT_EQ(said_of({}), "");
}

}  // namespace
}  // namespace daa::bench
