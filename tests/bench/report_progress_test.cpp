// The progress line, on a stream that stands for a terminal, and notes.

#include "report/progress.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <sstream>
#include <string>

namespace daa::bench {
namespace {

using namespace std::chrono_literals;

class ProgressLine : public testing::Test {
 protected:
  static constexpr Progress::Clock::time_point start{};

  /// What the last line of a terminal shows after all output so far.
  [[nodiscard]] std::string shown() const {
    std::string line;
    std::size_t column = 0;
    for (const char c : out.str()) {
      if (c == '\n') line.clear();
      if (c == '\r' || c == '\n') {
        column = 0;
        continue;
      }
      line.resize(std::max(line.size(), column + 1), ' ');
      line[column++] = c;
    }
    line.erase(line.find_last_not_of(' ') + 1);
    return line;
  }

  std::ostringstream out;
};

TEST_F(ProgressLine, IsSilentWhereThereIsNoTerminal) {
  {
    Progress progress{out, false, 10, start};
    progress.show(1, "scan", start + 1s);
    progress.erase();
  }
  EXPECT_EQ(out.str(), "");
}

TEST_F(ProgressLine, TellsStepsAndTimeLeft) {
  Progress progress{out, true, 10, start};
  const struct {
    std::size_t done;
    std::chrono::seconds after;
    std::string line;
  } steps[]{{0, 0s, "[0/10] scan"},
            {4, 60s, "[4/10] 1m30s left, scan"},
            {5, 10h, "[5/10] 10h00m left, scan"},
            {10, 11h, "[10/10] 0s left, scan"}};
  for (const auto& [done, after, line] : steps) {
    progress.show(done, "scan", start + after);
    EXPECT_EQ(shown(), line);
  }
}

TEST_F(ProgressLine, NeverWraps) {
  Progress progress{out, true, 10, start};
  progress.show(0, std::string(500, 'n') + "\n", start);
  EXPECT_LE(shown().size(), 79u);
  EXPECT_EQ(out.str().find('\n'), std::string::npos);
}

TEST_F(ProgressLine, IsWrittenTenTimesASecondAtMost) {
  Progress progress{out, true, 1000, start};
  for (int ms = 0; ms < 1000; ++ms) progress.show(1, "scan", start + std::chrono::milliseconds{ms});
  EXPECT_EQ(std::ranges::count(out.str(), '\r'), 10);
}

TEST_F(ProgressLine, IsEmptyAtTheEnd) {
  {
    Progress progress{out, true, 10, start};
    progress.show(1, "a long label", start);
    progress.show(2, "short", start + 1s);
  }
  EXPECT_EQ(shown(), "");
  EXPECT_EQ(out.str().back(), '\r');
}

TEST_F(ProgressLine, IsShownAgainAtOnceAfterItWasErased) {
  Progress progress{out, true, 10, start};
  progress.show(1, "one", start + 1s);
  progress.erase();
  EXPECT_EQ(shown(), "");
  progress.show(2, "two", start + 1001ms);
  EXPECT_EQ(shown().substr(0, 6), "[2/10]");
}

TEST_F(ProgressLine, MakesWayForANote) {
  for (const bool is_terminal : {true, false}) {
    out.str({});
    Progress progress{out, is_terminal, 10, start};
    progress.show(1, "one", start + 1s);
    progress.note("calls are not counted");
    EXPECT_EQ(shown(), "");
    const std::string text = out.str();
    EXPECT_TRUE(text.ends_with(is_terminal ? "\rdaa-bench: calls are not counted\n"
                                           : "daa-bench: calls are not counted\n"));
    EXPECT_EQ(std::ranges::count(text, '\n'), 1);
  }
}

}  // namespace
}  // namespace daa::bench
