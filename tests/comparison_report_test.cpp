// What is written of a comparison.

#include "compare/report.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "comparisons.hpp"
#include "text_match.hpp"

namespace daa::bench {
namespace {

TEST(ComparisonReport, NamesWhatMovedWithBothFiguresAndTheExitCode) {
  const std::vector<ResultRow> base =
      results({measured("arena", around(time_ns)), measured("same", around(1))});
  const std::vector<ResultRow> head =
      results({measured("arena", around(1.1 * time_ns)), measured("same", around(1))});
  const std::string text =
      format_comparison({"base.csv", base}, {"head.csv", head}, compare(base, head, defaults));
  EXPECT_TRUE(contains(text, "BASE  base.csv: 2 cases, of commit 0123456789ab-dirty\n"));
  EXPECT_TRUE(contains(text, "regression    scan 1048576 sync=phase arena  end_to_end "));
  EXPECT_TRUE(contains(text, "50.0us -> 55.0us +10.0 %, p="));
  EXPECT_TRUE(contains(text, "not_judged    scan 1048576 sync=phase arena  device "));
  EXPECT_FALSE(contains(text, "same"));
  EXPECT_TRUE(contains(text,
                       "\nregression (exit code 1): 2 regressions, 0 inconclusive, 0 improvements; "
                       "12 counters and 4 times of 2 cases compared\n"));
}

TEST(ComparisonReport, SaysThatTimesOfTheHostRuntimeWereNotJudged) {
  const std::vector<ResultRow> rows = results({measured("arena", {1})}, a_context("host"));
  EXPECT_TRUE(contains(format_comparison({"a", rows}, {"b", rows}, compare(rows, rows, defaults)),
                       "device=host: times are those of a simulator and were not judged"));
}

TEST(ComparisonReport, TheCsvHasEveryFigure) {
  Row row = measured("a,b", around(time_ns));
  row.mode.state = State::cold;
  row.mode.flush_l2 = true;
  const std::vector<ResultRow> rows = results({row});
  const Comparison comparison = compare(rows, rows, defaults);
  const std::string text = verdicts_csv(comparison);
  EXPECT_EQ(std::ranges::count(text, '\n'), 1 + static_cast<int>(comparison.findings.size()));
  EXPECT_TRUE(
      contains(text, "\r\nscan,1048576,phase,\"cold, flush_l2\",\"a,b\",end_to_end,unchanged,50000,50000,"));
}

}  // namespace
}  // namespace daa::bench
