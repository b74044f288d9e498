// The table of a replay.

#include <gtest/gtest.h>

#include <algorithm>
#include <sstream>
#include <vector>

#include "report/table.hpp"
#include "report_rows.hpp"
#include "text_match.hpp"

namespace daa::bench {
namespace {

Row a_replay(std::string allocator = "arena-recycle") {
  Row row = a_row(std::move(allocator));
  row.workload = "replay";
  row.elements = 0;
  row.iters = 30;
  row.warmup = 6;
  row.mode.threads = 2;
  row.mode.streams = 3;
  row.replay = replay_figures();
  return row;
}

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream stream{text};
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

TEST(ReplayTable, ARowHasAllItsFigures) {
  const auto lines = lines_of(format_block({{a_replay()}}));
  ASSERT_EQ(lines.size(), 5u);
  EXPECT_EQ(lines[0], "replay of gpt2_decode, sync=phase: 5 repetitions of 30 phases after 6 to warm up");
  EXPECT_EQ(
      lines[1],
      "a pass is 15444 operations in 2 threads and 3 streams, 8.00MiB live at most; 4 lines that take no "
      "memory left out");
  for (const std::string part :
       {"arena-recycle", "42.5ns", "51.0ns", "2.50x", "2.25-2.75", "10.0MiB", "1.25x", "12.0MiB", "1.50x"})
    EXPECT_TRUE(contains(lines[4], part));
}

TEST(ReplayTable, RatiosAreToWhatIsNamedInTheHeading) {
  Row row = a_replay();
  row.against = "arena";
  EXPECT_TRUE(lines_of(format_block({{row}})).front().ends_with("6 to warm up, ratios to arena"));
}

TEST(ReplayTable, TheMinimumStandsThereOnlyIfAskedForAndSaysWhenThereIsNone) {
  Row row = a_replay();
  row.replay->min_fit_bytes = 0;
  EXPECT_TRUE(contains(format_block({{row}}), "none"));
  row.replay->has_min_fit = false;
  EXPECT_FALSE(contains(format_block({{row}}), "min fit"));
  EXPECT_FALSE(contains(format_block({{row}}), "none"));
}

TEST(ReplayTable, ColumnsStandUnderTheirNamesWithinTheTablesWidth) {
  Row without_floor = a_replay("cuda-malloc-async-tuned:2");
  ClockSummary& operation = without_floor.replay->operation;
  operation.against_ratio = operation.against_ratio_low = operation.against_ratio_high = ClockSummary::none;
  const std::vector<Row> rows{a_replay(), without_floor};
  const auto lines = lines_of(format_block(rows));
  for (const std::string& line : lines) EXPECT_LE(line.size(), table_width);
  ASSERT_EQ(lines.size(), 6u);
  for (std::size_t i = 3; i < lines.size(); ++i) EXPECT_EQ(lines[i].size(), lines[3].size()) << lines[i];
}

TEST(ReplayTable, ARowThatFailedSaysHowInPlaceOfItsFigures) {
  Row failed = a_replay();
  failed.status = Status::wrong_result;
  failed.message = "allocation 3 was overwritten";
  EXPECT_EQ(lines_of(format_block({{failed}})).back(),
            "arena-recycle  wrong_result: allocation 3 was overwritten");
}

}  // namespace
}  // namespace daa::bench
