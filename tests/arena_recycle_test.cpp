// How Backing::chunked reuses memory inside a phase; on any runtime.

#include "daa/device_async_arena.hpp"
#include "stream_fixture.hpp"

namespace daa::test {
namespace {

constexpr std::size_t MiB = std::size_t{1} << 20;

using ArenaRecycle = StreamFixture;

TEST_F(ArenaRecycle, TheLastAllocationUnwinds) {
  DeviceAsyncArena arena{stream()};
  const auto a = alloc<std::byte>(arena, 1000);
  const auto b = alloc<std::byte>(arena, 1000);
  const auto c = alloc<std::byte>(arena, 1000);
  arena.recycle(c);
  EXPECT_EQ(alloc<std::byte>(arena, 5000).data(), c.data());
  arena.reset();
  static_cast<void>(alloc<std::byte>(arena, 1000));
  static_cast<void>(alloc<std::byte>(arena, 1000));
  static_cast<void>(alloc<std::byte>(arena, 1000));
  arena.recycle(b);
  arena.recycle(c);
  arena.recycle(a);
  EXPECT_EQ(arena.stats().bytes_in_use, 0u);
  EXPECT_EQ(alloc<std::byte>(arena, MiB).data(), a.data()) << "in whatever order all goes back";
}

TEST_F(ArenaRecycle, TheSmallestHoleThatFitsIsTaken) {
  DeviceAsyncArena arena{stream()};
  const auto large = alloc<std::byte>(arena, 10'000);
  static_cast<void>(alloc<std::byte>(arena, 1));
  const auto small = alloc<std::byte>(arena, 2'000);
  static_cast<void>(alloc<std::byte>(arena, 1));
  arena.recycle(large);
  arena.recycle(small);
  EXPECT_EQ(alloc<std::byte>(arena, 1'500).data(), small.data());
  EXPECT_EQ(alloc<std::byte>(arena, 1'500).data(), large.data());
  EXPECT_EQ(alloc<std::byte>(arena, 1'500).data(), large.data() + 1'536);
}

TEST_F(ArenaRecycle, NeighbouringHolesAreJoined) {
  DeviceAsyncArena arena{stream()};
  std::vector<DeviceBufferView<std::byte>> row;
  for (int i = 0; i < 9; ++i) row.push_back(alloc<std::byte>(arena, 100'000));
  for (const std::size_t i : {3u, 5u, 4u}) arena.recycle(row[i]);
  EXPECT_EQ(alloc<std::byte>(arena, 300'000).data(), row[3].data());
}

TEST_F(ArenaRecycle, ResetForgetsTheHoles) {
  DeviceAsyncArena arena{stream()};
  const auto first = alloc<std::byte>(arena, 1'000);
  static_cast<void>(alloc<std::byte>(arena, 1'000));
  arena.recycle(first);
  arena.reset();
  const auto again = alloc<std::byte>(arena, 1'000);
  EXPECT_EQ(again.data(), first.data());
  EXPECT_EQ(alloc<std::byte>(arena, 1'000).data(), again.data() + 1'024);
}

TEST_F(ArenaRecycle, AHoleAcrossTwoChunksTakesNoMoreThanIsAsked) {
  DeviceAsyncArena arena{stream(), {}, {Backing::chunked, 2 * MiB}};
  std::vector<DeviceBufferView<std::byte>> row;
  for (int i = 0; i < 4; ++i) row.push_back(alloc<std::byte>(arena, MiB));
  static_cast<void>(alloc<std::byte>(arena, 100));
  EXPECT_GT(arena.stats().chunks, 1u);
  const std::size_t reserved = arena.stats().bytes_reserved;
  arena.recycle(row[1]);
  arena.recycle(row[2]);
  const auto across = alloc<std::byte>(arena, 2 * MiB);
  fill(across.data(), 1, 2 * MiB);
  fill(row[0].data(), 2, MiB);
  fill(row[3].data(), 3, MiB);
  EXPECT_TRUE(holds(across.data(), 1, 2 * MiB));
  EXPECT_LE(arena.stats().bytes_reserved, reserved + 2 * MiB);
  arena.recycle(across);
  EXPECT_LE(arena.stats().bytes_reserved, reserved) << "its own chunk goes back at once";
}

TEST_F(ArenaRecycle, ASecondGiveBackOfAHoleAndAnAddressInsideAnAllocationAreRefused) {
  DeviceAsyncArena arena{stream()};
  const auto first = alloc<std::byte>(arena, 1000);
  const auto second = alloc<std::byte>(arena, 1000);
  static_cast<void>(alloc<std::byte>(arena, 1000));
  arena.recycle(first);
  const std::string before = to_json(arena.stats());
  EXPECT_THROW(arena.recycle(first), std::invalid_argument);
  EXPECT_THROW(arena.recycle(second.data() + 100, 500), std::invalid_argument);
  EXPECT_EQ(to_json(arena.stats()), before);
  arena.reset();
}

// What is undefined may give memory twice; it must not hang or corrupt the arena.
TEST_F(ArenaRecycle, AMistakeThatGoesUnnoticedEndsWithThePhase) {
  for (int way = 0; way < 4; ++way) {
    DeviceAsyncArena arena{stream()};
    const auto p = alloc<std::byte>(arena, 512);
    const auto q = alloc<std::byte>(arena, 256);
    const auto r = alloc<std::byte>(arena, 256);
    static_cast<void>(alloc<std::byte>(arena, 256));
    const auto recycle = [&](const std::byte* pointer, std::size_t bytes) {
      try {
        arena.recycle(const_cast<std::byte*>(pointer), bytes);
      } catch (const std::invalid_argument&) {  // noticed: as good
      }
    };
    if (way == 0) {
      recycle(p.data(), 512);
      static_cast<void>(alloc<std::byte>(arena, 256));
      recycle(p.data(), 512);
    } else if (way == 1) {
      recycle(q.data(), 512);
      recycle(r.data(), 256);
    } else if (way == 2) {
      recycle(p.data() + 256, 256);
      recycle(p.data(), 512);
    } else {
      recycle(p.data(), 768);
      recycle(q.data(), 256);
      recycle(p.data(), 512);
    }
    for (int i = 0; i < 5; ++i) static_cast<void>(alloc<std::byte>(arena, 256));
    arena.reset();
    EXPECT_EQ(arena.stats().bytes_in_use, 0u);
    const auto first = alloc<std::byte>(arena, 1000);
    const auto second = alloc<std::byte>(arena, 1000);
    const auto third = alloc<std::byte>(arena, 1000);
    arena.recycle(second);
    EXPECT_EQ(alloc<std::byte>(arena, 1000).data(), second.data());
    EXPECT_EQ(first.data() + 2048, third.data());
  }
}

TEST_F(ArenaRecycle, ManySmallAllocationsOfAPhaseThatRecyclesDoNotEachGetAChunk) {
  DeviceAsyncArena arena{stream()};
  arena.recycle(alloc<std::byte>(arena, 1000));
  for (int i = 0; i < 20'000; ++i) static_cast<void>(alloc<std::byte>(arena, 1024));
  EXPECT_LE(arena.stats().growths, 250u);
  EXPECT_LE(static_cast<double>(arena.stats().bytes_reserved),
            1.1 * static_cast<double>(arena.stats().bytes_in_use) + 2.0 * MiB);
}

TEST_F(ArenaRecycle, WhatIsReservedIsNotSpentOnAHole) {
  DeviceAsyncArena arena{stream()};
  std::vector<DeviceBufferView<std::byte>> row;
  for (int i = 0; i < 4; ++i) row.push_back(alloc<std::byte>(arena, MiB));
  arena.recycle(row[1]);
  arena.recycle(row[2]);
  arena.reserve(8 * MiB);
  const std::size_t reserved = arena.stats().bytes_reserved;
  static_cast<void>(alloc<std::byte>(arena, 2 * MiB));
  static_cast<void>(alloc<std::byte>(arena, 7 * MiB));
  EXPECT_LE(arena.stats().bytes_reserved, reserved + 2 * MiB);
}

}  // namespace
}  // namespace daa::test
