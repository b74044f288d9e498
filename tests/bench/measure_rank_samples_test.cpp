// What several ranks have measured, brought together, by figures that are known.

#include "measure/rank_samples.hpp"

#include <gtest/gtest.h>

#include <optional>

namespace daa::bench {
namespace {

/// Two ranks in one process: what the second one gives is known before.
class TwoRanks final : public Ranks {
 public:
  [[nodiscard]] std::size_t rank() const override { return 0; }
  [[nodiscard]] std::size_t size() const override { return 2; }
  [[nodiscard]] std::size_t hosts() const override { return 1; }
  [[nodiscard]] std::size_t ranks_per_device() const override { return 1; }
  [[nodiscard]] std::string name_of(std::size_t rank) const override {
    return "rank " + std::to_string(rank);
  }
  [[nodiscard]] std::vector<std::string> gather(const std::string& own) override {
    std::vector<std::string> all{own, other_.value_or(own)};
    other_ = own;
    return all;
  }
  [[nodiscard]] bool begin_together(bool stops) override { return stops; }
  [[nodiscard]] Transport& transport() override { std::abort(); }
  void begin(std::string_view /*step*/) override {}
  void progress() override {}
  [[noreturn]] void fail(std::string_view /*why*/) override { std::abort(); }

 private:
  std::optional<std::string> other_;  // what was given last
};

TrialSamples samples(double factor) {
  TrialSamples result;
  result.host_enqueue = {1 * factor, 2 * factor};
  result.device = {3 * factor, 4 * factor};
  result.end_to_end = {10 * factor, 20};
  result.clock = {1000 * factor, factor > 1};
  result.findings.allocation_ns = 5 * factor;
  result.findings.slowest_allocation_ns = 6 * factor;
  result.findings.reserved_bytes = factor > 1 ? 300 : 200;
  return result;
}

std::vector<TrialSamples> gathered() {
  TwoRanks ranks;
  static_cast<void>(gather_samples(ranks, samples(3)));
  return gather_samples(ranks, samples(1));
}

TEST(RankSamples, AreThoseOfEachRank) {
  const std::vector<TrialSamples> of_ranks = gathered();
  ASSERT_EQ(of_ranks.size(), 2u);
  for (const double factor : {1.0, 3.0}) {
    const TrialSamples& each = of_ranks[factor > 1];
    EXPECT_EQ(each.host_enqueue, samples(factor).host_enqueue);
    EXPECT_EQ(each.device, samples(factor).device);
    EXPECT_EQ(each.end_to_end, samples(factor).end_to_end);
    EXPECT_EQ(each.operation, std::vector<double>{});
    EXPECT_EQ(each.clock.sm_mhz, 1000 * factor);
    EXPECT_EQ(each.clock.is_slowed_down, factor > 1);
    EXPECT_EQ(each.findings.allocation_ns, 5 * factor);
    EXPECT_EQ(each.findings.serial_ns, std::nullopt);
  }
}

TEST(RankSamples, AreMeansOfHostAndDeviceAndTheSlowestEndToEnd) {
  const TrialSamples all = combined(gathered());
  EXPECT_EQ(all.host_enqueue, (std::vector<double>{2, 4}));
  EXPECT_EQ(all.device, (std::vector<double>{6, 8}));
  EXPECT_EQ(all.end_to_end, (std::vector<double>{30, 20}));
  EXPECT_EQ(all.imbalance, (std::vector<double>{1.5, 1}));
  EXPECT_EQ(all.clock.sm_mhz, 1000);
  EXPECT_TRUE(all.clock.is_slowed_down);
  EXPECT_EQ(all.findings.allocation_ns, 10);
  EXPECT_EQ(all.findings.slowest_allocation_ns, 18);
  EXPECT_EQ(all.findings.reserved_bytes, 300u);
}

TEST(RankSamples, OfRecordingsTheGreatestOfEachFigureCounts) {
  Recording first, second;
  first.calls = {.runtime = 7, .driver = 9, .by_kind = {1, 2}, .synchronisations = 1};
  second.calls = {.runtime = 8, .driver = 5, .by_kind = {3, 0}, .synchronisations = 0};
  first.reserved_bytes = 100;
  second.reserved_bytes = 200;
  first.phases = second.phases = 4;
  TwoRanks ranks;
  static_cast<void>(gather_recordings(ranks, second));
  const Recording all = greatest(gather_recordings(ranks, first));
  ASSERT_TRUE(all.calls);
  EXPECT_EQ(all.calls->runtime, 8u);
  EXPECT_EQ(all.calls->driver, 9u);
  EXPECT_EQ(all.calls->of(CallKind::allocate), 3u);
  EXPECT_EQ(all.calls->of(CallKind::free), 2u);
  EXPECT_EQ(all.calls->synchronisations, 1u);
  EXPECT_EQ(all.reserved_bytes, 200u);
  EXPECT_EQ(all.phases, 4u);
  second.calls.reset();
  static_cast<void>(gather_recordings(ranks, second));
  EXPECT_FALSE(greatest(gather_recordings(ranks, first)).calls) << "one of them could not count";
}

TEST(RankSamples, GiveTheEfficiencyOfPairedRepetitionsWithoutThoseThatWereThrottledAlone) {
  std::vector<Series> group(1);
  group[0].label = "arena";
  for (const double alone : {10.0, 5.0, 0.0}) {  // 0: throttled
    TrialSamples trial;
    trial.host_enqueue = trial.device = {1};
    trial.end_to_end = {20};
    trial.imbalance = {1.25};
    if (alone > 0) trial.alone = {alone};
    group[0].trials.push_back(trial);
  }
  Row row;
  fill(row, group[0], group, "arena");
  EXPECT_DOUBLE_EQ(row.ranks.weak_efficiency, 0.375);
  EXPECT_DOUBLE_EQ(row.ranks.imbalance, 1.25);
}

TEST(RankSamples, OfOneRankAreItsOwn) {
  Series together;
  TrialSamples trial = combined(gathered());
  trial.of_ranks = gathered();
  together.trials = {trial};
  together.reserved_bytes = 1000;
  together.recordings.resize(2);
  together.recordings[1].reserved_bytes = 77;
  const Series second = part_of(together, 1);
  EXPECT_EQ(second.trials.at(0).end_to_end, samples(3).end_to_end);
  EXPECT_EQ(second.reserved_bytes, 300u);
  EXPECT_EQ(second.recording.reserved_bytes, 77u);
}

}  // namespace
}  // namespace daa::bench
