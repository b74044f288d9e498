// When a campaign ends before all turns are taken: it is precise enough, or the time is up.

#include <chrono>
#include <cmath>
#include <fstream>
#include <iterator>
#include <thread>

#include "campaign_fixture.hpp"
#include "json_reader.hpp"

namespace daa::test {
namespace {

using std::chrono::milliseconds;

class CampaignStops : public CampaignTest {
 protected:
  static Options two_allocators(std::size_t repetitions) {
    Options options = small_options();
    options.allocators = {&allocator("preallocated"), &allocator("arena")};
    options.repetitions = repetitions;
    return options;
  }
};

TEST_F(CampaignStops, TurnsEndOnceTheRatiosAreKnownWellEnough) {
  Options options = two_allocators(400);
  options.max_noise = 1;  // quiet enough as soon as there are nine pairs
  const std::vector<Row> rows = run(options);
  ASSERT_EQ(rows.size(), 2u);
  std::size_t least = 400;
  for (const Row& row : rows) {
    EXPECT_EQ(row.status, Status::ok) << row.message;
    EXPECT_LT(row.repetitions, 200u);
    EXPECT_EQ(row.samples, row.repetitions);
    EXPECT_LE(row.end_to_end.ratio_high - row.end_to_end.ratio_low, 2 * row.end_to_end.ratio);
    EXPECT_EQ(row.calls.runtime, 0) << "the pass for the counters comes all the same";
    least = std::min(least, row.repetitions);
  }
  EXPECT_GE(least, 9u);
}

TEST_F(CampaignStops, TurnsGoOnWhileTheRatiosAreNot) {
  Options options = two_allocators(12);
  options.max_noise = 1e-9;
  for (const Row& row : run(options)) expect_measured(row, options);
}

TEST_F(CampaignStops, WithoutTheReferenceNothingIsPreciseEnough) {
  Options options = two_allocators(12);
  const AllocatorInfo failing = allocator_of<make_exhausted>(floor_name);
  options.allocators[0] = &failing;
  options.max_noise = 1;
  expect_measured(run(options).at(1), options);
}

TEST_F(CampaignStops, TurnsThatNobodyMissesAreNotInTheJsonDocument) {
  Options options = two_allocators(400);
  options.max_noise = 1;
  options.json_path = testing::TempDir() + "campaign_stops.json";
  const std::vector<Row> rows = run(options);
  std::ifstream file{options.json_path};
  const Json report = read_json(std::string{std::istreambuf_iterator<char>{file}, {}});
  std::size_t turns = 0;
  for (const Json& entry : report["benchmarks"].array()) {
    EXPECT_FALSE(entry.has("error_occurred"));
    turns += entry["run_type"].string() == "iteration";
  }
  EXPECT_EQ(turns, rows.at(0).repetitions + rows.at(1).repetitions);
  std::remove(options.json_path.c_str());
}

TEST_F(CampaignStops, WhenTheTimeIsUpBeforeTheFirstTurnEverythingIsMissing) {
  Options options = two_allocators(3);
  options.elements = {100, 200};
  options.sync_modes = {SyncMode::phase, SyncMode::end};
  options.timeout_s = 1e-9;
  std::size_t rows = 0;
  const CampaignEnd end =
      run_campaign(options, {}, {[&](const auto& more) { rows += more.size(); }, [](auto, auto) {}});
  EXPECT_EQ(rows, 0u);
  EXPECT_EQ(end.missing, 2u * 2u * 2u);
  EXPECT_EQ(end.first_missing, "scan/100/sync:phase/preallocated");
}

TEST_F(CampaignStops, WhenTheTimeIsUpWhatIsFinishedIsReportedAndTheRestIsMissing) {
  Options options = two_allocators(3);
  options.elements = {100, 200, 300};
  options.timeout_s = 3;
  std::vector<Row> reported;
  const auto on_rows = [&](const std::vector<Row>& rows) {
    reported.insert(reported.end(), rows.begin(), rows.end());
    std::this_thread::sleep_for(milliseconds{3000});
  };
  const CampaignEnd end = run_campaign(options, {}, {on_rows, [](auto, auto) {}});
  ASSERT_EQ(reported.size(), 2u);
  for (const Row& row : reported) {
    expect_measured(row, options);
    EXPECT_EQ(row.elements, 100u);
  }
  EXPECT_EQ(end.missing, 4u);
  EXPECT_EQ(end.first_missing, "scan/200/sync:end/preallocated");
}

TEST_F(CampaignStops, ATurnThatHasBegunIsFinishedAfterItsTime) {
  Options options = two_allocators(50);
  options.timeout_s = 0.2;
  std::size_t turns = 0, samples = 0;
  const auto on_progress = [&](std::size_t, std::string_view now) {
    if (now.find("preparing") == now.npos && ++turns == 1) std::this_thread::sleep_for(milliseconds{100});
  };
  options.sync_modes = {SyncMode::phase};
  options.iters = 100;
  const CampaignEnd end =
      run_campaign(options, {},
                   {[](const auto&) {}, on_progress,
                    [&](const TurnSamples& turn) { samples += turn.end_to_end_ns.size(); }});
  EXPECT_EQ(samples % 100, 0u) << "whole turns alone have samples";
  EXPECT_LE(end.missing, 2u);
}

TEST_F(CampaignStops, AGroupWhoseLastRoundIsNotWholeIsNotReportedAtAll) {
  Options options = two_allocators(3);
  options.timeout_s = 2;
  std::size_t rows = 0, turns = 0;
  const auto on_progress = [&](std::size_t, std::string_view now) {
    if (now.find("preparing") == now.npos && ++turns == 2 * 3)
      std::this_thread::sleep_for(milliseconds{2000});
  };
  const CampaignEnd end =
      run_campaign(options, {}, {[&](const auto& more) { rows += more.size(); }, on_progress});
  EXPECT_EQ(rows, 0u);
  EXPECT_EQ(end.missing, 2u);
}

TEST_F(CampaignStops, WhereTheNumberOfRoundsIsOpenThoseTakenInTimeAreReported) {
  Options options = two_allocators(10'000);
  options.max_noise = 1e-9;
  options.timeout_s = 5;
  std::vector<Row> reported;
  std::vector<std::string> notes;
  const CampaignEnd end =
      run_campaign(options, {},
                   {[&](const std::vector<Row>& rows) { reported = rows; }, [](auto, auto) {},
                    [](const TurnSamples&) {}, [&](std::string_view note) { notes.emplace_back(note); }});
  ASSERT_EQ(reported.size(), 2u);
  EXPECT_GE(reported[0].repetitions, 9u);
  EXPECT_EQ(reported[0].repetitions, reported[1].repetitions);
  EXPECT_EQ(end.missing, 0u);
  ASSERT_EQ(notes.size(), 1u);
  EXPECT_EQ(notes[0].find("scan/1000/sync:end: --max-noise=1e-09 was not reached: arena "), 0u) << notes[0];
}

TEST_F(CampaignStops, ThatTheNoiseAskedForWasNotReachedIsSaid) {
  Options options = two_allocators(10);
  options.max_noise = 1e-9;
  std::vector<std::string> notes;
  run_campaign(options, {},
               {[](const auto&) {}, [](auto, auto) {}, [](const TurnSamples&) {},
                [&](std::string_view note) { notes.emplace_back(note); }});
  ASSERT_EQ(notes.size(), 1u);
  EXPECT_NE(notes[0].find("% of 10 repetitions"), std::string::npos) << notes[0];
}

TEST_F(CampaignStops, WithTimeEnoughNothingIsMissing) {
  Options options = two_allocators(3);
  options.timeout_s = 600;
  const CampaignEnd end = run_campaign(options, {}, {[](const auto&) {}, [](auto, auto) {}});
  EXPECT_EQ(end.missing, 0u);
  EXPECT_EQ(end.first_missing, "");
}

}  // namespace
}  // namespace daa::test
