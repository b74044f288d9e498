// What a campaign makes of the device's clock and of the calls that are counted, or cannot be.

#include <cmath>
#include <map>
#include <set>

#include "campaign_fixture.hpp"

namespace daa::test {
namespace {

// A clock that is read twice a turn, before its samples and after. `slow_turns` are those in which the device
// runs at half its rate.
ClockReader clock_with_slow_turns(std::set<std::size_t> slow_turns) {
  return [slow_turns, readings = std::size_t{0}]() mutable -> ClockReading {
    return {slow_turns.contains(readings++ / 2) ? 990.0 : 1980.0, false};
  };
}

class CampaignInstruments : public CampaignTest {
 protected:
  struct Outcome {
    std::vector<Row> rows;
    std::vector<std::string> notes;
    // By allocator and size, repetition by repetition.
    std::map<std::string, std::vector<std::size_t>> samples;
    std::map<std::string, std::vector<bool>> throttled;
    std::map<std::string, std::vector<double>> sm_clocks;
  };

  static Outcome run_with(const Options& options, const Instruments& instruments) {
    Outcome outcome;
    const auto on_samples = [&](const TurnSamples& turn) {
      const std::string name = std::string{turn.allocator} + "/" + std::to_string(turn.elements);
      EXPECT_EQ(turn.repetition, outcome.samples[name].size()) << "in order, none left out";
      EXPECT_EQ(turn.host_enqueue_ns.size(), turn.end_to_end_ns.size());
      EXPECT_EQ(turn.device_ns.size(), turn.end_to_end_ns.size());
      outcome.samples[name].push_back(turn.end_to_end_ns.size());
      outcome.throttled[name].push_back(turn.throttled);
      outcome.sm_clocks[name].push_back(turn.sm_clock_mhz.value_or(0));
    };
    run_campaign(
        options, {},
        {[&](const auto& rows) { outcome.rows.insert(outcome.rows.end(), rows.begin(), rows.end()); },
         [](auto, auto) {}, on_samples, [&](auto note) { outcome.notes.emplace_back(note); }},
        instruments);
    return outcome;
  }

  static Options options_with_blocks() {
    Options options = small_options();
    options.iters = 60;  // three samples a turn
    options.repetitions = 5;
    return options;
  }
};

TEST_F(CampaignInstruments, SamplesOfThrottledTurnsAreMarkedAndDropped) {
  const Outcome outcome = run_with(options_with_blocks(), {.read_clock = clock_with_slow_turns({2})});
  const Row& row = outcome.rows.at(0);
  EXPECT_EQ(row.repetitions, 5u);
  EXPECT_EQ(row.throttled_samples, 3u);
  EXPECT_EQ(row.samples, 12u);
  EXPECT_EQ(row.sm_clock_mhz, 1980);
  EXPECT_EQ(row.message, "");
  EXPECT_EQ(outcome.samples.at("preallocated/1000"), (std::vector<std::size_t>{3, 3, 3, 3, 3}));
  EXPECT_EQ(outcome.throttled.at("preallocated/1000"), (std::vector<bool>{false, false, true, false, false}));
  EXPECT_EQ(outcome.sm_clocks.at("preallocated/1000"), (std::vector<double>{1980, 1980, 990, 1980, 1980}));
}

TEST_F(CampaignInstruments, WhereEveryTurnIsThrottledAllAreKeptAndTheRowSaysSo) {
  const auto slowed_down = [] { return ClockReading{1980, true}; };
  const Row row = run_with(options_with_blocks(), {.read_clock = slowed_down}).rows.at(0);
  EXPECT_EQ(row.status, Status::ok);
  EXPECT_EQ(row.samples, 15u);
  EXPECT_EQ(row.throttled_samples, 15u);
  EXPECT_GT(row.end_to_end.median_ns, 0);
  EXPECT_NE(row.message.find("throttled"), std::string::npos) << row.message;
}

TEST_F(CampaignInstruments, ThrottledTurnsLeaveTheRatiosToo) {
  Options options = options_with_blocks();
  options.repetitions = 2;
  options.allocators = {&allocator("preallocated"), &allocator("arena")};
  for (std::size_t slow = 0; slow < 4; ++slow) {
    const Outcome outcome = run_with(options, {.read_clock = clock_with_slow_turns({slow})});
    const Row& arena = outcome.rows.at(1);
    EXPECT_TRUE(std::isfinite(arena.end_to_end.ratio));
    EXPECT_TRUE(std::isnan(arena.end_to_end.ratio_low)) << "one pair is left, and one has no interval";
  }
}

TEST_F(CampaignInstruments, AWorkloadThatRunsAtAnotherRateThroughoutIsNotThrottled) {
  Options options = options_with_blocks();
  options.elements = {1000, 2000};
  const Outcome outcome = run_with(options, {.read_clock = clock_with_slow_turns({5, 6, 7, 8, 9})});
  ASSERT_EQ(outcome.rows.size(), 2u);
  for (const Row& row : outcome.rows) EXPECT_EQ(row.throttled_samples, 0u) << row.elements;
  EXPECT_EQ(outcome.rows[1].sm_clock_mhz, 990);
}

TEST_F(CampaignInstruments, ADeviceThatTellsNoClockHasNoThrottledTurns) {
  const Row row = run_with(options_with_blocks(), {.read_clock = [] { return ClockReading{}; }}).rows.at(0);
  EXPECT_TRUE(std::isnan(row.sm_clock_mhz));
  EXPECT_EQ(row.throttled_samples, 0u);
  EXPECT_EQ(row.samples, 15u);
}

TEST_F(CampaignInstruments, CallsThatCannotBeCountedAreLeftBlankAndSaidOnce) {
  Options options = small_options();
  options.elements = {100, 200};
  const Outcome outcome = run_with(options, {.make_call_counter = [] {
                                     return MadeCallCounter{nullptr, "there is no CUPTI"};
                                   }});
  ASSERT_EQ(outcome.rows.size(), 2u);
  for (const Row& row : outcome.rows) {
    expect_measured(row, options);
    EXPECT_TRUE(std::isnan(row.calls.runtime));
    EXPECT_TRUE(std::isnan(row.calls.synchronisations));
    EXPECT_GT(row.bytes_reserved, 0u);
  }
  ASSERT_EQ(outcome.notes.size(), 1u);
  EXPECT_NE(outcome.notes[0].find("there is no CUPTI"), std::string::npos) << outcome.notes[0];
}

TEST_F(CampaignInstruments, NothingIsNotedWhereCallsAreCounted) {
  EXPECT_TRUE(run_with(small_options(), {}).notes.empty());
}

// Counts how many there are, and when one is made or destroyed.
class Attached final : public CallCounter {
 public:
  static inline int alive = 0;
  Attached() { ++alive; }
  ~Attached() override { --alive; }
  void resume() override {}
  void pause() override {}
  CallCounts take() override { return {}; }
};

TEST_F(CampaignInstruments, NoTurnIsTimedWhileCallsAreCounted) {
  Options options = small_options();
  options.sync_modes = {SyncMode::end, SyncMode::phase};
  int made = 0, most_at_a_turn = 0;
  const auto make = [&] {
    ++made;
    return MadeCallCounter{std::make_unique<Attached>(), {}};
  };
  const auto on_progress = [&](auto, auto) { most_at_a_turn = std::max(most_at_a_turn, Attached::alive); };
  run_campaign(options, {}, {[](const auto&) {}, on_progress}, {.make_call_counter = make});
  EXPECT_EQ(made, 2);
  EXPECT_EQ(most_at_a_turn, 0);
  EXPECT_EQ(Attached::alive, 0);
}

TEST_F(CampaignInstruments, NothingIsAttachedWhereGraphsAreReplayedOrNobodyWantsCounts) {
  int made = 0;
  const auto make = [&] {
    ++made;
    return MadeCallCounter{std::make_unique<Attached>(), {}};
  };
  Options options = small_options();
  options.graph = true;
  EXPECT_EQ(run_with(options, {.make_call_counter = make}).rows.at(0).calls.runtime, 0);
  EXPECT_EQ(made, 0);

  options.graph = false;
  options.count_calls = false;
  const Outcome outcome = run_with(options, {.make_call_counter = make});
  EXPECT_TRUE(std::isnan(outcome.rows.at(0).calls.runtime));
  EXPECT_TRUE(outcome.notes.empty());
  EXPECT_EQ(made, 0);
}

}  // namespace
}  // namespace daa::test
