// Which ways to run there are, and what is computed of their figures.

#include "driver/modes.hpp"

#include <gtest/gtest.h>

#include "driver/break_even.hpp"
#include "driver/overlap.hpp"
#include "report_rows.hpp"

namespace daa::bench {
namespace {

using Strings = std::vector<std::string>;

Strings labels(const Options& options) {
  Strings result;
  for (const Mode& mode : modes_of(options)) result.push_back(label_of(mode, options.flush_l2));
  return result;
}

Options with_both_syncs() {
  Options options;
  options.sync_modes = {SyncMode::end, SyncMode::phase};
  return options;
}

TEST(Modes, AreTheSyncModesUnlessMoreIsAskedFor) {
  EXPECT_EQ(labels(with_both_syncs()), (Strings{"sync:end", "sync:phase"}));
}

TEST(Modes, AColdPhaseIsSynchronisedAfterItWhateverTheSyncModes) {
  Options options = with_both_syncs();
  options.states = {State::steady, State::cold};
  options.flush_l2 = true;
  EXPECT_EQ(labels(options),
            (Strings{"sync:end/flush_l2", "sync:phase/flush_l2", "sync:phase/state:cold/flush_l2"}));
}

TEST(Modes, EachNumberOfThreadsOrStreamsIsOne) {
  Options options = with_both_syncs();
  options.threads = {1, 4};
  EXPECT_EQ(labels(options), (Strings{"sync:end/threads:1", "sync:end/threads:4", "sync:phase/threads:1",
                                      "sync:phase/threads:4"}));
  for (const Mode& mode : modes_of(options)) EXPECT_EQ(mode.threads, mode.streams);
  options.threads.clear();
  options.streams = {3};
  EXPECT_EQ(labels(options), (Strings{"sync:end/streams:3", "sync:phase/streams:3"}));
  EXPECT_EQ(modes_of(options).front().threads, 1u);
}

TEST(Modes, GraphsAreReplayedInEachSyncMode) {
  Options options = with_both_syncs();
  options.graph = true;
  EXPECT_EQ(labels(options), (Strings{"sync:end/graph", "sync:phase/graph"}));
}

TEST(OverlapScore, IsOneForTheFloorAndZeroForOneStreamAfterTheOther) {
  const std::vector<double> serial{400, 400, 410};
  const Repetitions floor{{100}, {100}, {105}};
  EXPECT_DOUBLE_EQ(overlap_score(serial, floor, floor).value(), 1);
  EXPECT_DOUBLE_EQ(overlap_score(serial, floor, {{400}, {390}, {420}}).value(), 0);
  EXPECT_DOUBLE_EQ(overlap_score(serial, floor, {{250}}).value(), 0.5);
  EXPECT_DOUBLE_EQ(overlap_score(serial, floor, {{700}}).value(), -1) << "not clipped";
  EXPECT_GT(overlap_score(serial, floor, {{90}}).value(), 1);
}

TEST(OverlapScore, IsNothingWhereTheFloorDoesNotOverlap) {
  EXPECT_EQ(overlap_score({400}, {{381}}, {{390}}), std::nullopt) << "less than 5 %";
  EXPECT_TRUE(overlap_score({400}, {{379}}, {{390}}));
  EXPECT_EQ(overlap_score({400}, {{300}, {250}, {370}}, {{390}}), std::nullopt) << "less than its own spread";
  EXPECT_EQ(overlap_score({400}, {{500}}, {{390}}), std::nullopt);
}

TEST(OverlapScore, IsNothingWhereSomethingWasNotMeasured) {
  EXPECT_EQ(overlap_score({}, {{100}}, {{100}}), std::nullopt);
  EXPECT_EQ(overlap_score({400}, {}, {{100}}), std::nullopt);
  EXPECT_EQ(overlap_score({400}, {{100}}, {}), std::nullopt);
}

struct Ratio {
  Ratio(double of, double low_end = ClockSummary::none) : ratio(of), low(low_end) {}
  double ratio, low;  // of its interval, if it has one
};

// The break-even point of an allocator with these ratios at 1, 4, 16 ... allocations.
std::optional<std::size_t> break_even(const std::vector<Ratio>& ratios) {
  std::vector<std::vector<Row>> groups;
  std::size_t allocs = 1;
  for (const Ratio& ratio : ratios) {
    Row row = a_row();
    row.mode.allocs_per_phase = allocs;
    row.end_to_end.ratio = ratio.ratio;
    row.end_to_end.ratio_low = ratio.low;
    groups.push_back({a_row("another"), row});
    groups.back()[0].mode.allocs_per_phase = allocs;
    groups.back()[0].end_to_end.ratio = 2;
    groups.back()[0].end_to_end.ratio_low = 1.9;
    allocs *= 4;
  }
  find_break_even(groups);
  for (const auto& rows : groups) {
    EXPECT_EQ(rows[0].found.break_even_allocs, 0u) << "each allocator has its own";
    EXPECT_EQ(rows[1].found.break_even_allocs, groups[0][1].found.break_even_allocs)
        << "all rows say the same";
  }
  return groups[0][1].found.break_even_allocs;
}

TEST(BreakEven, IsTheGreatestNumberUpToWhichOnePercentIsNotExceeded) {
  EXPECT_EQ(break_even({1.0, 1.005, 1.009, 1.02, 1.3}), 16u);
  EXPECT_EQ(break_even({1.0, 1.01, 1.01}), 16u) << "the last: and perhaps more";
  EXPECT_EQ(break_even({1.02, 1.0, 1.0}), 0u);
  EXPECT_EQ(break_even({1.0, 1.02, 1.0}), 1u) << "what comes good again behind is chance";
}

TEST(BreakEven, EndsWhereTheRatiosIntervalLiesAboveAndNotWhereNoiseDoes) {
  EXPECT_EQ(break_even({{1.0, 0.99}, {1.03, 1.005}, {1.0, 0.99}}), 16u) << "1.03 may be 1.005";
  EXPECT_EQ(break_even({{1.0, 0.99}, {1.03, 1.011}, {1.0, 0.99}}), 1u);
  EXPECT_EQ(break_even({{1.03, 1.02}}), 0u);
}

TEST(BreakEven, IsUnknownWhereARatioOnTheWayIsMissing) {
  EXPECT_EQ(break_even({1.0, ClockSummary::none, 1.0}), std::nullopt);
  EXPECT_EQ(break_even({1.0, 1.02, ClockSummary::none}), 1u);
}

}  // namespace
}  // namespace daa::bench
