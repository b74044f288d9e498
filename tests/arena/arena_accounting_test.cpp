// Statistics of an arena and the figures in its messages agree with each other; on any runtime.

#include "backings.hpp"
#include "daa/device_async_arena.hpp"
#include "stream_fixture.hpp"

namespace daa::test {
namespace {

constexpr std::size_t MiB = std::size_t{1} << 20;

class ArenaAccounting : public StreamFixture, public ::testing::WithParamInterface<Backing> {
 protected:
  [[nodiscard]] static ArenaOptions options() {
    ArenaOptions options;
    options.backing = GetParam();
    options.name = "solver";
    return options;
  }
  static void run_phase(DeviceAsyncArena& arena, std::size_t allocations) {
    for (std::size_t i = 0; i < allocations; ++i) static_cast<void>(arena.alloc_bytes(1000));
    const ArenaScope scope{arena};
    const auto recycled = alloc<std::byte>(arena, 3000);
    static_cast<void>(arena.alloc_bytes(100, 4096));
    arena.recycle(recycled);
  }
};

INSTANTIATE_TEST_SUITE_P(Backings, ArenaAccounting, all_backings(), ::testing::PrintToStringParamName());

void expect_balanced(const PhaseStats& phase) {
  EXPECT_GE(phase.bytes_requested + phase.padding_bytes, phase.recycled_bytes);
  EXPECT_LE(phase.peak_bytes, phase.bytes_requested + phase.padding_bytes);
}

TEST_P(ArenaAccounting, LifetimeTotalsAreTheSumOfThePhases) {
  DeviceAsyncArena arena{stream(), {}, options()};
  PhaseStats sum;
  for (std::size_t phase = 1; phase <= 5; ++phase) {
    run_phase(arena, phase);
    const ArenaStats stats = arena.stats();
    expect_balanced(stats);
    EXPECT_EQ(stats.allocations, phase + 2);
    EXPECT_EQ(stats.bytes_requested, 1000 * phase + 3100);
    EXPECT_EQ(stats.bytes_in_use, stats.bytes_requested + stats.padding_bytes - stats.recycled_bytes);
    EXPECT_GE(stats.recycled_bytes, 3100u) << "what was recycled and what the scope freed";
    EXPECT_GT(stats.peak_bytes, stats.bytes_in_use);
    sum.allocations += stats.allocations;
    sum.bytes_requested += stats.bytes_requested;
    sum.padding_bytes += stats.padding_bytes;
    sum.recycled_bytes += stats.recycled_bytes;
    sum.tail_bytes += stats.tail_bytes;
    sum.peak_bytes = std::max(sum.peak_bytes, stats.peak_bytes);
    arena.reset();
    EXPECT_EQ(arena.stats().phases, phase);
  }
  const PhaseStats life = arena.stats().life;
  EXPECT_EQ(life.allocations, sum.allocations);
  EXPECT_EQ(life.bytes_requested, sum.bytes_requested);
  EXPECT_EQ(life.padding_bytes, sum.padding_bytes);
  EXPECT_EQ(life.recycled_bytes, sum.recycled_bytes);
  EXPECT_EQ(life.tail_bytes, sum.tail_bytes);
  EXPECT_EQ(life.peak_bytes, sum.peak_bytes);
  EXPECT_EQ(arena.stats().high_water_bytes, sum.peak_bytes);
  EXPECT_EQ(arena.stats().bytes_in_use, 0u);
}

TEST_P(ArenaAccounting, TheOutOfMemoryMessageNamesTheArenaAndAllFigures) {
  DeviceAsyncArena arena{stream(), {}, options()};
  run_phase(arena, 2);
  arena.reset();
  run_phase(arena, 7);
  const ArenaStats before = arena.stats();
  try {
    static_cast<void>(arena.alloc_bytes(std::size_t{1} << 50));
    FAIL();
  } catch (const OutOfDeviceMemory& error) {
    const std::string text = error.what();
    EXPECT_NE(text.find("1125899906842624 bytes requested by the arena \"solver\" in phase 2"),
              std::string::npos)
        << text;
    ArenaStats reported = error.shortage().arena.value();
    EXPECT_NE(text.find(to_string(reported)), std::string::npos) << text;
    reported.runtime_calls = before.runtime_calls;  // the failed attempts
    EXPECT_EQ(to_string(reported), to_string(before));
  }
}

TEST_P(ArenaAccounting, TheOutOfMemoryMessageIncludesThePaddingForAlignment) {
  DeviceAsyncArena arena{stream(), {}, options()};
  try {
    static_cast<void>(arena.alloc_bytes(1000, std::size_t{1} << 50));
    FAIL();
  } catch (const OutOfDeviceMemory& error) {
    EXPECT_EQ(error.shortage().bytes_asked, 1000u);
    const std::size_t needed = error.shortage().bytes_needed;
    EXPECT_GE(needed, (std::size_t{1} << 50) - detail::min_alignment + 1000);
    EXPECT_LE(needed, (std::size_t{1} << 50) + 1024);
    const std::string text = error.what();
    EXPECT_NE(text.find(", " + std::to_string(needed) + " with padding"), std::string::npos) << text;
  }
}

using ArenaTail = StreamFixture;

TEST_F(ArenaTail, IsZeroForAChunkThatWasReplacedOrReused) {
  DeviceAsyncArena arena{stream(), {}, {Backing::chunked, 2 * MiB}};
  static_cast<void>(arena.alloc_bytes(MiB));
  for (int i = 0; i < 10; ++i) arena.recycle(alloc<std::byte>(arena, 3 * MiB));
  EXPECT_LE(arena.stats().tail_bytes, MiB);
  arena.reset();
  static_cast<void>(arena.alloc_bytes(100 * MiB));
  EXPECT_EQ(arena.stats().tail_bytes, 0u) << "the idle chunk was replaced";
}

TEST_F(ArenaTail, IsReportedForAChunkThatWasOutgrown) {
  DeviceAsyncArena arena{stream(), {}, {Backing::chunked, 2 * MiB}};
  static_cast<void>(arena.alloc_bytes(MiB));
  EXPECT_EQ(arena.stats().tail_bytes, 0u);
  static_cast<void>(arena.alloc_bytes(3 * MiB));
  EXPECT_EQ(arena.stats().tail_bytes, MiB);
  arena.reset();
  EXPECT_EQ(arena.stats().tail_bytes, 0u);
  EXPECT_EQ(arena.stats().life.tail_bytes, MiB);
}

}  // namespace
}  // namespace daa::test
