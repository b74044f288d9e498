// The gate as a command and at the end of a run: what is refused, printed and written.

#include "compare/gate.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>

#include "compare/verdicts.hpp"
#include "compare_rows.hpp"
#include "csv_reader.hpp"
#include "temporary_folder.hpp"
#include "text_match.hpp"

namespace daa::bench {
namespace {

class Gate : public testing::Test {
 protected:
  [[nodiscard]] std::string path(const std::string& name) const { return temporary_.path() / name; }

  std::string write(const std::string& name, const std::vector<Row>& rows,
                    const Context& context = run_context()) const {
    std::ofstream{path(name), std::ios::binary} << csv_of(rows, context);
    return path(name);
  }

  [[nodiscard]] std::string read(const std::string& name) const {
    std::ifstream file{path(name), std::ios::binary};
    return {std::istreambuf_iterator<char>{file}, {}};
  }

  /// A sink for a run of `rows`, whose baseline is `base`.
  [[nodiscard]] BaselineSink sink(const std::vector<Row>& base, const std::vector<Row>& rows,
                                  const Context& context = run_context(), bool ignore_context = false) const {
    RunConfig config;
    config.baseline_path = write("base.csv", base);
    config.verdicts.path = path("verdicts.csv");
    config.gate.ignore_context = ignore_context;
    std::vector<Row> to_come;
    std::ranges::transform(rows, std::back_inserter(to_come), without_figures);
    return {config, context, to_come};
  }

  /// The exit code of a whole run of `rows` against the baseline `base`. The table is in table.txt.
  [[nodiscard]] int run(const std::vector<Row>& base, const std::vector<Row>& rows) const {
    BaselineSink baseline = sink(base, rows);
    for (const Row& row : rows) baseline.write({&row, 1});
    baseline.finish();
    const std::unique_ptr<std::FILE, int (*)(std::FILE*)> table{std::fopen(path("table.txt").c_str(), "w"),
                                                                &std::fclose};
    return baseline.compare(table.get());
  }

  test::TemporaryFolder temporary_;
};

/// A case of each kind, replays included.
std::vector<Row> every_kind() {
  std::vector<Row> rows(7, measured("arena", around(time_ns)));
  rows[1].configuration.mode = Mode::cold;
  rows[2].configuration.mode = Mode::graph;
  rows[3].configuration = {SyncMode::end, Mode::threads, 4, 4};
  rows[4].configuration = {SyncMode::end, Mode::streams, 1, 2};
  rows[5].allocs_per_phase = 16;
  rows[6] = replayed("arena", around(time_ns));
  return rows;
}

TEST_F(Gate, ARunOfEveryKindPassesAgainstItself) {
  const std::vector<Row> rows = every_kind();
  EXPECT_EQ(run(rows, rows), 0);
  EXPECT_TRUE(contains(read("table.txt"), "HEAD  this run: 7 cases"));
  const std::vector<test::CsvRecord> verdicts = test::read_csv(read("verdicts.csv"));
  EXPECT_EQ(verdicts.size(), 7u * (7 + 3) - 1) << "counters and clocks; a replay has no device time";
  EXPECT_EQ(verdicts.back().at("kind"), "replay");
  EXPECT_EQ(verdicts.back().at("trace"), "gpt2_decode");
}

TEST_F(Gate, ARunIsJudgedAgainstItsBaseline) {
  const std::vector<Row> base = every_kind();
  std::vector<Row> slower = base, less(base.begin(), base.end() - 1), failed = base;
  slower[6] = replayed("arena", around(1.1 * time_ns));
  EXPECT_EQ(run(base, slower), 1);
  EXPECT_EQ(run(base, less), 1) << "a case is lost";
  EXPECT_EQ(run(less, base), 0) << "a case is added";
  failed[3] = without_figures(failed[3]);
  failed[3].status = Status::failed;
  EXPECT_EQ(run(base, failed), 1);
}

TEST_F(Gate, ABaselineWithAnotherSettingIsRefusedBeforeTheRun) {
  for (const Row& row : every_kind()) {
    Row other = row;
    other.seed = 43;
    EXPECT_TRUE(
        contains(refusal([&] { static_cast<void>(sink({other}, {row})); }), "seed is 42 in this run"));
    EXPECT_NO_THROW(static_cast<void>(sink({other}, {row}, run_context(), true)));
  }
}

TEST_F(Gate, ABaselineOfAnotherContextIsRefusedBeforeTheRun) {
  const Row row = measured("arena", {1}), other = measured("other", {1});
  Context context = run_context();
  context.driver = "590.1";
  EXPECT_TRUE(contains(refusal([&] {
                         static_cast<void>(sink({row, other}, {row}, context));
                       }),
                       "driver is 590.1"));
  EXPECT_NO_THROW(static_cast<void>(sink({row, other}, {row}, context, true)));
}

TEST_F(Gate, ABaselineWithoutAnyCaseOfTheRunIsRefused) {
  const std::vector<Row> base{measured("other", {1})}, rows{measured("arena", {1})};
  for (const bool ignore_context : {false, true})
    EXPECT_TRUE(contains(refusal([&] { static_cast<void>(sink(base, rows, run_context(), ignore_context)); }),
                         "base.csv"));
}

TEST_F(Gate, ABaselineThatCannotBeReadIsRefused) {
  RunConfig config;
  config.baseline_path = path("none.csv");
  const std::vector<Row> rows{measured("arena", {1})};
  EXPECT_TRUE(contains(refusal([&] {
                         static_cast<void>(BaselineSink{config, run_context(), rows});
                       }),
                       "none.csv"));
}

TEST_F(Gate, TheCommandReturnsTheExitCode) {
  CompareConfig config;
  config.base_path = write("a.csv", {measured("arena", around(time_ns))});
  config.head_path = write("b.csv", {measured("arena", around(1.1 * time_ns))});
  config.verdicts.path = path("verdicts.csv");
  testing::internal::CaptureStdout();
  EXPECT_EQ(run_comparison(config), 1);
  EXPECT_TRUE(contains(testing::internal::GetCapturedStdout(), "regression (exit code 1)"));
  EXPECT_TRUE(contains(read("verdicts.csv"), "end_to_end,regression,50000,55000"));
  std::swap(config.base_path, config.head_path);
  config.verdicts.path = "-";
  testing::internal::CaptureStdout();
  testing::internal::CaptureStderr();
  EXPECT_EQ(run_comparison(config), 0);
  EXPECT_EQ(test::read_csv(testing::internal::GetCapturedStdout()).size(), 10u);
  EXPECT_TRUE(contains(testing::internal::GetCapturedStderr(), "no regression (exit code 0)"));
}

TEST_F(Gate, TheCommandRefusesAnotherContextBeforeItWrites) {
  CompareConfig config;
  config.base_path = write("a.csv", {measured("arena", {1})});
  config.head_path = write("b.csv", {measured("arena", {1})}, run_context("host"));
  config.verdicts.path = path("verdicts.csv");
  EXPECT_TRUE(contains(refusal([&] { static_cast<void>(run_comparison(config)); }), "device_kind is host"));
  EXPECT_FALSE(std::filesystem::exists(config.verdicts.path));
}

TEST(Verdicts, ShowWhatMovedAndTheOtherTimesOfItsCase) {
  const std::vector<Result> base = results({measured("arena", around(time_ns)), measured("same", around(1))});
  const std::vector<Result> head =
      results({measured("arena", around(1.1 * time_ns)), measured("same", around(1))});
  const std::string text =
      format_comparison({"base.csv", base}, {"head.csv", head}, compare(base, head, default_gate));
  EXPECT_TRUE(contains(text, "BASE  base.csv: 2 cases, of commit 0123456789ab\n"));
  EXPECT_TRUE(contains(text, "regression    scan 1048576 sync=end arena  end_to_end "));
  EXPECT_TRUE(contains(text, "50.0us -> 55.0us +10.0 %, p="));
  EXPECT_TRUE(contains(text, "not_judged    scan 1048576 sync=end arena  device "));
  EXPECT_FALSE(contains(text, "same"));
  EXPECT_TRUE(contains(text, "2 regressions, 0 inconclusive, 0 improvements"));
}

TEST(Verdicts, SayThatTimesOfTheHostRuntimeAreNotJudged) {
  const std::vector<Result> rows = results({measured("arena", {1})}, run_context("host"));
  EXPECT_TRUE(contains(format_comparison({"a", rows}, {"b", rows}, compare(rows, rows, default_gate)),
                       "device=host: "));
}

TEST(Verdicts, TheCsvHasTheKeyColumnsAndEveryFinding) {
  Row row = measured("a,b", around(time_ns));
  row.configuration.mode = Mode::cold;
  const Comparison comparison = compare_rows({row}, {row});
  const std::vector<test::CsvRecord> records = test::read_csv(verdicts_csv(comparison));
  ASSERT_EQ(records.size(), comparison.findings.size());
  const test::CsvRecord& last = records.back();
  EXPECT_EQ(last.size(), compared_columns().keys.size() + 6);
  EXPECT_EQ(last.at("allocator"), "a,b");
  EXPECT_EQ(last.at("state"), "cold");
  EXPECT_EQ(last.at("what"), "end_to_end");
  EXPECT_EQ(last.at("verdict"), "unchanged");
  EXPECT_EQ(last.at("base"), "50000");
  EXPECT_EQ(last.at("head"), "50000");
  EXPECT_FALSE(last.at("p").empty());
}

}  // namespace
}  // namespace daa::bench
