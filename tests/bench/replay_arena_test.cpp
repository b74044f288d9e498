// Real models' allocation traces on an arena that recycles: how much memory it reserves for what is live.

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <random>

#include "daa/device_async_arena.hpp"
#include "replay/program.hpp"
#include "replay/trace.hpp"
#include "stream_fixture.hpp"

namespace daa::test {
namespace {

using bench::Trace;
using bench::TraceOperation;

std::vector<std::filesystem::path> trace_files() {
  std::vector<std::filesystem::path> result;
  for (const auto& entry : std::filesystem::directory_iterator{DAA_TRACES}) {
    if (entry.path().extension() == ".csv") result.push_back(entry.path());
  }
  std::ranges::sort(result);
  return result;
}

class ArenaTraces : public StreamFixture {
 protected:
  /// Replays a phase, frees honoured, and returns the most bytes that the arena has reserved.
  static std::size_t replay(DeviceAsyncArena& arena, const Trace& trace, const Trace::Phase& phase) {
    std::vector<void*> pointers(trace.blocks);
    std::size_t most_reserved = 0;
    for (const TraceOperation& operation : phase) {
      if (operation.allocates) {
        pointers[operation.block] = arena.alloc_bytes(operation.bytes);
        most_reserved = std::max(most_reserved, arena.stats().bytes_reserved);
      } else {
        arena.recycle(pointers[operation.block], operation.bytes);
      }
    }
    EXPECT_EQ(arena.stats().bytes_in_use, 0u);
    arena.reset();
    return std::max(most_reserved, arena.stats().bytes_reserved);
  }

  /// The most bytes reserved over the most bytes live: while the arena grows and plans, and from then on.
  struct Ratios {
    double growing;
    double steady;
  };
  Ratios reserved_over_live(const Trace& trace) const {
    DeviceAsyncArena arena{stream()};
    const auto round = [&] {
      std::size_t most = 0;
      for (const Trace::Phase& phase : trace.phases) most = std::max(most, replay(arena, trace, phase));
      return static_cast<double>(most) / static_cast<double>(trace.peak_live_bytes);
    };
    double growing = 0;
    for (int i = 0; i < 4; ++i) growing = std::max(growing, round());
    return {growing, round()};
  }
};

TEST_F(ArenaTraces, ReservedMemoryOfPhasesThatComeAgainIsAtMost101PercentOfWhatIsLive) {
  double growing = 0;
  for (const auto& file : trace_files()) {
    const Ratios ratios = reserved_over_live(bench::read_trace(file));
    EXPECT_LE(ratios.growing, 1.65) << file;
    EXPECT_LE(ratios.steady, 1.01) << file;
    RecordProperty(file.stem(), std::to_string(ratios.growing) + ", then " + std::to_string(ratios.steady));
    growing += ratios.growing;
  }
  EXPECT_EQ(trace_files().size(), 5u);
  EXPECT_LE(growing / 5, 1.31);
}

// What preallocated takes, to which memory is compared as well.
TEST_F(ArenaTraces, ThePlanOfAPhaseTakesWhatIsLive) {
  for (const auto& file : trace_files()) {
    const Trace trace = bench::read_trace(file);
    const bench::ReplayProgram program = bench::make_program(trace);
    ASSERT_EQ(program.slots.size(), 1u);
    const auto planned = static_cast<double>(program.slots.front().plan.bytes);
    EXPECT_LE(planned, 1.001 * static_cast<double>(trace.peak_live_bytes)) << file;
  }
}

TEST_F(ArenaTraces, GrowthsAreAsManyAsTheLogarithmOfWhatIsLive) {
  for (const auto& file : trace_files()) {
    const Trace trace = bench::read_trace(file);
    DeviceAsyncArena arena{stream()};
    for (const Trace::Phase& phase : trace.phases) replay(arena, trace, phase);
    const double first = static_cast<double>(ArenaOptions{}.initial_bytes);
    const double doublings = std::log2(std::max(2.0, static_cast<double>(trace.peak_live_bytes) / first));
    EXPECT_LE(static_cast<double>(arena.stats().growths), 6 * doublings + 5) << file;
  }
}

TEST_F(ArenaTraces, PhasesThatComeAgainTakeWhatIsLiveAndMakeNoRuntimeCall) {
  for (const auto& file : trace_files()) {
    const Trace trace = bench::read_trace(file);
    DeviceAsyncArena arena{stream()};
    for (int pass = 0; pass < 2; ++pass)  // grows, plans, and fits its memory to the plans
      for (const Trace::Phase& phase : trace.phases) replay(arena, trace, phase);
    const std::size_t calls = arena.stats().runtime_calls;
    for (const Trace::Phase& phase : trace.phases) replay(arena, trace, phase);
    EXPECT_EQ(arena.stats().runtime_calls, calls) << file;
    const auto reserved = static_cast<double>(arena.stats().bytes_reserved);
    EXPECT_LE(reserved,
              1.01 * static_cast<double>(std::max(trace.peak_live_bytes, ArenaOptions{}.initial_bytes)))
        << file;
  }
}

// Phases of no model at all: sizes over five orders of magnitude, lifetimes short and long, in any mixture.
// No allocator that cannot move what is live has a bound of its own here.
TEST_F(ArenaTraces, OnRandomPhasesItIsAtMost125PercentAndWhileItGrows180AndTheFirstChunk) {
  for (std::uint32_t seed = 1; seed <= 60; ++seed) {
    std::mt19937 random(seed);
    const auto uniform = [&](double least, double greatest) {
      return std::uniform_real_distribution<double>{least, greatest}(random);
    };
    const double smallest = uniform(8, 14);
    const double largest = uniform(smallest + 4, 25);
    const double share_of_long_lives = uniform(0.0, 0.5);
    Trace trace;
    Trace::Phase phase;
    std::vector<TraceOperation> live;
    std::size_t live_bytes = 0;
    for (int i = 0; i < 2000; ++i) {
      const bool full = live.size() > 200 || i > 1900;
      if (live.empty() || (!full && uniform(0, 1) < 0.52)) {
        const TraceOperation operation{true, static_cast<std::uint32_t>(trace.blocks++),
                                       static_cast<std::size_t>(std::exp2(uniform(smallest, largest)))};
        phase.push_back(operation);
        live.push_back(operation);
        live_bytes += operation.bytes;
        trace.peak_live_bytes = std::max(trace.peak_live_bytes, live_bytes);
      } else {
        const bool any = uniform(0, 1) < share_of_long_lives;
        const std::size_t from = any ? 0 : live.size() - std::min<std::size_t>(live.size(), 8);
        const auto which =
            live.begin() + static_cast<std::ptrdiff_t>(
                               std::uniform_int_distribution<std::size_t>{from, live.size() - 1}(random));
        phase.push_back({false, which->block, which->bytes});
        live_bytes -= which->bytes;
        live.erase(which);
      }
    }
    for (const TraceOperation& left : live) phase.push_back({false, left.block, left.bytes});
    trace.phases.push_back(phase);
    const double first_chunk =
        static_cast<double>(ArenaOptions{}.initial_bytes) / static_cast<double>(trace.peak_live_bytes);
    const Ratios ratios = reserved_over_live(trace);
    EXPECT_LE(ratios.growing, 1.8 + first_chunk) << "seed " << seed;
    EXPECT_LE(ratios.steady, std::max(1.25, first_chunk))
        << "seed " << seed << ", " << trace.peak_live_bytes << " bytes live";
  }
}

}  // namespace
}  // namespace daa::test
