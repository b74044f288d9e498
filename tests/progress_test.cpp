// The progress line, on a stream that stands for a terminal.

#include "report/progress.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <sstream>
#include <string>

namespace daa::bench {
namespace {

using namespace std::chrono_literals;
constexpr Progress::Clock::time_point start{};

/// What one line of a terminal shows after `output`.
std::string shown(const std::string& output) {
  std::string line;
  std::size_t column = 0;
  for (const char c : output) {
    if (c == '\r') {
      column = 0;
      continue;
    }
    line.resize(std::max(line.size(), column + 1), ' ');
    line[column++] = c;
  }
  line.erase(line.find_last_not_of(' ') + 1);
  return line;
}

TEST(Progress, IsSilentWhereThereIsNoTerminal) {
  std::ostringstream out;
  {
    Progress progress{out, false, 10, start};
    progress.show(1, "scan", start + 1s);
    progress.erase();
  }
  EXPECT_EQ(out.str(), "");
}

TEST(Progress, TellsStepsAndTimeLeft) {
  std::ostringstream out;
  Progress progress{out, true, 10, start};
  progress.show(0, "scan/arena", start);
  EXPECT_EQ(shown(out.str()), "[0/10] scan/arena");
  progress.show(4, "sort/arena", start + 60s);
  EXPECT_EQ(shown(out.str()), "[4/10] 1m30s left, sort/arena");
  progress.show(5, "a", start + 10h);
  EXPECT_EQ(shown(out.str()), "[5/10] 10h00m left, a");
  progress.show(10, "b", start + 11h);
  EXPECT_EQ(shown(out.str()), "[10/10] 0s left, b");
}

TEST(Progress, NeverStartsANewLine) {
  std::ostringstream out;
  Progress progress{out, true, 10, start};
  progress.show(0, std::string(500, 'n') + "\n", start);
  EXPECT_LE(shown(out.str()).size(), 79u);
  EXPECT_EQ(out.str().find('\n'), std::string::npos);
}

TEST(Progress, AtMostTenUpdatesASecondAreWritten) {
  std::ostringstream out;
  Progress progress{out, true, 1000, start};
  for (int ms = 0; ms < 1000; ++ms) progress.show(1, "scan", start + std::chrono::milliseconds{ms});
  EXPECT_EQ(std::ranges::count(out.str(), '\r'), 10);
}

TEST(Progress, LeavesTheLineEmptyAtTheEnd) {
  std::ostringstream out;
  {
    Progress progress{out, true, 10, start};
    progress.show(1, "a long label", start);
    progress.show(2, "short", start + 1s);
  }
  EXPECT_EQ(shown(out.str()), "");
  EXPECT_EQ(out.str().back(), '\r');
}

TEST(Progress, IsShownAgainAtOnceAfterItWasErased) {
  std::ostringstream out;
  Progress progress{out, true, 10, start};
  progress.show(1, "one", start + 1s);
  progress.erase();
  EXPECT_EQ(shown(out.str()), "");
  progress.show(2, "two", start + 1001ms);
  EXPECT_EQ(shown(out.str()).substr(0, 6), "[2/10]");
}

}  // namespace
}  // namespace daa::bench
