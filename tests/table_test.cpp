// The table that a person reads.

#include "report/table.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <sstream>
#include <vector>

#include "report/text.hpp"
#include "report_rows.hpp"
#include "text_match.hpp"

namespace daa::bench {
namespace {

constexpr double nan = ClockSummary::none;

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream stream{text};
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

void expect_narrow_ascii(const std::string& text) {
  for (const std::string& line : lines_of(text)) EXPECT_LE(line.size(), table_width) << line;
  EXPECT_TRUE(std::ranges::all_of(text, [](char c) { return c == '\n' || (c >= ' ' && c <= '~'); })) << text;
}

TEST(Text, DurationsHaveThreeDigitsInTheUnitThatFits) {
  EXPECT_EQ(format_duration(0), "0.00ns");
  EXPECT_EQ(format_duration(2.5), "2.50ns");
  EXPECT_EQ(format_duration(40), "40.0ns");
  EXPECT_EQ(format_duration(999.4), "999ns");
  EXPECT_EQ(format_duration(999.6), "1.00us");
  EXPECT_EQ(format_duration(9996), "10.0us");
  EXPECT_EQ(format_duration(25900), "25.9us");
  EXPECT_EQ(format_duration(1.18e6), "1.18ms");
  EXPECT_EQ(format_duration(1.234e10), "12.3s");
  EXPECT_EQ(format_duration(nan), "-");
}

TEST(Text, BytesAreInBinaryUnits) {
  EXPECT_EQ(format_bytes(0), "0B");
  EXPECT_EQ(format_bytes(1023), "1023B");
  EXPECT_EQ(format_bytes(1024), "1.00KiB");
  EXPECT_EQ(format_bytes(12582912), "12.0MiB");
  EXPECT_EQ(format_bytes(1024.0 * 1024 * 1024 - 1), "1.00GiB");
  EXPECT_EQ(format_bytes(0x1p64), "16.0EiB");
  EXPECT_EQ(format_bytes(nan), "-");
}

TEST(Text, CountsAreShort) {
  EXPECT_EQ(format_count(0), "0");
  EXPECT_EQ(format_count(16), "16");
  EXPECT_EQ(format_count(0.002), "0.002");
  EXPECT_EQ(format_count(123456), "123456");
}

TEST(Text, OneLineIsOneLineOfAscii) {
  EXPECT_EQ(one_line("a\nb\xc3\xa9\x1b"), "a\\nb\\xc3\\xa9\\x1b");
}

TEST(Text, WhatIsCutSaysSo) {
  EXPECT_EQ(shortened("abcdef", 6), "abcdef");
  EXPECT_EQ(shortened("abcdefg", 6), "abc...");
}

TEST(Table, ARowHasAllItsFigures) {
  const auto lines = lines_of(format_block({{a_row()}}));
  ASSERT_EQ(lines.size(), 5u);
  EXPECT_EQ(lines[0],
            "scan, 2^20 = 1048576 elements, sync=phase: 5 repetitions of 1000 phases after 20 to warm up");
  EXPECT_EQ(lines[1], "a phase asks for 2.5 allocations, 12.0MiB");
  for (const std::string part : {"arena", "2.51us", "3.12us", "1.01x", "25.9us", "31.2us", "1.02x", "1.18ms",
                                 "1.31ms", "12.3x", "12.0-12.8", "0.002", "16.0MiB"})
    EXPECT_TRUE(contains(lines[4], part));
}

TEST(Table, ColumnsStandUnderTheirNames) {
  Row long_named = a_row("cuda-malloc-async-tuned:2");
  long_named.end_to_end = {999.4e6, 999.4e6, 999.4e6, 999.4e6, 999.0, 998.0, 1000.0, 999.0, 998.0, 1000.0};
  long_named.calls.runtime = 123456;
  Row without_floor = a_row("preallocated");
  for (ClockSummary* clock : {&without_floor.host_enqueue, &without_floor.device, &without_floor.end_to_end})
    *clock = {.median_ns = clock->median_ns, .p99_ns = clock->p99_ns};
  const std::vector<Row> rows{a_row(), long_named, without_floor};
  const auto lines = lines_of(format_block(rows));
  ASSERT_EQ(lines.size(), 7u);
  for (std::size_t i = 3; i < lines.size(); ++i) EXPECT_EQ(lines[i].size(), lines[3].size()) << lines[i];
  EXPECT_EQ(lines[3].find("median") + 6, lines[4].find("2.51us") + 6);
}

TEST(Table, RatiosReferToWhatTheyAreAskedAgainst) {
  Row row = a_row();
  row.against = "cuda-malloc";
  row.end_to_end.against_ratio = 0.52;
  row.end_to_end.against_ratio_low = 0.51;
  row.end_to_end.against_ratio_high = 0.53;
  const auto lines = lines_of(format_block({{row}}));
  EXPECT_TRUE(contains(lines[0], ", ratios to cuda-malloc"));
  EXPECT_TRUE(contains(lines.back(), "0.52x 0.51-0.53"));
}

TEST(Table, TurnsOfDifferentNumberAreSaidInTheHeading) {
  Row more = a_row();
  more.repetitions = 12;
  EXPECT_TRUE(contains(format_block(std::vector<Row>{a_row(), more}), "5 to 12 repetitions"));
}

TEST(Table, WhatMustBeKnownOfAMeasuredRowIsSaidBelow) {
  Row row = a_row();
  row.message = "the device was throttled";
  const auto lines = lines_of(format_block({{row}}));
  ASSERT_EQ(lines.size(), 6u);
  EXPECT_TRUE(contains(lines[4], "1.18ms"));
  EXPECT_EQ(lines[5], "arena: the device was throttled");
}

TEST(Table, CallsThatWereNotCountedAreADash) {
  Row row = a_row();
  row.calls = {};
  EXPECT_TRUE(contains(lines_of(format_block({{row}})).back(), "12.0-12.8       -   16.0MiB"));
}

TEST(Table, RatiosAreBlankWhereTheFloorWasNotRun) {
  Row row = a_row();
  for (ClockSummary* clock : {&row.host_enqueue, &row.device, &row.end_to_end})
    *clock = {.median_ns = clock->median_ns, .p99_ns = clock->p99_ns};
  const std::string line = lines_of(format_block({{row}})).back();
  EXPECT_FALSE(contains(line, "x"));
  EXPECT_FALSE(contains(line, "nan"));
}

TEST(Table, ARowThatFailedSaysHowInPlaceOfItsFigures) {
  Row failed = a_row("cuda-malloc");
  failed.status = Status::out_of_memory;
  failed.message = "64.0MiB asked\nfor";
  const std::vector<Row> rows{a_row(), failed};
  const std::string line = lines_of(format_block(rows)).back();
  EXPECT_EQ(line, "cuda-malloc  out_of_memory: 64.0MiB asked\\nfor");
}

TEST(Table, ABlockInWhichAllFailedStillHasItsHeading) {
  Row failed = a_row();
  failed.status = Status::failed;
  failed.host_enqueue = failed.device = failed.end_to_end = {};
  EXPECT_TRUE(contains(format_block({{failed}}), "scan, 2^20"));
}

TEST(Table, NothingIsWiderThanTheTableOrOutsideAscii) {
  Row wide = a_row("cuda-malloc-async-tuned:2");
  wide.elements = 18446744073709551615u;
  wide.iters = 1'000'000'000;
  wide.bytes_reserved = std::size_t{1023} << 30;
  Row failed = wide;
  failed.status = Status::wrong_result;
  failed.message = std::string(1000, 'm') + "\xc3\xa9";
  const std::vector<Row> rows{wide, failed};
  expect_narrow_ascii(format_block(rows));
  Context context = a_context("host");
  context.device = std::string(200, 'd');
  expect_narrow_ascii(format_preamble(context));
}

TEST(Table, TheHeadingSaysHowItWasRun) {
  Row row = a_row();
  row.mode = a_mode();
  row.iters = row.warmup = 1;
  EXPECT_EQ(lines_of(format_block({{row}})).front(),
            "scan, 2^20 = 1048576 elements in 64, sync=phase, state=cold, graph, 2 threads on 3 streams, L2 "
            "flushed, profiler=nsys...");
}

TEST(Table, WhatOnlySomeWaysFindOutStandsBelowTheFigures) {
  Row floor = a_row("preallocated"), failed = a_row("cuda-malloc"), arena = a_row();
  failed.status = Status::failed;
  arena.found = all_findings();
  arena.found.graph_memory_nodes.reset();
  const std::vector<Row> rows{floor, failed, arena};
  const auto lines = lines_of(format_block(rows));
  ASSERT_EQ(lines.size(), 4u + 3u + 3u);
  for (const std::string name : {"an allocation", "slowest thread", "serial", "overlap"})
    EXPECT_TRUE(contains(lines[7], name));
  EXPECT_FALSE(contains(lines[7], "memory nodes")) << "no row has any";
  EXPECT_TRUE(lines[8].starts_with("preallocated "));
  EXPECT_EQ(lines[8].size(), lines[9].size());
  for (const std::string figure : {"arena", "12.5ns", "14.2ns", "56.0us", "0.75"})
    EXPECT_TRUE(contains(lines[9], figure));
}

TEST(Table, BreakEvenPointsStandBelowTheSweep) {
  Row floor = a_row("preallocated"), none = a_row("cuda-malloc"), some = a_row(), unknown = a_row("odd");
  for (Row* row : {&floor, &none, &some, &unknown}) row->mode.allocs_per_phase = 1024;
  floor.found.break_even_allocs = 1024;
  none.found.break_even_allocs = 0;
  some.found.break_even_allocs = 256;
  const auto lines = lines_of(format_break_even(std::vector<Row>{floor, none, some, unknown}));
  ASSERT_EQ(lines.size(), 2u);
  EXPECT_TRUE(contains(lines[0], "at most 1 %"));
  EXPECT_EQ(lines[1], "preallocated 1024 and up, cuda-malloc 0, arena 256");
  EXPECT_EQ(format_break_even(std::vector<Row>{unknown}), "");

  const std::vector<Row> many(20, some);
  expect_narrow_ascii(format_break_even(many));
  EXPECT_GT(lines_of(format_break_even(many)).size(), 2u);
}

TEST(Table, TheHostRuntimeIsSaidToBeASimulator) {
  EXPECT_TRUE(contains(format_preamble(a_context("host")), "simulator"));
  EXPECT_FALSE(contains(format_preamble(a_context("cuda")), "simulator"));
}

}  // namespace
}  // namespace daa::bench
