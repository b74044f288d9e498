// Repeated phases of Backing::chunked that recycle; on any runtime.

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

using ArenaRecycle = StreamFixture;

// Phases of one arena that have more or less in common, each compared with a new arena's.
TEST_F(ArenaRecycle, APhaseHasTheFiguresOfANewArenaWhateverCameBefore) {
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
    static_cast<void>(arena.alloc_bytes(4096, 4096));
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

// A random phase: allocations, recycles, beginnings and ends of scopes.
struct Allocate {
  std::size_t bytes;
  std::size_t alignment;
};
struct Recycle {
  std::size_t which;  // index of the allocation in the phase
};
struct BeginScope {};
struct EndScope {};
using Operation = std::variant<Allocate, Recycle, BeginScope, EndScope>;

enum class Frees { early, in_scopes, both };

std::vector<Operation> random_phase(std::uint64_t seed, Frees frees) {
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
      if (frees == Frees::in_scopes) continue;
      std::vector<std::size_t>& from = live[below(live.size())];
      if (from.empty()) continue;
      const std::size_t which = below(from.size());
      phase.emplace_back(Recycle{from[which]});
      from.erase(from.begin() + static_cast<std::ptrdiff_t>(which));
    } else if (frees == Frees::early) {
      continue;
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

// However a phase grew, the chunk allocated at reset() has the size that a repetition needs.
TEST_F(ArenaRecycle, ARepeatedPhaseMakesNoCall) {
  for (const Frees frees : {Frees::early, Frees::in_scopes}) {
    for (std::uint64_t seed = 1; seed <= 200; ++seed) {
      const std::vector<Operation> phase = random_phase(seed, frees);
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
}

// Such phases are not planned, and may choose other holes in one chunk than in several.
TEST_F(ArenaRecycle, APhaseThatRecyclesAndHasScopesSeldomGrowsAgainAndSettles) {
  int grew_again = 0;
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    const std::vector<Operation> phase = random_phase(seed, Frees::both);
    DeviceAsyncArena arena{stream(), {}, {Backing::chunked, std::size_t{1} << (seed % 24)}};
    const auto growths = [&] {
      const std::size_t before = arena.stats().growths;
      run(arena, phase);
      arena.reset();
      return arena.stats().growths - before;
    };
    growths();
    grew_again += growths() != 0;
    for (int i = 0; i < 2; ++i) growths();
    for (int i = 0; i < 3; ++i) ASSERT_EQ(growths(), 0u) << "seed " << seed;
  }
  EXPECT_LE(grew_again, 30);
}

// A phase in which best fit needs more than is live: the middle one of three stays, then a large one comes.
std::size_t run_fragmented(DeviceAsyncArena& arena, std::size_t scale) {
  const std::size_t small = 4 * scale, large = 7 * scale;
  void* const first = arena.alloc_bytes(small);
  void* const second = arena.alloc_bytes(scale);
  void* const third = arena.alloc_bytes(small);
  arena.recycle(first, small);
  arena.recycle(third, small);
  void* const fourth = arena.alloc_bytes(large);
  arena.recycle(second, scale);
  arena.recycle(fourth, large);
  arena.reset();
  return 9 * scale;  // live at most
}

TEST_F(ArenaRecycle, APhaseThatComesAgainTakesWhatIsLive) {
  DeviceAsyncArena arena{stream()};
  std::size_t live = 0;
  for (int phase = 0; phase < 5; ++phase) live = run_fragmented(arena, 4 * MiB);
  const ArenaStats settled = arena.stats();
  EXPECT_EQ(settled.bytes_reserved, live);
  for (const std::size_t scale : {4 * MiB, MiB, 3 * MiB}) run_fragmented(arena, scale);
  EXPECT_EQ(arena.stats().runtime_calls, settled.runtime_calls) << "smaller ones follow the same plan";
  EXPECT_EQ(arena.stats().bytes_reserved, live);
}

TEST_F(ArenaRecycle, ASizeThatOverflowsIsRefusedInAPlannedPhaseToo) {
  DeviceAsyncArena arena{stream()};
  for (int phase = 0; phase < 5; ++phase) {
    void* const first = arena.alloc_bytes(MiB);
    EXPECT_THROW(static_cast<void>(arena.alloc_bytes(~std::size_t{0})), OutOfDeviceMemory) << phase;
    void* const second = arena.alloc_bytes(MiB);
    arena.recycle(first, MiB);
    arena.recycle(second, MiB);
    arena.reset();
  }
}

TEST_F(ArenaRecycle, MemoryThatGraphsUseIsNotCutDownToThePlans) {
  DeviceAsyncArena arena{stream(), {}, {Backing::chunked, 1, 0, CapturePolicy::presized}};
  run_fragmented(arena, 4 * MiB);
  const ArenaStats first = arena.stats();
  for (int phase = 0; phase < 10; ++phase) run_fragmented(arena, 4 * MiB);
  EXPECT_EQ(arena.stats().bytes_reserved, first.bytes_reserved);
  EXPECT_EQ(arena.stats().runtime_calls, first.runtime_calls);
}

TEST_F(ArenaRecycle, MemoryIsNotCutDownAgainAndAgainWhereItIsNeededAgain) {
  std::mt19937 random{5};
  DeviceAsyncArena arena{stream()};
  const auto calls_of = [&](int rounds) {
    const std::size_t before = arena.stats().runtime_calls;
    for (int round = 0; round < rounds; ++round) {
      for (int phase = 0; phase < 4; ++phase) run_fragmented(arena, MiB);
      const std::size_t bytes = (10 + random() % 20) * MiB;  // another phase each time, and larger
      void* const other = arena.alloc_bytes(bytes);
      const std::size_t more = bytes + random() % MiB;
      arena.recycle(arena.alloc_bytes(more), more);
      arena.recycle(other, bytes);
      arena.reset();
    }
    return arena.stats().runtime_calls - before;
  };
  calls_of(200);
  EXPECT_LE(calls_of(200), 10u);
}

// Phases that begin alike, so that one may follow the plan of the other.
TEST_F(ArenaRecycle, PhasesThatBeginAlikeSettle) {
  DeviceAsyncArena arena{stream()};
  const auto other = [&] {
    void* const first = arena.alloc_bytes(4 * MiB);
    void* const second = arena.alloc_bytes(34 * MiB);
    arena.recycle(arena.alloc_bytes(MiB), MiB);
    arena.recycle(second, 34 * MiB);
    arena.recycle(first, 4 * MiB);
    arena.reset();
  };
  for (const int in_a_row : {1, 2}) {
    std::size_t calls = 0;
    for (int round = 0; round < 20; ++round) {
      if (round == 10) calls = arena.stats().runtime_calls;
      for (int i = 0; i < in_a_row; ++i) run_fragmented(arena, MiB);
      for (int i = 0; i < in_a_row; ++i) other();
    }
    EXPECT_EQ(arena.stats().runtime_calls, calls) << in_a_row;
  }
}

// What reserve() promises, in and after phases that follow plans.
TEST_F(ArenaRecycle, AReserveHoldsWhateverPlansThereAre) {
  for (const bool between : {true, false}) {
    DeviceAsyncArena arena{stream()};
    for (int phase = 0; phase < 5; ++phase) run_fragmented(arena, MiB);
    if (between) arena.reserve(30 * MiB);
    static_cast<void>(arena.alloc_bytes(MiB));
    if (!between) arena.reserve(29 * MiB);
    for (int phase = 0; phase < 2; ++phase) {
      const std::size_t calls = arena.stats().runtime_calls;
      static_cast<void>(arena.alloc_bytes(29 * MiB));
      EXPECT_EQ(arena.stats().runtime_calls, calls) << between << phase;
      arena.reset();
      static_cast<void>(arena.alloc_bytes(MiB));
    }
  }
}

TEST_F(ArenaRecycle, APhaseThatReservesTakesNoMoreWhenItComesAgain) {
  DeviceAsyncArena arena{stream()};
  for (int phase = 0; phase < 8; ++phase) {
    void* const first = arena.alloc_bytes(MiB);
    arena.reserve(40 * MiB);
    arena.recycle(arena.alloc_bytes(40 * MiB), 40 * MiB);
    arena.recycle(first, MiB);
    arena.reset();
    EXPECT_LE(arena.stats().bytes_reserved, 42 * MiB) << phase;
  }
}

TEST_F(ArenaRecycle, ARepeatedRecycleIsRefusedInAPlannedPhaseToo) {
  DeviceAsyncArena arena{stream()};
  for (int phase = 0; phase < 5; ++phase) {
    const auto first = alloc<std::byte>(arena, 3000);
    const auto second = alloc<std::byte>(arena, 2000);
    arena.recycle(first);
    const std::string before = to_string(arena.stats());
    EXPECT_THROW(arena.recycle(first), std::invalid_argument) << phase;
    EXPECT_EQ(to_string(arena.stats()), before);
    arena.recycle(second);
    arena.reset();
  }
}

}  // namespace
}  // namespace daa::test
