// What an arena tells about its memory, and that the figures agree with each other; on any runtime.

#include <cstring>

#include "backings.hpp"
#include "daa/device_async_arena.hpp"
#include "daa/format.hpp"
#include "json_reader.hpp"
#include "stream_fixture.hpp"

namespace daa::test {
namespace {

constexpr std::size_t MiB = std::size_t{1} << 20;

class ArenaAccounting : public StreamFixture, public ::testing::WithParamInterface<Backing> {
 protected:
  [[nodiscard]] static ArenaOptions options() {
    ArenaOptions options;
    options.backing = GetParam();
    options.history_phases = 3;
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

INSTANTIATE_TEST_SUITE_P(Backings, ArenaAccounting, both_backings(), ::testing::PrintToStringParamName());

void expect_balanced(const PhaseStats& phase) {
  EXPECT_GE(phase.bytes_requested + phase.padding_bytes, phase.recycled_bytes);
  EXPECT_LE(phase.peak_bytes, phase.bytes_requested + phase.padding_bytes);
}

TEST_P(ArenaAccounting, ThePhasesAddUpToTheLife) {
  DeviceAsyncArena arena{stream(), {}, options()};
  PhaseStats sum;
  for (std::size_t phase = 1; phase <= 5; ++phase) {
    run_phase(arena, phase);
    const ArenaStats stats = arena.stats();
    expect_balanced(stats);
    EXPECT_EQ(stats.allocations, phase + 2);
    EXPECT_EQ(stats.bytes_requested, 1000 * phase + 3100);
    EXPECT_EQ(stats.bytes_in_use, stats.bytes_requested + stats.padding_bytes - stats.recycled_bytes);
    EXPECT_GE(stats.recycled_bytes, 3100u) << "what was recycled and what the scope gave back";
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

TEST_P(ArenaAccounting, TheHistoryHoldsTheLastPhasesWithTheirNames) {
  DeviceAsyncArena arena{stream(), {}, options()};
  EXPECT_TRUE(arena.history().empty());
  for (std::size_t phase = 1; phase <= 5; ++phase) {
    if (phase == 4) arena.name_phase("assemble");
    run_phase(arena, phase);
    arena.reset();
    ASSERT_EQ(arena.history().size(), std::min<std::size_t>(phase, 3));
  }
  const std::vector<PhaseRecord> history = arena.history();
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(history[i].number, 3 + i);
    EXPECT_EQ(history[i].allocations, 3 + i + 2);
    EXPECT_STREQ(history[i].name, i == 1 ? "assemble" : "");
    expect_balanced(history[i]);
  }
}

TEST_P(ArenaAccounting, WithoutHistoryNothingIsRemembered) {
  ArenaOptions forgetful = options();
  forgetful.history_phases = 0;
  DeviceAsyncArena arena{stream(), {}, forgetful};
  run_phase(arena, 1);
  arena.reset();
  EXPECT_TRUE(arena.history().empty());
}

TEST_P(ArenaAccounting, TheJsonHoldsEveryFigure) {
  DeviceAsyncArena arena{stream(), {}, options()};
  run_phase(arena, 2);
  arena.name_phase("a \"quoted\"\tname");
  arena.reset();
  run_phase(arena, 1);
  const ArenaStats stats = arena.stats();
  const std::string text = to_json(stats);
  const Json json = JsonReader{text}.read_all();
  const auto expect_phase = [](const Json& object, const PhaseStats& phase) {
    EXPECT_EQ(object["allocations"].number(), phase.allocations);
    EXPECT_EQ(object["bytes_requested"].number(), phase.bytes_requested);
    EXPECT_EQ(object["padding_bytes"].number(), phase.padding_bytes);
    EXPECT_EQ(object["recycled_bytes"].number(), phase.recycled_bytes);
    EXPECT_EQ(object["tail_bytes"].number(), phase.tail_bytes);
    EXPECT_EQ(object["peak_bytes"].number(), phase.peak_bytes);
  };
  expect_phase(json, stats);
  expect_phase(json["life"], stats.life);
  EXPECT_EQ(json["bytes_in_use"].number(), stats.bytes_in_use);
  EXPECT_EQ(json["high_water_bytes"].number(), stats.high_water_bytes);
  EXPECT_EQ(json["bytes_reserved"].number(), stats.bytes_reserved);
  EXPECT_EQ(json["chunks"].number(), stats.chunks);
  EXPECT_EQ(json["growths"].number(), stats.growths);
  EXPECT_EQ(json["runtime_calls"].number(), stats.runtime_calls);
  EXPECT_EQ(json["phases"].number(), 1);

  const std::string history_text = to_json(arena.history());
  const Json history = JsonReader{history_text}.read_all();
  ASSERT_EQ(history.array().size(), 1u);
  EXPECT_EQ(history.array()[0]["number"].number(), 1);
  EXPECT_EQ(history.array()[0]["name"].string(), "a \"quoted\"\tname");
  expect_phase(history.array()[0], arena.history()[0]);
}

TEST_P(ArenaAccounting, FmtWritesBothForms) {
  DeviceAsyncArena arena{stream(), {}, options()};
  run_phase(arena, 2);
  EXPECT_EQ(fmt::format("{}", arena.stats()), to_string(arena.stats()));
  EXPECT_EQ(fmt::format("{:j}", arena.stats()), to_json(arena.stats()));
}

TEST_P(ArenaAccounting, TheOutOfMemoryMessageTellsWhoAskedAndAllFigures) {
  DeviceAsyncArena arena{stream(), {}, options()};
  run_phase(arena, 2);
  arena.reset();
  run_phase(arena, 7);
  arena.name_phase("assemble");
  const ArenaStats before = arena.stats();
  try {
    static_cast<void>(arena.alloc_bytes(std::size_t{1} << 50));
    FAIL();
  } catch (const OutOfDeviceMemory& error) {
    const std::string text = error.what();
    EXPECT_NE(text.find("1125899906842624 bytes asked by the arena \"solver\" in phase 2 (assemble)"),
              std::string::npos)
        << text;
    ArenaStats told = error.shortage().arena.value();
    EXPECT_NE(text.find(to_string(told)), std::string::npos) << text;
    told.runtime_calls = before.runtime_calls;  // it has tried
    EXPECT_EQ(to_json(told), to_json(before));
  }
}

TEST_P(ArenaAccounting, TheOutOfMemoryMessageTellsWhatAlignmentTakes) {
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

TEST_P(ArenaAccounting, MorePhasesThanCanBeRememberedAreRefused) {
  ArenaOptions endless = options();
  endless.history_phases = ~std::size_t{0};
  EXPECT_THROW((DeviceAsyncArena{stream(), {}, endless}), std::invalid_argument);
}

using ArenaTail = StreamFixture;

TEST_F(ArenaTail, OfAChunkThatWasReplacedOrIsUsedAgainIsNone) {
  DeviceAsyncArena arena{stream(), {}, {Backing::chunked, 2 * MiB}};
  static_cast<void>(arena.alloc_bytes(MiB));
  for (int i = 0; i < 10; ++i) arena.recycle(alloc<std::byte>(arena, 3 * MiB));
  EXPECT_LE(arena.stats().tail_bytes, MiB);
  arena.reset();
  static_cast<void>(arena.alloc_bytes(100 * MiB));
  EXPECT_EQ(arena.stats().tail_bytes, 0u) << "the idle chunk was replaced";
}

TEST_F(ArenaTail, OfAChunkThatWasOutgrownIsTold) {
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
