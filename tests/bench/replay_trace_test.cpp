// Reading allocation traces: what is there, and that whatever is malformed is refused with file and line.

#include "replay/trace.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "temporary_folder.hpp"
#include "usage_error.hpp"

namespace daa::bench {
namespace {

class Traces : public ::testing::Test {
 protected:
  [[nodiscard]] Trace read(const std::string& lines) const {
    write(lines);
    return read_trace(path_.string());
  }
  // Expects that the lines are refused: with the file's name, the line and what is wrong.
  void expect_refused(const std::string& lines, int line, const std::string& why) const {
    write(lines);
    try {
      static_cast<void>(read_trace(path_.string()));
      ADD_FAILURE() << "accepted: " << lines;
    } catch (const UsageError& error) {
      const std::string text = error.what();
      EXPECT_EQ(text.find(path_.string() + ":" + std::to_string(line) + ": "), 0u) << text;
      EXPECT_NE(text.find(why), std::string::npos) << text;
    }
  }

 private:
  void write(const std::string& lines) const {
    std::ofstream{path_} << "Thread,Time,Action,Pointer,Size,Stream\n" << lines;
  }
  test::TemporaryFolder folder_;
  const std::filesystem::path path_ = folder_.path() / "trace.csv";
};

TEST_F(Traces, IsCutIntoPhasesWhereNothingIsLive) {
  const Trace trace = read(
      "0,1,allocate,0x100,10,0\n"
      "0,2,allocate,0x200,20,0\n"
      "0,3,free,0x100,10,0\n"
      "0,4,free,0x200,20,0\n"
      "0,5,allocate,0x100,7,0\r\n"
      "0,6,free,0x100,7,0\n");
  ASSERT_EQ(trace.phases.size(), 2u);
  EXPECT_EQ(trace.phases[0].size(), 4u);
  EXPECT_EQ(trace.phases[1].size(), 2u);
  EXPECT_EQ(trace.blocks, 3u);
  EXPECT_EQ(trace.operations, 6u);
  EXPECT_EQ(trace.peak_live_bytes, 30u);
  EXPECT_EQ(trace.phases[0][2].block, 0u);
  EXPECT_FALSE(trace.phases[0][2].allocates);
  EXPECT_EQ(trace.phases[1][0].block, 2u);
  EXPECT_EQ(trace.phases[1][0].bytes, 7u);
}

TEST_F(Traces, WhatIsMalformedIsRefusedWithFileAndLine) {
  const std::string good = "0,1,allocate,0x100,10,0\n";
  expect_refused("", 1, "no operation");
  expect_refused(good, 2, "never freed");
  expect_refused(good + "0,2,realloc,0x100,10,0\n", 3, "unknown action \"realloc\"");
  expect_refused(good + "0,2,free,0x200,10,0\n", 3, "0x200 is freed and is not live");
  expect_refused(good + "0,2,free,0x100,11,0\n", 3, "was allocated with 10 in line 2");
  expect_refused(good + good, 3, "0x100 is live already, since line 2");
  expect_refused(good + "0,2,free,0x100,10,0", 3, "is cut off");
  expect_refused(good + "0,2,fr", 3, "is cut off");
  expect_refused(good + "0,2,free,0x100,1\n", 3, "5 fields");
  expect_refused(good + "0,2,free,0x100\n", 3, "4 fields instead of 6");
  expect_refused(good + "0,2,free,0x100,10,0,0\n", 3, "7 fields");
  expect_refused(good + "\n", 3, "1 fields");
  expect_refused("0,1,allocate,0x100,-1,0\n", 2, "size \"-1\"");
  expect_refused("0,1,allocate,0x100,99999999999999999999,0\n", 2, "size \"99999999999999999999\"");
  expect_refused("0,1,allocate,zero,1,0\n", 2, "pointer \"zero\"");
  expect_refused("0,1,allocate,0x,1,0\n", 2, "pointer \"0x\"");
  expect_refused(",1,allocate,0x1,1,0\n", 2, "the thread is missing");
  expect_refused("0,1,allocate,0x1,1,\n", 2, "the stream is missing");
  expect_refused("0,1,allocate,0x1,18446744073709551615,0\n", 2, "overflow");
  const std::string half = "0,1,allocate,0x1,9223372036854775808,0\n";
  expect_refused(half + "0,1,allocate,0x2,9223372036854775808,0\n", 3, "overflow");
  expect_refused(half + "0,1,allocate,0x2,9223372036854775552,0\n0,1,allocate,0x3,1,0\n", 4, "overflow");
}

TEST_F(Traces, RefusalsSayWhatToDo) {
  expect_refused("0,1,allocate,0x100,10,0\n", 2, "use the whole log");
  expect_refused("0,1,free,0x100,10,0\n", 2, "use the log from its beginning");
  expect_refused("0,1,realloc,0x100,10,0\n", 2, "known: allocate, free, allocate failure");
}

TEST_F(Traces, NumbersThreadsAndStreamsAsTheyOccur) {
  const Trace trace = read(
      "140,1,allocate,0x100,10,0x7f\n"
      "139,2,allocate,0x200,20,0x7f\n"
      "139,3,free,0x100,10,0x1\n"
      "140,4,free,0x200,20,0x7f\n");
  EXPECT_EQ(trace.threads, 2u);
  EXPECT_EQ(trace.streams, 2u);
  ASSERT_EQ(trace.phases.size(), 1u);
  const auto& phase = trace.phases[0];
  EXPECT_EQ((std::vector{phase[0].thread, phase[1].thread, phase[2].thread, phase[3].thread}),
            (std::vector<std::uint32_t>{0, 1, 1, 0}));
  EXPECT_EQ((std::vector{phase[0].stream, phase[1].stream, phase[2].stream, phase[3].stream}),
            (std::vector<std::uint32_t>{0, 0, 1, 0}));
}

TEST_F(Traces, LinesThatTakeNoMemoryAreLeftOutAndCounted) {
  const Trace trace = read(
      "0,1,allocate failure,(nil),10,0\n"
      "0,2,allocate,(nil),0,0\n"
      "0,3,allocate,0x0,0,0\n"
      "0,4,allocate,0x100,10,0\n"
      "0,5,free,0x100,10,0\n"
      "0,6,free,(nil),0,0\n");
  EXPECT_EQ(trace.left_out, 4u);
  EXPECT_EQ(trace.operations, 2u);
  EXPECT_EQ(trace.peak_live_bytes, 10u);
}

TEST_F(Traces, AnotherHeaderOrNoFileIsRefused) {
  EXPECT_THROW(static_cast<void>(read_trace("/nonexistent/trace.csv")), UsageError);
  EXPECT_THROW(static_cast<void>(read_trace(::testing::TempDir())), UsageError);
  EXPECT_THROW(static_cast<void>(read_trace("/dev/null")), UsageError);
}

}  // namespace
}  // namespace daa::bench
