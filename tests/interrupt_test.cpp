// Ctrl-C during a campaign. Each in a process of its own, for an interruption is never forgotten.

#include "driver/interrupt.hpp"

#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <utility>

#include "campaign_fixture.hpp"

namespace daa::test {
namespace {

using testing::ExitedWithCode;
using testing::KilledBySignal;

class InterruptTest : public CampaignTest {
 protected:
  void SetUp() override {
    for (const int signal : {SIGINT, SIGTERM, SIGHUP}) std::signal(signal, SIG_DFL);
    GTEST_FLAG_SET(death_test_style, "threadsafe");
    CampaignTest::SetUp();
  }

  static Options three_groups() {
    Options options = small_options();
    options.elements = {100, 200, 300};
    options.allocators = {&allocator("preallocated"), &allocator("arena"), &allocator("cuda-malloc")};
    return options;
  }

  /// Ends the process with 0 if `claim` holds, else with 1.
  [[noreturn]] static void exit_with(bool claim) {
    std::fflush(nullptr);
    ::_exit(claim ? 0 : 1);
  }
};

TEST_F(InterruptTest, IsRememberedAtFirstAndEndsTheProcessAtSecond) {
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) {
    EXPECT_EXIT(
        {
          catch_interrupts();
          const bool before = interrupted();
          std::raise(signal);
          exit_with(!before && interrupted());
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

TEST_F(InterruptTest, SignalsThatTheParentIgnoresStayIgnored) {
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

TEST_F(InterruptTest, BetweenGroupsLeavesTheFinishedOnes) {
  EXPECT_EXIT(
      {
        catch_interrupts();
        std::vector<Row> reported;
        const auto on_rows = [&](const std::vector<Row>& rows) {
          reported.insert(reported.end(), rows.begin(), rows.end());
          std::raise(SIGINT);
        };
        run_campaign(three_groups(), {}, {on_rows, [](auto, auto) {}});
        exit_with(reported.size() == 3 && reported[2].elements == 100 && reported[2].repetitions == 3);
      },
      ExitedWithCode(0), "");
}

// Before the last turn of the first group: the others of it have had all theirs.
TEST_F(InterruptTest, WithinAGroupLeavesNothingOfIt) {
  EXPECT_EXIT(
      {
        catch_interrupts();
        std::size_t reported = 0;
        bool is_raised = false;
        const auto on_rows = [&](const std::vector<Row>& rows) { reported += rows.size(); };
        const auto on_progress = [&](std::size_t done, std::string_view) {
          if (done == 8 && !std::exchange(is_raised, true)) std::raise(SIGINT);
        };
        const CampaignEnd end = run_campaign(three_groups(), {}, {on_rows, on_progress});
        exit_with(is_raised && reported == 0 && end.missing == 9);
      },
      ExitedWithCode(0), "");
}

// An allocator that raises the signal in the middle of its first turn.
class Raising final : public HonestAllocator {
 public:
  explicit Raising(cudaStream_t stream) : HonestAllocator(stream), turn_(turns++) {}

  void end_phase() override {
    HonestAllocator::end_phase();
    if (turn_ == 1 && ++phases_ == 3) std::raise(SIGINT);
  }

 private:
  static inline int turns = 0;  // of verification: 0
  int turn_;
  int phases_ = 0;
};

std::unique_ptr<ScratchAllocator> make_raising(cudaStream_t stream, const Demand&) {
  return std::make_unique<Raising>(stream);
}

TEST_F(InterruptTest, WithinATurnIsNoticedAfterTheSampleAndLeavesNoRow) {
  EXPECT_EXIT(
      {
        catch_interrupts();
        const AllocatorInfo raising = allocator_of<make_raising>("raising");
        Options options = three_groups();
        options.allocators = {&raising};
        options.sync_modes = {SyncMode::phase};
        options.iters = 1'000'000'000;  // would take hours
        options.warmup = 0;
        options.repetitions = 1;
        std::size_t rows_reported = 0;
        const auto on_rows = [&](const std::vector<Row>& rows) { rows_reported += rows.size(); };
        run_campaign(options, {}, {on_rows, [](auto, auto) {}});
        exit_with(rows_reported == 0);
      },
      ExitedWithCode(0), "");
}

TEST_F(InterruptTest, LeavesAWholeJsonDocumentAndNoAllocation) {
  EXPECT_EXIT(
      {
        catch_interrupts();
        Options options = three_groups();
        options.json_path = "/dev/stderr";
        run_campaign(options, {}, {[](const auto&) { std::raise(SIGINT); }, [](auto, auto) {}});
        exit_with(host_runtime::live_allocations() == 0 && host_runtime::violations().empty());
      },
      ExitedWithCode(0), "\"benchmarks\": \\[(.|\n)*\n  \\]\n}\n");
}

}  // namespace
}  // namespace daa::test
