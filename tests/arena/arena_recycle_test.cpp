// Reuse of memory inside a phase with Backing::chunked; on any runtime.

#include "daa/device_async_arena.hpp"
#include "stream_fixture.hpp"

namespace daa::test {
namespace {

constexpr std::size_t MiB = std::size_t{1} << 20;

using ArenaRecycle = StreamFixture;

TEST_F(ArenaRecycle, RecyclingTheLastAllocationLowersTheTop) {
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
  EXPECT_EQ(alloc<std::byte>(arena, MiB).data(), a.data()) << "for any order of recycling";
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

TEST_F(ArenaRecycle, AdjacentHolesAreMerged) {
  DeviceAsyncArena arena{stream()};
  std::vector<DeviceBufferView<std::byte>> row;
  for (int i = 0; i < 9; ++i) row.push_back(alloc<std::byte>(arena, 100'000));
  for (const std::size_t i : {3u, 5u, 4u}) arena.recycle(row[i]);
  EXPECT_EQ(alloc<std::byte>(arena, 300'000).data(), row[3].data());
}

TEST_F(ArenaRecycle, ResetDiscardsTheHoles) {
  DeviceAsyncArena arena{stream()};
  const auto first = alloc<std::byte>(arena, 1'000);
  static_cast<void>(alloc<std::byte>(arena, 1'000));
  arena.recycle(first);
  arena.reset();
  const auto again = alloc<std::byte>(arena, 1'000);
  EXPECT_EQ(again.data(), first.data());
  EXPECT_EQ(alloc<std::byte>(arena, 1'000).data(), again.data() + 1'024);
}

TEST_F(ArenaRecycle, AllocationsDoNotOverlapIfHolesMeetAtTheEndOfAChunk) {
  DeviceAsyncArena arena{stream(), {}, {Backing::chunked, 2 * MiB}};
  std::vector<DeviceBufferView<std::byte>> row;
  for (int i = 0; i < 4; ++i) row.push_back(alloc<std::byte>(arena, MiB));
  static_cast<void>(alloc<std::byte>(arena, 100));
  EXPECT_GT(arena.stats().chunks, 1u);
  arena.recycle(row[1]);
  arena.recycle(row[2]);
  const auto larger = alloc<std::byte>(arena, 2 * MiB);
  fill(larger.data(), 1, 2 * MiB);
  fill(row[0].data(), 2, MiB);
  fill(row[3].data(), 3, MiB);
  EXPECT_TRUE(holds(larger.data(), 1, 2 * MiB));
  const std::size_t reserved = arena.stats().bytes_reserved;
  arena.recycle(larger);
  EXPECT_EQ(arena.stats().bytes_reserved, reserved) << "memory stays for the phase";
}

TEST_F(ArenaRecycle, ARepeatedRecycleAndAnAddressInsideAnAllocationAreRefused) {
  DeviceAsyncArena arena{stream()};
  const auto first = alloc<std::byte>(arena, 1000);
  const auto second = alloc<std::byte>(arena, 1000);
  static_cast<void>(alloc<std::byte>(arena, 1000));
  arena.recycle(first);
  const std::string before = to_string(arena.stats());
  EXPECT_THROW(arena.recycle(first), std::invalid_argument);
  EXPECT_THROW(arena.recycle(second.data() + 100, 500), std::invalid_argument);
  EXPECT_EQ(to_string(arena.stats()), before);
  arena.reset();
}

// Undefined calls may hand out memory twice; they must not hang or corrupt the arena.
TEST_F(ArenaRecycle, AnUndetectedMistakeHasNoEffectOnTheNextPhase) {
  for (int mistake = 0; mistake < 4; ++mistake) {
    DeviceAsyncArena arena{stream()};
    const auto p = alloc<std::byte>(arena, 512);
    const auto q = alloc<std::byte>(arena, 256);
    const auto r = alloc<std::byte>(arena, 256);
    static_cast<void>(alloc<std::byte>(arena, 256));
    const auto recycle = [&](const std::byte* pointer, std::size_t bytes) {
      try {
        arena.recycle(const_cast<std::byte*>(pointer), bytes);
      } catch (const std::invalid_argument&) {  // detecting it is allowed too
      }
    };
    if (mistake == 0) {
      recycle(p.data(), 512);
      static_cast<void>(alloc<std::byte>(arena, 256));
      recycle(p.data(), 512);
    } else if (mistake == 1) {
      recycle(q.data(), 512);
      recycle(r.data(), 256);
    } else if (mistake == 2) {
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

TEST_F(ArenaRecycle, ReservedMemoryIsAvailableWhateverHolesThereAre) {
  for (const std::size_t bytes : {2 * MiB, MiB, MiB / 2, std::size_t{4096}}) {
    DeviceAsyncArena arena{stream()};
    std::vector<DeviceBufferView<std::byte>> row;
    for (int i = 0; i < 4; ++i) row.push_back(alloc<std::byte>(arena, 10 * MiB / (i % 2 == 0 ? 1 : 10)));
    arena.recycle(row[0]);
    arena.recycle(row[2]);
    arena.reserve(32 * MiB);
    const std::size_t growths = arena.stats().growths;
    for (std::size_t i = 0; i < 32 * MiB / bytes; ++i) static_cast<void>(arena.alloc_bytes(bytes));
    EXPECT_EQ(arena.stats().growths, growths) << bytes;
  }
}

// The pattern of RMM's and CUB's handles on an arena that is never reset.
TEST_F(ArenaRecycle, ALoopThatAllocatesAndRecyclesGrowsOnce) {
  DeviceAsyncArena arena{stream()};
  static_cast<void>(arena.alloc_bytes(MiB));
  arena.recycle(alloc<std::byte>(arena, 10 * MiB));
  const std::size_t calls = arena.stats().runtime_calls;
  for (int i = 0; i < 100; ++i) {
    arena.recycle(alloc<std::byte>(arena, 10 * MiB));
    const ArenaScope scope{arena};
    static_cast<void>(arena.alloc_bytes(10 * MiB));
  }
  EXPECT_EQ(arena.stats().runtime_calls, calls);
}

TEST_F(ArenaRecycle, RecycledMemoryServesSmallerAllocationsWithoutGrowth) {
  DeviceAsyncArena arena{stream()};
  static_cast<void>(arena.alloc_bytes(MiB));
  const auto large = alloc<std::byte>(arena, 64 * MiB);
  static_cast<void>(arena.alloc_bytes(4 * MiB));
  arena.recycle(large);
  const std::size_t calls = arena.stats().runtime_calls;
  for (int i = 0; i < 16384; ++i) static_cast<void>(arena.alloc_bytes(4096));
  EXPECT_EQ(arena.stats().runtime_calls, calls);
}

TEST_F(ArenaRecycle, TheTailOfAChunkIsUsed) {
  for (const bool recycles : {false, true}) {
    DeviceAsyncArena arena{stream(), {}, {Backing::chunked, 10 * MiB}};
    const auto first = alloc<std::byte>(arena, 4 * MiB);
    static_cast<void>(alloc<std::byte>(arena, 8 * MiB));
    EXPECT_EQ(arena.stats().tail_bytes, 6 * MiB);
    if (recycles) arena.recycle(alloc<std::byte>(arena, 100));
    EXPECT_EQ(alloc<std::byte>(arena, 6 * MiB).data(), first.data() + 4 * MiB);
  }
}

}  // namespace
}  // namespace daa::test
