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
    config.ignore_context = ignore_context;
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
  std::vector<Row> rows(7, measured("arena"));
  rows[1].configuration.mode = Mode::cold;
  rows[2].configuration.mode = Mode::graph;
  rows[3].configuration = {SyncMode::end, Mode::threads, 4, 4};
  rows[4].configuration = {SyncMode::end, Mode::streams, 1, 2};
  rows[5].allocs_per_phase = 16;
  rows[6] = replayed("arena");
  return rows;
}

TEST_F(Gate, ARunOfEveryKindPassesAgainstItself) {
  const std::vector<Row> rows = every_kind();
  EXPECT_EQ(run(rows, rows), 0);
  EXPECT_TRUE(contains(read("table.txt"), "HEAD  this run: 7 cases"));
  const std::vector<test::CsvRecord> verdicts = test::read_csv(read("verdicts.csv"));
  EXPECT_EQ(verdicts.size(), 7u * 7) << "counters alone: a run is one process";
  EXPECT_EQ(verdicts.back().at("kind"), "replay");
  EXPECT_EQ(verdicts.back().at("trace"), "gpt2_decode");
}

TEST_F(Gate, ARunIsJudgedAgainstItsBaseline) {
  const std::vector<Row> base = every_kind();
  std::vector<Row> slower = base, less(base.begin(), base.end() - 1), failed = base;
  slower[6] = replayed("arena", 1.1);
  EXPECT_EQ(run(base, slower), 0) << "one process says nothing about times";
  EXPECT_TRUE(contains(read("table.txt"), "times are not judged"));
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
  const Row row = measured("arena"), other = measured("other");
  Context context = run_context();
  context.driver = "590.1";
  EXPECT_TRUE(contains(refusal([&] {
                         static_cast<void>(sink({row, other}, {row}, context));
                       }),
                       "driver is 590.1"));
  EXPECT_NO_THROW(static_cast<void>(sink({row, other}, {row}, context, true)));
}

TEST_F(Gate, ABaselineWithoutAnyCaseOfTheRunIsRefused) {
  const std::vector<Row> base{measured("other")}, rows{measured("arena")};
  for (const bool ignore_context : {false, true})
    EXPECT_TRUE(contains(refusal([&] { static_cast<void>(sink(base, rows, run_context(), ignore_context)); }),
                         "base.csv"));
}

TEST_F(Gate, ABaselineThatCannotBeReadIsRefused) {
  RunConfig config;
  config.baseline_path = path("none.csv");
  const std::vector<Row> rows{measured("arena")};
  EXPECT_TRUE(contains(refusal([&] {
                         static_cast<void>(BaselineSink{config, run_context(), rows});
                       }),
                       "none.csv"));
}

TEST_F(Gate, TheCommandReturnsTheExitCode) {
  Row more = measured("arena");
  more.reserved_bytes += 1;
  CompareConfig config;
  config.base_path = write("a.csv", {measured("arena")});
  config.head_path = write("b.csv", {more});
  config.verdicts.path = path("verdicts.csv");
  testing::internal::CaptureStdout();
  EXPECT_EQ(run_comparison(config), 1);
  EXPECT_TRUE(contains(testing::internal::GetCapturedStdout(), "regression (exit code 1)"));
  EXPECT_TRUE(contains(read("verdicts.csv"), "reserved_bytes,regression,3000,3001"));
  std::swap(config.base_path, config.head_path);
  config.verdicts.path = "-";
  testing::internal::CaptureStdout();
  testing::internal::CaptureStderr();
  EXPECT_EQ(run_comparison(config), 0);
  EXPECT_EQ(test::read_csv(testing::internal::GetCapturedStdout()).size(), 7u);
  EXPECT_TRUE(contains(testing::internal::GetCapturedStderr(), "no regression (exit code 0)"));
}

TEST_F(Gate, TheCommandRefusesAnotherContextBeforeItWrites) {
  CompareConfig config;
  config.base_path = write("a.csv", {measured("arena")});
  config.head_path = write("b.csv", {measured("arena")}, run_context("host"));
  config.verdicts.path = path("verdicts.csv");
  EXPECT_TRUE(contains(refusal([&] { static_cast<void>(run_comparison(config)); }), "device_kind is host"));
  EXPECT_FALSE(std::filesystem::exists(config.verdicts.path));
}

TEST(Verdicts, ShowWhatMovedAndNothingElse) {
  Row more = measured("arena");
  more.reserved_bytes += 300;
  const std::vector<Result> base = results({measured("arena"), measured("same")}),
                            head = results({more, measured("same")});
  const std::string text = format_comparison({"base.csv", base}, {"head.csv", head},
                                             compare(base, head, default_gate), default_gate);
  EXPECT_TRUE(contains(text, "BASE  base.csv: 2 cases, of commit 0123456789ab\n"));
  EXPECT_TRUE(contains(text, "regression    scan 1048576 sync=end arena  reserved_bytes "));
  EXPECT_TRUE(contains(text, "3000B -> 3300B +10.0 %"));
  EXPECT_FALSE(contains(text, "same"));
  EXPECT_TRUE(contains(text, "1 regressions, 0 inconclusive, 0 improvements"));
}

TEST(Verdicts, SayThatTimesOfTheHostRuntimeAreNotJudged) {
  const std::vector<Result> rows = results({measured("arena")}, run_context("host"));
  EXPECT_TRUE(
      contains(format_comparison({"a", rows}, {"b", rows}, compare(rows, rows, default_gate), default_gate),
               "device=host: "));
}

TEST(Verdicts, TheCsvHasTheKeyColumnsAndEveryFinding) {
  Row row = measured("a,b");
  row.configuration.mode = Mode::cold;
  const Comparison comparison = compare_rows({row}, {row});
  const std::vector<test::CsvRecord> records = test::read_csv(verdicts_csv(comparison));
  ASSERT_EQ(records.size(), comparison.findings.size());
  const test::CsvRecord& last = records.at(records.size() - 2);
  EXPECT_EQ(last.size(), compared_columns().keys.size() + 8);
  EXPECT_EQ(last.at("allocator"), "a,b");
  EXPECT_EQ(last.at("state"), "cold");
  EXPECT_EQ(last.at("what"), "reserved_bytes");
  EXPECT_EQ(last.at("verdict"), "unchanged");
  EXPECT_EQ(last.at("base"), "3000");
  EXPECT_EQ(last.at("head"), "3000");
}

}  // namespace
}  // namespace daa::bench
