// Varied traces: what is drawn, that every allocator gets the same, and that all of it is planned and
// checked.

#include "replay/variation.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <limits>
#include <map>
#include <set>

#include "measure_fixture.hpp"
#include "replay/bundled_traces.hpp"
#include "replay/program.hpp"
#include "replay/replay_case.hpp"
#include "temporary_folder.hpp"
#include "usage_error.hpp"

namespace daa::test {
namespace {

using Phase = Trace::Phase;
constexpr Variation both[]{Variation::scale, Variation::drop};

/// Two phases, of 40 and of 5 blocks, three live at once, of two threads and streams; some cross.
Trace a_trace() {
  Trace trace;
  trace.threads = trace.streams = 2;
  for (const std::uint32_t count : {40u, 5u}) {
    Phase& phase = trace.phases.emplace_back();
    for (std::uint32_t i = 0; i < count + 3; ++i) {
      const auto add = [&](bool allocates, std::uint32_t number, std::uint32_t thread) {
        const auto block = static_cast<std::uint32_t>(trace.blocks) + number;
        phase.push_back({allocates, block, 1 + std::size_t{7777} * number, thread, thread});
      };
      if (i < count) add(true, i, i % 2);
      if (i >= 3) add(false, i - 3, i / 2 % 2);
    }
    trace.blocks += count;
    trace.operations += phase.size();
  }
  return trace;
}

/// Most bytes live at any time, and that pairs are balanced in each phase.
std::size_t peak_of_balanced(const Trace& trace) {
  std::size_t most = 0;
  for (const Phase& phase : trace.phases) {
    std::map<std::uint32_t, std::size_t> live;
    std::set<std::uint32_t> seen;
    std::size_t bytes = 0;
    for (const TraceOperation& each : phase) {
      EXPECT_LT(each.block, trace.blocks);
      if (each.allocates) {
        EXPECT_TRUE(seen.insert(each.block).second) << each.block;
        live[each.block] = each.bytes;
        most = std::max(most, bytes += each.bytes);
      } else {
        EXPECT_TRUE(live.contains(each.block)) << each.block;
        EXPECT_EQ(live[each.block], each.bytes);
        bytes -= each.bytes;
        live.erase(each.block);
      }
    }
    EXPECT_TRUE(live.empty());
  }
  return most;
}

std::vector<std::size_t> sizes_of(const Phase& phase) {
  std::vector<std::size_t> sizes;
  for (const TraceOperation& each : phase)
    if (each.allocates) sizes.push_back(each.bytes);
  return sizes;
}

std::set<std::uint32_t> blocks_of(const Phase& phase) {
  std::set<std::uint32_t> blocks;
  for (const TraceOperation& each : phase) blocks.insert(each.block);
  return blocks;
}

std::vector<std::vector<std::size_t>> sizes_of(const Trace& trace) {
  std::vector<std::vector<std::size_t>> sizes;
  for (const Phase& phase : trace.phases) sizes.push_back(sizes_of(phase));
  return sizes;
}

TEST(Variations, AreWholePassesOfAtLeastTheDefaultPhasesOfATrial) {
  const RunConfig standard;
  EXPECT_GE(least_varied_phases, standard.replay_warmup + standard.replay_iters);
  for (const Variation variation : both) {
    Trace trace = a_trace();
    EXPECT_EQ(varied(trace, variation, 1).passes, 18u);
    EXPECT_EQ(varied(trace, variation, 1).phases.size(), 36u);
    trace.phases.resize(1);
    EXPECT_EQ(varied(trace, variation, 1).phases.size(), 36u);
    trace.phases.resize(50, trace.phases.front());
    EXPECT_EQ(varied(trace, variation, 1).phases.size(), 50u);
  }
  EXPECT_EQ(sizes_of(varied(a_trace(), Variation::none, 1)), sizes_of(a_trace()));
  EXPECT_EQ(varied(a_trace(), Variation::none, 1).passes, 1u);
}

TEST(Variations, AreDrawnFromTheSeedAndDifferFromPhaseToPhase) {
  for (const Variation variation : both) {
    const auto sizes = sizes_of(varied(a_trace(), variation, 1));
    EXPECT_EQ(sizes, sizes_of(varied(a_trace(), variation, 1)));
    EXPECT_NE(sizes, sizes_of(varied(a_trace(), variation, 2)));
    std::set<std::vector<std::size_t>> large;
    for (std::size_t i = 0; i < sizes.size(); i += 2) large.insert(sizes[i]);
    EXPECT_EQ(large.size(), 18u) << "none is there twice";
    EXPECT_FALSE(large.contains(sizes_of(a_trace().phases[0])));
  }
}

TEST(Variations, OfScaleMultiplyAllSizesOfAPhaseByOneFactorWithinItsBounds) {
  const Trace trace = a_trace();
  double least = 2, greatest = 0;
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    const Trace scaled = varied(trace, Variation::scale, seed);
    EXPECT_EQ(scaled.operations, 18 * trace.operations);
    EXPECT_EQ(scaled.peak_live_bytes, peak_of_balanced(scaled));
    for (std::size_t i = 0; i < scaled.phases.size(); ++i) {
      const Phase &from = trace.phases[i % 2], &to = scaled.phases[i];
      ASSERT_EQ(to.size(), from.size());
      const auto most = [](const auto& a, const auto& b) { return a.bytes < b.bytes; };
      const double factor = static_cast<double>(std::ranges::max_element(to, most)->bytes) /
                            static_cast<double>(std::ranges::max_element(from, most)->bytes);
      least = std::min(least, factor);
      greatest = std::max(greatest, factor);
      for (std::size_t j = 0; j < to.size(); ++j) {
        EXPECT_GE(to[j].bytes, 1u);
        EXPECT_NEAR(static_cast<double>(to[j].bytes), factor * static_cast<double>(from[j].bytes), 1.01);
        EXPECT_TRUE(to[j].block == from[j].block && to[j].allocates == from[j].allocates);
        EXPECT_TRUE(to[j].thread == from[j].thread && to[j].stream == from[j].stream);
      }
    }
  }
  EXPECT_NEAR(least, least_scale, 0.01);
  EXPECT_GE(least, least_scale - 1e-5);  // sizes are whole bytes
  EXPECT_NEAR(greatest, greatest_scale, 0.01);
  EXPECT_LE(greatest, greatest_scale + 1e-5);
}

TEST(Variations, OfScaleAreRefusedWhereSizesWouldOverflow) {
  Trace trace = a_trace();
  for (TraceOperation& each : trace.phases.back())
    if (each.block == 40) each.bytes = std::numeric_limits<std::size_t>::max() / 2;
  EXPECT_THROW(static_cast<void>(varied(trace, Variation::scale, 1)), UsageError);
  EXPECT_NO_THROW(static_cast<void>(varied(trace, Variation::drop, 1)));
}

TEST(Variations, OfDropLeaveOutATenthOfTheBlocksOfAPhaseAndNothingElse) {
  const Trace trace = a_trace();
  std::set<std::uint32_t> ever;
  for (std::uint64_t seed = 1; seed <= 5; ++seed) {
    const Trace dropped = varied(trace, Variation::drop, seed);
    EXPECT_EQ(dropped.operations, 18 * (trace.operations - 2 * 4));
    EXPECT_EQ(dropped.peak_live_bytes, peak_of_balanced(dropped));
    for (std::size_t i = 0; i < dropped.phases.size(); ++i) {
      const std::set<std::uint32_t> blocks = blocks_of(dropped.phases[i]);
      EXPECT_EQ(blocks.size(), i % 2 == 0 ? 36u : 5u) << "a tenth of 5 is none";
      Phase kept = trace.phases[i % 2];
      std::erase_if(kept, [&](const TraceOperation& each) { return !blocks.contains(each.block); });
      EXPECT_TRUE(std::ranges::equal(kept, dropped.phases[i], [](const auto& a, const auto& b) {
        return a.block == b.block && a.bytes == b.bytes && a.allocates == b.allocates && a.thread == b.thread;
      }));
      for (const std::uint32_t block : blocks_of(trace.phases[i % 2]))
        if (!blocks.contains(block)) ever.insert(block);
    }
  }
  EXPECT_EQ(ever.size(), 40u) << "each may be left out, those that cross included";
}

// --- replayed ---

class VariedReplays : public MeasureTest {
 protected:
  RunConfig config_of(Variation variation) const {
    const std::filesystem::path path = folder_.path() / "trace.csv";
    std::ofstream file{path};
    file << "Thread,Time,Action,Pointer,Size,Stream\n";
    for (const char* const action : {"allocate", "free"})
      for (int i = 1; i <= 20; ++i) file << fmt::format("0,0,{},{},{},0\n", action, i, 10'000 * i + 1);
    RunConfig config = small_config();
    config.workloads.clear();
    config.traces = {{"trace", path}};
    config.variations = {variation};
    return config;
  }

  static std::unique_ptr<ReplayCase> case_of(const Trace& trace, Variation variation) {
    Trace phases = varied(trace, variation, 7);
    ReplayProgram program = make_program(phases);
    return std::make_unique<ReplayCase>(
        std::make_shared<const SharedTrace>("t", std::move(phases), std::move(program), variation),
        SyncMode::end, small_config());
  }

 private:
  TemporaryFolder folder_;
};

TEST_F(VariedReplays, AskEveryAllocatorInEveryTrialForTheSame) {
  for (const Variation variation : both) {
    RunConfig config = config_of(variation);
    config.allocators = {&observed, &observed};
    const EventLog log;
    EXPECT_TRUE(run(config).end.all_measured);
    std::map<std::size_t, std::vector<std::size_t>> asked;  // by each life
    for (const Observed::Event& event : log.events)
      if (event.what == 'a') asked[event.life].push_back(event.bytes);
    EXPECT_EQ(asked.size(), 2 * (1 + config.repetitions + 1)) << "to verify, trials, and to count calls";
    const auto longest =
        std::ranges::max_element(asked, {}, [](const auto& each) { return each.second.size(); });
    for (const auto& [life, sizes] : asked)
      EXPECT_TRUE(std::ranges::equal(sizes, std::span{longest->second}.first(sizes.size()))) << life;
  }
}

TEST_F(VariedReplays, OfEveryAllocatorGiveOutNoLiveMemoryAndHaveFigures) {
  for (const Variation variation : both) {
    RunConfig config = config_of(variation);
    config.allocators = all_allocators();
    const std::vector<Row> rows = run(config).rows();
    ASSERT_EQ(rows.size(), config.allocators.size());
    for (const Row& row : rows) {
      expect_measured(row, config);
      EXPECT_EQ(row.kind(), "replay");
      EXPECT_EQ(row.configuration.vary, variation);
      EXPECT_EQ(row.iters, 4u);
      EXPECT_EQ(row.samples, 4 * config.repetitions) << "one a pass over the trace";
      EXPECT_EQ(row.replay->operations, variation == Variation::drop ? 36u : 40u);
      EXPECT_EQ(row.replay->peak_live_bytes, rows.front().replay->peak_live_bytes);
      EXPECT_GE(row.replay->held_bytes, row.replay->peak_live_bytes);
      EXPECT_GT(row.replay->first_phase_ns.value(), 0);
      EXPECT_GT(row.replay->worst_phase_ns.value(), 0);
    }
  }
  for (const Variation variation : both)  // threads and streams
    for (const AllocatorInfo* const each : all_allocators())
      EXPECT_EQ(case_of(a_trace(), variation)->verify(*each, stop_).error, std::nullopt) << each->name;
}

TEST(Variations, OfTheBundledTracesArePlannedInWhatIsLive) {
  for (const std::string_view name : bundled_traces())
    for (const Variation variation : both)
      for (std::uint64_t seed = 1; seed <= 3; ++seed) {
        const Trace trace = varied(read_trace(find_bundled_trace(name)), variation, seed);
        const ReplayProgram program = make_program(trace);
        ASSERT_EQ(program.slots.size(), 1u);
        EXPECT_LE(static_cast<double>(program.slots[0].plan.bytes),
                  1.001 * static_cast<double>(trace.peak_live_bytes))
            << name << ", seed " << seed;
      }
}

TEST_F(VariedReplays, OfTheBundledTracesFitThePlanOfPreallocated) {
  for (const std::string_view name : bundled_traces()) {
    Trace trace = read_trace(find_bundled_trace(name));
    for (Phase& phase : trace.phases)  // so that the host need not touch gigabytes
      for (TraceOperation& each : phase) each.bytes = std::max<std::size_t>(1, each.bytes / 64);
    for (const Variation variation : both) {
      const auto replay = case_of(trace, variation);
      const TrialFindings findings = replay->verify(allocator(lower_bound_name), stop_);
      EXPECT_EQ(findings.error, std::nullopt) << name;
      EXPECT_GE(findings.reserved_bytes, described(*replay).replay->peak_live_bytes) << name;
    }
  }
}

TEST_F(VariedReplays, HoldTheMostOfAllPhases) {
  for (const Variation variation : both) {
    Case& of = prepared(config_of(variation));
    // It takes what is live, no more: only a pass over all phases meets the greatest.
    EXPECT_EQ(of.verify(allocator("cuda-malloc"), stop_).reserved_bytes,
              described(of).replay->peak_live_bytes);
  }
}

/// Holds 1 GiB while its first phase lasts.
class HoldsMuchAtFirst final : public BlockAllocator {
 public:
  explicit HoldsMuchAtFirst(std::size_t bytes) : BlockAllocator(bytes + 4096, behind_previous) {}
  void end_phase() override {
    is_first_ = false;
    BlockAllocator::end_phase();
  }
  std::size_t bytes_reserved() const override { return is_first_ ? std::size_t{1} << 30 : 1; }

 private:
  bool is_first_ = true;
};

TEST_F(VariedReplays, HoldWhatIsHeldInTheFirstPhaseOfAFreshAllocator) {
  const AllocatorInfo info{
      "much", "of a test", [](cudaStream_t, const Demand& demand) {
        return std::unique_ptr<ScratchAllocator>(std::make_unique<HoldsMuchAtFirst>(demand.max_phase_bytes));
      }};
  for (const Variation variation : {Variation::none, Variation::scale, Variation::drop}) {
    RunConfig config = config_of(variation);
    config.allocators = {&info};
    EXPECT_EQ(run(config).rows().at(0).reserved_bytes, std::size_t{1} << 30);
  }
}

}  // namespace
}  // namespace daa::test
