// The table that a person reads.

#include "report/table.hpp"

#include <gtest/gtest.h>
#include <pty.h>
#include <stdlib.h>
#include <unistd.h>

#include <algorithm>
#include <sstream>
#include <vector>

#include "report_rows.hpp"
#include "text.hpp"
#include "text_match.hpp"

namespace daa::bench {
namespace {

using Lines = std::vector<std::string>;

Lines lines_of(const std::string& text) {
  Lines lines;
  std::istringstream stream{text};
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

/// The lines of a table: two of heading, one of column names, and those of allocators and notes.
Lines table_of(const std::vector<Row>& rows, bool bold = false) {
  return lines_of(format_case(rows, bold));
}

void expect_narrow_ascii(const std::string& text) {
  for (const std::string& line : lines_of(text)) EXPECT_LE(line.size(), 100u) << line;
  EXPECT_TRUE(std::ranges::all_of(text, [](char c) { return c == '\n' || (c >= ' ' && c <= '~'); })) << text;
}

Row in_mode(Configuration configuration, std::string allocator = "arena") {
  Row row = configuration.mode == Mode::replay ? a_replay(std::move(allocator)) : a_row(std::move(allocator));
  row.configuration = configuration;
  return row;
}

TEST(Text, FiguresHaveThreeDigitsInTheUnitThatFits) {
  const std::pair<double, std::string> durations[]{
      {0, "0.00ns"},       {2.5, "2.50ns"},          {40, "40.0ns"},    {999.4, "999ns"},
      {999.6, "1.00us"},   {9996, "10.0us"},         {25900, "25.9us"}, {1.18e6, "1.18ms"},
      {1.234e10, "12.3s"}, {ClockSummary::none, "-"}};
  for (const auto& [ns, text] : durations) EXPECT_EQ(format_duration(ns), text);
  const std::pair<double, std::string> sizes[]{{0, "0B"},
                                               {1023, "1023B"},
                                               {1024, "1.00KiB"},
                                               {12582912, "12.0MiB"},
                                               {0x1p30 - 1, "1.00GiB"},
                                               {0x1p64, "16.0EiB"},
                                               {ClockSummary::none, "-"}};
  for (const auto& [bytes, text] : sizes) EXPECT_EQ(format_bytes(bytes), text);
  const std::pair<double, std::string> counts[]{
      {0, "0"}, {16, "16"}, {1.5, "1.5"}, {0.002, "0.002"}, {123456, "123456"}, {ClockSummary::none, "-"}};
  for (const auto& [count, text] : counts) EXPECT_EQ(format_count(count), text);
}

TEST(Text, IsOneLineOfAsciiAndSaysWhereItWasCut) {
  EXPECT_EQ(one_line("a\nb\t\xc3\xa9\x1b"), "a\\nb\\t\\xc3\\xa9\\x1b");
  EXPECT_EQ(shortened("abcdef", 6), "abcdef");
  EXPECT_EQ(shortened("abcdefg", 6), "abc...");
}

TEST(Table, HasAHeadingTheColumnsAndALineForEachAllocator) {
  const Lines lines = table_of({a_row("preallocated"), a_row()});
  ASSERT_EQ(lines.size(), 3u + 2u);
  for (const std::string part : {"scan", "2^20 elements", "sync=end"}) EXPECT_TRUE(contains(lines[0], part));
  for (const std::string part : {"3 repetitions", "1000 phases", "2.5 allocations", "1000B"})
    EXPECT_TRUE(contains(lines[1], part));
  EXPECT_TRUE(
      matches(lines[2], "allocator +enqueue +device +end to end +p99 +calls +reserved +95% CI +ratio"));
  EXPECT_TRUE(matches(lines[4], "arena +2.50us +26.0us +1.18ms +3.54ms +0.002 +3.00KiB +1.50-1.60 +1.40x"));
}

TEST(Table, HasTheColumnsOfEachMode) {
  Row graph = in_mode({.mode = Mode::graph}), streams = in_mode({.mode = Mode::streams, .streams = 2});
  graph.found.graph_memory_nodes = 4;
  streams.found = {{}, 12.5, 1.75, 14.25, 56e3, 0.75};
  const std::pair<Row, std::pair<std::string, std::string>> modes[]{
      {in_mode({.mode = Mode::cold}), {"end to end .* calls", "1.18ms .* 0.002"}},
      {graph, {"end to end .* nodes", "1.18ms .* 4"}},
      {streams, {"end to end +allocation +slowest +overlap", "1.18ms +12.5ns +14.2ns +0.75"}},
      {a_replay(), {"operation +p99 +calls +held +held/live", "40.0ns +120ns +0.002 +6.00KiB +3.00"}}};
  for (const auto& [row, expected] : modes) {
    const Lines lines = table_of({row});
    EXPECT_TRUE(matches(lines[2], "allocator.* " + expected.first + " .*ratio"));
    EXPECT_TRUE(matches(lines[3], "arena.* " + expected.second + " .*1.40x"));
  }
}

TEST(Table, TheHeadingSaysHowPhasesWereRun) {
  Row sweep = a_row(), profiled = a_row();
  sweep.allocs_per_phase = 64;
  profiled.profiler = "nsys";
  const std::pair<Row, Lines> rows[]{
      {in_mode({.sync = SyncMode::phase, .mode = Mode::cold}), {"sync=phase", "state=cold"}},
      {in_mode({.mode = Mode::graph, .flush_l2 = true}), {"graph", "L2 flushed"}},
      {in_mode({.mode = Mode::threads, .threads = 2, .streams = 2}), {"2 threads on 2 streams"}},
      {in_mode({.mode = Mode::streams, .streams = 3}), {"1 thread on 3 streams"}},
      {sweep, {"in 64 allocations"}},
      {profiled, {"profiler=nsys"}},
      {in_mode({.mode = Mode::replay, .vary = Variation::drop}), {"replay of gpt2_decode", "vary=drop"}},
      {a_replay(), {"gpt2_decode", "15444 operations", "2 threads on 3 streams", "2.00KiB live", "4 lines"}}};
  for (const auto& [row, parts] : rows) {
    const Lines lines = table_of({row});
    for (const std::string& part : parts) EXPECT_TRUE(contains(lines[0] + '\n' + lines[1], part));
  }
}

TEST(Table, ColumnsEndUnderTheirNames) {
  Row without_bound = a_row("preallocated");
  for (ClockSummary* clock : {&without_bound.host_enqueue, &without_bound.device, &without_bound.end_to_end})
    *clock = {.median_ns = clock->median_ns, .p99_ns = clock->p99_ns};
  Row uncounted = a_row("cuda-malloc");
  uncounted.calls = {};
  const Lines lines = table_of({a_row(), a_row("cuda-malloc-async-tuned:2"), without_bound, uncounted});
  ASSERT_EQ(lines.size(), 3u + 4u);
  for (std::size_t i = 3; i < lines.size(); ++i) EXPECT_EQ(lines[i].size(), lines[2].size()) << lines[i];
  EXPECT_TRUE(lines[5].ends_with("  ")) << "no ratio without the lower bound: " << lines[5];
  EXPECT_EQ(lines[6][lines[2].find("calls") + 4], '-') << "not counted: " << lines[6];
}

TEST(Table, OnlyRatiosAreBoldAndOnlyWhereAsked) {
  for (const Row& row : {a_row(), a_replay()}) {
    EXPECT_EQ(format_case({{row}}).find('\x1b'), std::string::npos);
    const std::string line = table_of({row}, true).at(3);
    EXPECT_TRUE(line.ends_with("\x1b[1m1.40x\x1b[0m")) << line;
    EXPECT_EQ(std::ranges::count(line, '\x1b'), 2);
  }
}

TEST(Table, ARowThatFailedSaysHowInPlaceOfItsFigures) {
  for (const Row& measured : {a_row("preallocated"), a_replay("preallocated")}) {
    Row failed = measured;
    failed.status = Status::out_of_memory;
    failed.message = a_failed_row().message;
    failed.allocator = "cuda-malloc";
    const Lines lines = table_of({measured, failed});
    ASSERT_EQ(lines.size(), 3u + 2u);
    EXPECT_EQ(lines[4], "cuda-malloc   out_of_memory: 64.0MiB asked\\nfor");
  }
  EXPECT_TRUE(contains(table_of({a_failed_row()}).at(0), "scan, 2^20 elements")) << "where all failed, too";
}

TEST(Table, WhatMustBeKnownOfAMeasuredRowStandsBelow) {
  Row noted = a_row();
  noted.message = "the device was throttled";
  const Lines lines = table_of({noted, a_row("cuda-malloc")});
  ASSERT_EQ(lines.size(), 3u + 2u + 1u);
  EXPECT_TRUE(contains(lines[3], "1.18ms"));
  EXPECT_EQ(lines[5], "arena: the device was throttled");
}

TEST(Table, NothingIsWiderThan100CharactersOrOutsideAscii) {
  const Configuration modes[]{{},
                              {.sync = SyncMode::phase, .mode = Mode::cold, .flush_l2 = true},
                              {.mode = Mode::graph},
                              {.mode = Mode::threads, .threads = 256, .streams = 256},
                              {.mode = Mode::streams, .streams = 256},
                              {.mode = Mode::replay, .threads = 256, .streams = 256}};
  for (const Configuration& mode : modes) {
    Row row = in_mode(mode, "cuda-malloc-async-tuned:2");
    row.elements = 18446744073709551615u;
    row.iters = 1'000'000'000;
    row.reserved_bytes = std::size_t{1023} << 30;
    row.calls.runtime = 123456;
    row.found = {4, 999, 999, 999, 999, -12.34};
    for (ClockSummary* clock : {&row.host_enqueue, &row.device, &row.end_to_end}) {
      clock->median_ns = clock->p99_ns = 999.4e6;
      clock->against_ratio_low = clock->against_ratio_high = 12.34;
    }
    Row failed = row;
    failed.status = Status::wrong_result;
    failed.message.assign(1000, 'm').append("\xc3\xa9");
    Row noted = row;
    noted.message = failed.message;
    expect_narrow_ascii(format_case(std::vector<Row>{row, failed, noted}));
    row.against = "cuda-malloc-async-tuned";
    const std::string legend = format_legend(row.against, true);
    expect_narrow_ascii(legend);
    EXPECT_LE(lines_of(legend).size(), 2u);
    EXPECT_EQ(legend.find("..."), std::string::npos) << "is cut: " << legend;
    EXPECT_TRUE(contains(legend, row.against));
  }
  Context context = a_context();
  expect_narrow_ascii(format_context(context));
  EXPECT_EQ(format_context(context).find("..."), std::string::npos);
  context.device = std::string(200, 'd') + '\n';
  expect_narrow_ascii(format_context(context));
}

TEST(Table, TimesOfTheHostRuntimeAreSaidToBeNone) {
  EXPECT_TRUE(contains(format_context(a_context("host")), "simulator"));
  EXPECT_FALSE(contains(format_context(a_context("cuda")), "simulator"));
}

/// What a sink prints.
std::string printed(const std::vector<std::vector<Row>>& cases) {
  testing::internal::CaptureStdout();
  TableSink sink{a_context(), false};
  for (const std::vector<Row>& rows : cases) sink.write(rows);
  sink.finish();
  return testing::internal::GetCapturedStdout();
}

TEST(Table, IsAContextThenCasesThenALegend) {
  const std::string context = format_context(a_context());
  EXPECT_EQ(lines_of(context).size(), 1u);
  EXPECT_EQ(printed({}), context) << "no legend to no table";
  EXPECT_EQ(printed({{a_row()}, {a_replay()}}), context + '\n' + format_case({{a_row()}}) + '\n' +
                                                    format_case({{a_replay()}}) + '\n' +
                                                    format_legend(a_replay().against, false));
}

/// stdout_shows_bold() with these variables, where standard output is a terminal.
bool a_terminal_shows_bold(const char* term, const char* no_color) {
  const auto set = [](const char* name, const char* value) {
    value == nullptr ? ::unsetenv(name) : ::setenv(name, value, 1);
  };
  int terminal = -1, other_end = -1;
  EXPECT_EQ(::openpty(&other_end, &terminal, nullptr, nullptr, nullptr), 0);
  const int previous = ::dup(STDOUT_FILENO);
  ::dup2(terminal, STDOUT_FILENO);
  set("TERM", term);
  set("NO_COLOR", no_color);
  const bool shows = stdout_shows_bold();
  set("TERM", "xterm");
  set("NO_COLOR", nullptr);
  ::dup2(previous, STDOUT_FILENO);
  for (const int file : {previous, terminal, other_end}) ::close(file);
  return shows;
}

TEST(Table, BoldIsForTerminalsThatWantIt) {
  EXPECT_TRUE(a_terminal_shows_bold("xterm", nullptr));
  EXPECT_TRUE(a_terminal_shows_bold("xterm", "")) << "as no-color.org has it";
  EXPECT_FALSE(a_terminal_shows_bold("xterm", "1"));
  EXPECT_FALSE(a_terminal_shows_bold("dumb", nullptr));
  EXPECT_FALSE(a_terminal_shows_bold(nullptr, nullptr));
  testing::internal::CaptureStdout();  // into a file
  const bool shows = stdout_shows_bold();
  testing::internal::GetCapturedStdout();
  EXPECT_FALSE(shows);
}

}  // namespace
}  // namespace daa::bench
