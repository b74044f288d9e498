// How Backing::chunked reuses memory inside a phase; on any runtime.

#include <algorithm>
#include <list>
#include <optional>
#include <random>
#include <variant>

#include "daa/device_async_arena.hpp"
#include "stream_fixture.hpp"

namespace daa::test {
namespace {

constexpr std::size_t MiB = std::size_t{1} << 20;

class ArenaRecycle : public StreamFixture {};

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

// A random phase: what to allocate, what to recycle, where scopes begin and end.
struct Allocate {
  std::size_t bytes;
  std::size_t alignment;
};
struct Recycle {
  std::size_t which;  // the how many-th allocation of the phase
};
struct BeginScope {};
struct EndScope {};
using Operation = std::variant<Allocate, Recycle, BeginScope, EndScope>;

std::vector<Operation> random_phase(std::uint64_t seed) {
  std::mt19937_64 random(seed);
  const auto below = [&](std::size_t bound) {
    return std::uniform_int_distribution<std::size_t>{0, bound - 1}(random);
  };
  std::vector<Operation> phase;
  std::vector<std::vector<std::size_t>> live(1);  // by scope
  std::size_t allocations = 0;
  for (int i = 0; i < 300; ++i) {
    const std::size_t dice = below(100);
    if (dice < 55) {
      phase.emplace_back(Allocate{1 + below(std::size_t{2} << below(23)),
                                  dice < 3 ? std::size_t{1} << below(17) : std::size_t{16}});
      live.back().push_back(allocations++);
    } else if (dice < 90) {
      std::vector<std::size_t>& from = live[below(live.size())];
      if (from.empty()) continue;
      const std::size_t which = below(from.size());
      phase.emplace_back(Recycle{from[which]});
      from.erase(from.begin() + static_cast<std::ptrdiff_t>(which));
    } else if (dice < 95) {
      phase.emplace_back(BeginScope{});
      live.emplace_back();
    } else if (live.size() > 1) {
      phase.emplace_back(EndScope{});
      live.pop_back();
    }
  }
  for (; live.size() > 1; live.pop_back()) phase.emplace_back(EndScope{});
  return phase;
}

void run(DeviceAsyncArena& arena, const std::vector<Operation>& phase) {
  std::vector<std::pair<void*, std::size_t>> allocations;
  std::list<ArenaScope> scopes;
  for (const Operation& operation : phase) {
    if (const auto* const allocate = std::get_if<Allocate>(&operation)) {
      allocations.emplace_back(arena.alloc_bytes(allocate->bytes, allocate->alignment), allocate->bytes);
    } else if (const auto* const recycle = std::get_if<Recycle>(&operation)) {
      arena.recycle(allocations[recycle->which].first, allocations[recycle->which].second);
    } else if (std::holds_alternative<BeginScope>(operation)) {
      scopes.emplace_back(arena);
    } else {
      scopes.pop_back();
    }
  }
}

// However a phase grew, the chunk taken at reset() is exactly what it needs when it comes again.
// Phases of one arena that have more or less in common, each against a fresh arena's.
TEST_F(ArenaRecycle, APhaseLiesWhereAFreshArenaWouldHavePutItWhateverCameBefore) {
  std::mt19937 random{7};
  const auto below = [&](std::size_t bound) { return random() % bound; };
  struct Step {
    std::size_t kind, bytes, alignment, nth;
  };
  const auto step = [&] {
    return Step{below(8), 1 + below(below(4) == 0 ? 200'000 : 2'000), below(9) == 0 ? 1024u : 16u,
                below(100)};
  };
  const auto run = [&](DeviceAsyncArena& arena, const std::vector<Step>& steps, std::size_t scope_at) {
    std::vector<std::size_t> trail;
    std::list<DeviceBufferView<std::byte>> live;
    std::optional<ArenaScope> scope;
    std::size_t before_scope = 0;
    auto* const first = static_cast<std::byte*>(arena.alloc_bytes(4096, 4096));
    for (std::size_t i = 0; i < steps.size(); ++i) {
      const auto& [kind, bytes, alignment, nth] = steps[i];
      if (i == scope_at) {
        scope.emplace(arena);
        before_scope = live.size();
      }
      if (i == scope_at + 10 && scope) {
        scope.reset();
        live.resize(std::min(before_scope, live.size()));
      }
      if (kind < 4 || live.empty()) {
        live.emplace_back(static_cast<std::byte*>(arena.alloc_bytes(bytes, alignment)), bytes);
        trail.push_back(static_cast<std::size_t>(live.back().data() - first));
      } else if (!scope) {
        const auto which = std::next(live.begin(), static_cast<std::ptrdiff_t>(nth % live.size()));
        arena.recycle(*which);
        live.erase(which);
      } else if (live.size() > before_scope) {
        arena.recycle(live.back());
        live.pop_back();
      }
      const ArenaStats stats = arena.stats();
      for (const std::size_t figure :
           {stats.bytes_in_use, stats.peak_bytes, stats.recycled_bytes, stats.padding_bytes})
        trail.push_back(figure);
      if (nth == 0 && !scope) arena.trim();
    }
    scope.reset();
    arena.reset();
    return trail;
  };

  DeviceAsyncArena arena{stream()};
  arena.reserve(64 * MiB);
  std::vector<Step> steps(80);
  std::ranges::generate(steps, step);
  for (int phase = 0; phase < 300; ++phase) {
    if (below(3) == 0) steps[below(steps.size())] = step();
    const std::size_t scope_at = below(4) == 0 ? below(steps.size()) : steps.size();
    DeviceAsyncArena fresh{stream()};
    fresh.reserve(64 * MiB);
    arena.reserve(64 * MiB);
    ASSERT_EQ(run(arena, steps, scope_at), run(fresh, steps, scope_at)) << "phase " << phase;
  }
}

TEST_F(ArenaRecycle, APhaseThatComesAgainMakesNoCall) {
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    const std::vector<Operation> phase = random_phase(seed);
    DeviceAsyncArena arena{stream(), {}, {Backing::chunked, std::size_t{1} << (seed % 24)}};
    run(arena, phase);
    arena.reset();
    ASSERT_LE(arena.stats().chunks, 1u);
    const std::size_t calls = arena.stats().runtime_calls;
    for (int i = 0; i < 3; ++i) {
      run(arena, phase);
      arena.reset();
    }
    ASSERT_EQ(arena.stats().runtime_calls, calls) << "seed " << seed;
  }
}

}  // namespace
}  // namespace daa::test
