// A run that is interrupted, or whose time is up: it ends soon, with what is complete in whole rows.

#include <chrono>
#include <map>

#include "host_program_fixture.hpp"
#include "json_reader.hpp"

namespace daa::test {
namespace {

using namespace std::chrono_literals;

class InterruptedProgram : public HostProgram, public ::testing::WithParamInterface<int> {
 protected:
  /// Waits until the program has written so many rows. False if it ended before.
  bool wait_for_rows(ChildProcess& program, std::size_t count) const {
    while (program.is_running()) {
      if (static_cast<std::size_t>(std::ranges::count(written("daa-bench.csv"), '\n')) > count) return true;
      std::this_thread::sleep_for(2ms);
    }
    return false;
  }
};

TEST_P(InterruptedProgram, ExitsWith130AndLeavesWholeRowsOfWhatIsComplete) {
  std::string sizes = "1000";  // 200 cases, which take minutes
  for (int i = 1; i < 200; ++i) sizes += ',' + std::to_string(1000 + i);
  ChildProcess program = start(command({"--elements=" + sizes, "--allocator=preallocated,preallocated,arena",
                                        "--iters=2000", "--json=file.json"}));
  ASSERT_TRUE(wait_for_rows(program, 4));
  program.signal(GetParam());
  const Outcome outcome = program.wait(60s);
  EXPECT_EQ(outcome.exit_code, interrupted);
  EXPECT_TRUE(is_one_line(outcome.err));
  EXPECT_TRUE(contains(outcome.err, "interrupted"));

  const std::vector<CsvRecord> found = read_csv(written("daa-bench.csv"));
  EXPECT_GE(found.size(), 4u);
  EXPECT_LT(found.size(), 200u * 3u);
  std::map<std::string, std::size_t> rows_of_size;
  for (const CsvRecord& row : found) {
    EXPECT_EQ(row.at("status"), "ok");
    EXPECT_EQ(row.at("repetitions"), "2");
    EXPECT_EQ(row.at("samples"), "200");
    ++rows_of_size[row.at("elements")];
  }
  for (const auto& [elements, count] : rows_of_size) EXPECT_EQ(count, 3u) << elements;
  EXPECT_EQ(read_json(written("file.json"))["benchmarks"].array().size(), 2 * found.size());
}

INSTANTIATE_TEST_SUITE_P(Signals, InterruptedProgram, ::testing::Values(SIGINT, SIGTERM, SIGHUP),
                         [](const auto& test) {
                           return test.param == SIGINT    ? "SIGINT"
                                  : test.param == SIGTERM ? "SIGTERM"
                                                          : "SIGHUP";
                         });

/// Runs that have one repetition in progress for hours, after a case that is complete, where one can be.
const std::pair<std::string, Args> endless_runs[]{
    {"steady", {"--iters=1000000000"}},
    {"phase", {"--iters=1000000000", "--sync=phase"}},
    {"warmup", {"--warmup=1000000000"}},
    {"cold", {"--iters=1000000000", "--state=cold"}},
    {"graph", {"--iters=1000000000", "--graph"}},
    {"threads", {"--iters=1000000000", "--threads=2"}},
    {"streams", {"--iters=1000000000", "--streams=2"}},
    {"replay", {"--iters=1000000000", "--workload=replay", "--trace=sort_unique_topk"}}};

class EndlessRun : public HostProgram, public ::testing::WithParamInterface<std::pair<std::string, Args>> {
 protected:
  void expect_soon_over(ChildProcess& program, const std::string& reason) const {
    const Outcome outcome = program.wait(20s);  // far more than it may take, for slow machines
    EXPECT_EQ(outcome.exit_code, interrupted);
    EXPECT_TRUE(is_one_line(outcome.err));
    EXPECT_TRUE(contains(outcome.err, reason));
    EXPECT_TRUE(contains(outcome.err, "3 of 3 combinations are missing, from "));
    EXPECT_TRUE(read_csv(written("daa-bench.csv")).empty());
    EXPECT_EQ(read_json(written("file.json"))["benchmarks"].array().size(), 0u);
  }

  [[nodiscard]] static Command endless(Args more) {
    more.insert(more.end(), GetParam().second.begin(), GetParam().second.end());
    more.insert(more.end(), {"--allocator=preallocated,arena", "--json=file.json"});
    return command(more);
  }
};

TEST_P(EndlessRun, EndsWhenItsTimeIsUp) {
  ChildProcess program = start(endless({"--timeout=0.5"}));
  expect_soon_over(program, "--timeout=0.5: timed out");
}

TEST_P(EndlessRun, EndsWithCtrlC) {
  ChildProcess program = start(endless({}));
  while (program.is_running() && written("daa-bench.csv").empty()) std::this_thread::sleep_for(2ms);
  std::this_thread::sleep_for(300ms);
  program.signal(SIGINT);
  expect_soon_over(program, "interrupted");
}

INSTANTIATE_TEST_SUITE_P(Modes, EndlessRun, ::testing::ValuesIn(endless_runs),
                         [](const auto& test) { return test.param.first; });

TEST_F(HostProgram, ThatTimesOutSaysWhatIsMissing) {
  const Outcome outcome = run_host({"--timeout=0.001", "--csv=rows.csv", "--elements=1000,2000,3000"});
  EXPECT_EQ(outcome.exit_code, interrupted);
  EXPECT_TRUE(is_one_line(outcome.err));
  EXPECT_TRUE(contains(outcome.err, "--timeout=0.001"));
  EXPECT_TRUE(contains(outcome.err,
                       " of " + std::to_string(3 * row_count) + " combinations are missing, from scan/"));
  EXPECT_LT(read_csv(written("rows.csv")).size(), 3 * row_count);
}

TEST_F(HostProgram, ThatTimesOutIsNotComparedWithItsBaseline) {
  ASSERT_EQ(run_host({"--csv=base.csv", "--seed=1"}).exit_code, ok);
  const Outcome outcome =
      run_host({"--baseline=base.csv", "--seed=1", "--timeout=0.001", "--verdicts=verdicts.csv"});
  EXPECT_EQ(outcome.exit_code, interrupted);
  EXPECT_TRUE(contains(outcome.err, "nothing was compared"));
  EXPECT_FALSE(files().contains("verdicts.csv"));
}

}  // namespace
}  // namespace daa::test
