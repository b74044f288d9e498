// Command lines that ask for help, lists or the version.

#include <sstream>

#include "options_fixture.hpp"

namespace daa::bench {
namespace {

TEST_F(OptionsTest, HelpTellsOfEveryFlagAndItsDefault) {
  const Outcome outcome = run({"--help"});
  EXPECT_FALSE(outcome.options);
  EXPECT_EQ(outcome.exit_code, 0);
  EXPECT_EQ(outcome.err, "");
  for (const Flag& flag : flags()) {
    EXPECT_TRUE(contains(outcome.out, "--" + std::string{flag.name}));
    EXPECT_TRUE(contains(outcome.out, std::string{flag.default_value}));
  }
  EXPECT_TRUE(contains(outcome.out, "Exit codes"));
  std::istringstream lines{outcome.out};
  for (std::string line; std::getline(lines, line);) EXPECT_LE(line.size(), 86u) << line;
}

TEST_F(OptionsTest, ListNamesEveryWorkloadAndAllocatorWithItsSummary) {
  const Outcome outcome = run({"--list"});
  EXPECT_FALSE(outcome.options);
  EXPECT_EQ(outcome.exit_code, 0);
  for (const WorkloadInfo& row : workloads()) EXPECT_TRUE(contains(outcome.out, std::string{row.summary}));
  for (const WorkloadInfo& row : synthetic_workloads())
    EXPECT_TRUE(contains(outcome.out, std::string{row.summary}));
  for (const AllocatorInfo& row : allocators()) EXPECT_TRUE(contains(outcome.out, std::string{row.summary}));
}

TEST_F(OptionsTest, ListNamesTheAllocatorsThatAreNotBuiltInWithTheReason) {
  const std::string list = run({"--list"}).out;
  ASSERT_FALSE(absent_allocators().empty());
  const std::string absent = list.substr(list.find("Allocators that are not built in:"));
  for (const AllocatorInfo& row : absent_allocators()) {
    EXPECT_TRUE(contains(absent, "\n  " + std::string{row.name} + ' '));
    EXPECT_TRUE(contains(absent, ' ' + std::string{row.absence} + '\n'));
  }
}

TEST_F(OptionsTest, OnTheHostRuntimeTheAllocatorsOfOthersNeedAGpu) {
  std::vector<std::string_view> absent;
  for (const AllocatorInfo& row : absent_allocators()) {
    absent.push_back(row.name);
    EXPECT_TRUE(row.absence.starts_with("needs a GPU")) << row.name;
  }
  EXPECT_EQ(absent, (std::vector<std::string_view>{"cub-caching", "thrust-pool", "rmm-pool", "rmm-async",
                                                   "rmm-arena", "torch-caching"}));
}

TEST_F(OptionsTest, VersionIsOneLine) {
  const Outcome outcome = run({"--version"});
  EXPECT_EQ(outcome.exit_code, 0);
  EXPECT_TRUE(matches(outcome.out, "daa-bench [0-9.]+ \\([0-9a-z-]+\\)\n"));
}

TEST_F(OptionsTest, QuestionsAreAnsweredWhateverElseIsWrong) {
  EXPECT_EQ(run({"--help", "--iters=0"}).exit_code, 0);
  EXPECT_EQ(run({"--list", "--iters=0"}).exit_code, 0);
  EXPECT_EQ(run({"--version"}, {{"DAA_BENCH_ITERS", "0"}}).exit_code, 0);
  EXPECT_EQ(run({"--help"}, {{"DAA_BENCH_ITER", "5"}}).exit_code, 0);
}

}  // namespace
}  // namespace daa::bench
