// When a run is to stop. What concerns signals is in a process of its own: an interrupt is never forgotten.

#include "measure/stop_condition.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>

namespace daa::bench {
namespace {

using testing::ExitedWithCode;
using testing::KilledBySignal;

TEST(StopConditionTest, IsRequestedOnceItsTimeIsOver) {
  EXPECT_TRUE(StopCondition{1e-9}.requested());
  for (const std::optional<double> timeout_s :
       {std::optional<double>{}, std::optional{600.0}, std::optional{1e300}}) {
    const StopCondition stop{timeout_s};
    EXPECT_FALSE(stop.requested());
    EXPECT_NO_THROW(stop.check());
  }
  EXPECT_THROW(StopCondition{1e-9}.check(), Stopped);
}

TEST(StopConditionTest, WithGraceItHasASecondMore) {
  const StopCondition stop{1e-9};
  EXPECT_FALSE(stop.with_grace().requested());
  EXPECT_FALSE(StopCondition{}.with_grace().requested());
}

TEST(StopConditionTest, SaysWhichFlagAndValueEndedTheRun) {
  EXPECT_NE(StopCondition{2.5}.reason().find("--timeout=2.5"), std::string::npos);
}

class Interrupts : public ::testing::Test {
 protected:
  void SetUp() override {
    for (const int signal : {SIGINT, SIGTERM, SIGHUP}) std::signal(signal, SIG_DFL);
    GTEST_FLAG_SET(death_test_style, "threadsafe");
  }

  [[noreturn]] static void exit_with(bool claim) {
    std::fflush(nullptr);
    ::_exit(claim ? 0 : 1);
  }
};

TEST_F(Interrupts, AreRememberedAtFirstAndEndTheProcessAtSecond) {
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) {
    EXPECT_EXIT(
        {
          catch_interrupts();
          const bool before = interrupted();
          std::raise(signal);
          exit_with(!before && interrupted() && StopCondition{}.requested() &&
                    StopCondition{}.with_grace().requested());
        },
        ExitedWithCode(0), "");
    EXPECT_EXIT(
        {
          catch_interrupts();
          std::raise(signal);
          std::raise(signal);
          exit_with(true);
        },
        KilledBySignal(signal), "");
  }
}

TEST_F(Interrupts, ThatTheParentIgnoresStayIgnored) {
  EXPECT_EXIT(
      {
        std::signal(SIGHUP, SIG_IGN);
        catch_interrupts();
        std::raise(SIGHUP);
        std::raise(SIGHUP);
        const bool ignored = !interrupted();
        std::raise(SIGINT);
        exit_with(ignored && interrupted());
      },
      ExitedWithCode(0), "");
}

}  // namespace
}  // namespace daa::bench
