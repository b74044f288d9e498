// Captured phases of an arena.

#include <list>
#include <random>
#include <tuple>

#include "arena_capture_fixture.hpp"

namespace daa::test {
namespace {

INSTANTIATE_TEST_SUITE_P(Backings, ArenaCapture, all_backings(), ::testing::PrintToStringParamName());

class ArenaCaptureInPool : public ArenaCapture {};
INSTANTIATE_TEST_SUITE_P(Backings, ArenaCaptureInPool, pool_backings(), ::testing::PrintToStringParamName());

TEST_P(ArenaCaptureInPool, RefusedGrowthNamesTheRemedyAndKeepsTheCaptureValid) {
  for (const CapturePolicy policy : {CapturePolicy::refuse_growth, CapturePolicy::presized}) {
    DeviceAsyncArena arena = make_arena(policy);
    begin();
    const ArenaStats before = arena.stats();
    try {
      static_cast<void>(arena.alloc_bytes(12345));
      ADD_FAILURE() << "memory was allocated during a capture";
    } catch (const GrowthDuringCapture& error) {
      const std::string text = error.what();
      EXPECT_NE(text.find("12345 bytes requested by the arena \"captured\" in phase 1"), std::string::npos)
          << text;
      const auto advises = [&](const char* what) { return text.find(what) != std::string::npos; };
      EXPECT_TRUE(advises("run the phase once")) << text;
      EXPECT_EQ(advises("reserve()"), GetParam() == Backing::chunked) << text;
      EXPECT_EQ(advises("CapturePolicy::presized"), policy == CapturePolicy::refuse_growth) << text;
    }
    EXPECT_EQ(arena.stats().allocations, before.allocations);
    EXPECT_EQ(arena.stats().bytes_reserved, 0u);
    set(5);
    graph = end();
    ASSERT_NE(graph, nullptr);
    EXPECT_EQ(nodes(graph).size(), 1u);
    expect_launch_gives(instantiate(graph), 5);
    run_ordinarily(arena, 6);
  }
}

TEST_P(ArenaCapture, ACapturedPhaseCanBeLaunchedBetweenOrdinaryPhases) {
  DeviceAsyncArena arena = make_arena(CapturePolicy::presized);
  run_ordinarily(arena, 1);
  const std::size_t growths = arena.stats().growths;
  const cudaGraphExec_t exec = capture(arena, 2);
  EXPECT_EQ(count(cudaGraphNodeTypeMemAlloc), 0u);
  EXPECT_EQ(count(cudaGraphNodeTypeMemFree), 0u);
  for (int i = 0; i < 20; ++i) {
    run_ordinarily(arena, 10 + i);
    expect_launch_gives(exec, 2);
  }
  EXPECT_EQ(arena.stats().growths, growths);
}

TEST_P(ArenaCapture, SeveralPhasesMayBeCapturedIntoOneGraph) {
  DeviceAsyncArena arena = make_arena(CapturePolicy::presized);
  run_ordinarily(arena, 1);
  begin();
  for (int i = 2; i < 6; ++i) {
    run(arena, i);
    arena.reset();
  }
  graph = end();
  expect_launch_gives(instantiate(graph), 5);
}

TEST_P(ArenaCapture, ACaptureThatFailsMidwayLeavesTheArenaUsable) {
  for (const CapturePolicy policy : {CapturePolicy::refuse_growth, CapturePolicy::presized}) {
    {
      DeviceAsyncArena arena = make_arena(policy);
      arena.reserve(MiB);
      run_ordinarily(arena, 1);
      if (GetParam() == Backing::individual && policy == CapturePolicy::refuse_growth) continue;
      begin();
      run(arena, 2);
      EXPECT_NE(cudaStreamSynchronize(stream), cudaSuccess) << "which makes the capture invalid";
      cudaGetLastError();
      if (GetParam() != Backing::mapped) {
        EXPECT_ANY_THROW(static_cast<void>(arena.alloc_bytes(64 * MiB)));
      }
      EXPECT_EQ(cudaPeekAtLastError(), cudaSuccess);
      arena.reset();
      end_invalid();
      run_ordinarily(arena, 3);
      run_ordinarily(arena, 4, 1000);
      run_ordinarily(arena, 5, 1000);
    }
    EXPECT_EQ(pool_bytes_used(), 0u);
  }
}

TEST_P(ArenaCapture, APhaseThatRanOnceFitsACaptureWhateverRetainBytesIs) {
  ArenaOptions options;
  options.backing = GetParam();
  options.capture = CapturePolicy::presized;
  options.retain_bytes = 0;
  DeviceAsyncArena arena{stream, arena_pool(), options};
  const auto phase = [&] {
    void* const first = arena.alloc_bytes(3 * MiB / 2);
    void* const second = arena.alloc_bytes(3 * MiB);
    set(second, 6);
    EXPECT_CUDA(cudaMemcpyAsync(first, second, bytes, cudaMemcpyDeviceToDevice, stream));
    copy_to_device(first);
    arena.reset();
  };
  phase();
  begin();
  phase();
  graph = end();
  expect_launch_gives(instantiate(graph), 6);
}

// A random phase that ran once needs no more memory in a capture.
TEST_P(ArenaCapture, ARandomPhaseThatRanOnceFitsACapture) {
  for (std::uint32_t seed = 1; seed <= 300; ++seed) {
    std::mt19937 random(seed);
    ArenaOptions options;
    options.backing = GetParam();
    options.capture = CapturePolicy::presized;
    options.initial_bytes = 256 * (1 + random() % 60);
    DeviceAsyncArena arena{stream, arena_pool(), options};
    const auto phase = [&] {
      std::mt19937 same(seed);
      std::vector<std::pair<void*, std::size_t>> live;
      std::list<std::pair<ArenaScope, std::size_t>> scopes;
      for (int i = 0; i < 60; ++i) {
        const std::size_t dice = same() % 100;
        if (dice < 40 && !live.empty() && scopes.empty()) {
          std::swap(live[same() % live.size()], live.back());
          arena.recycle(live.back().first, live.back().second);
          live.pop_back();
        } else if (dice < 48) {
          scopes.emplace_back(std::piecewise_construct, std::forward_as_tuple(arena),
                              std::forward_as_tuple(live.size()));
        } else if (dice < 54 && !scopes.empty()) {
          live.resize(scopes.back().second);
          scopes.pop_back();
        } else {
          const std::size_t size = 256 * (1 + same() % 40);
          live.emplace_back(arena.alloc_bytes(size, same() % 8 == 0 ? 512 : 16), size);
        }
      }
      while (!scopes.empty()) scopes.pop_back();
    };
    phase();
    arena.reset();
    begin();
    EXPECT_NO_THROW(phase()) << "seed " << seed;
    arena.reset();
    static_cast<void>(end());
  }
}

TEST_P(ArenaCapture, MemoryKeptForGraphsIsAtMostAFewTimesTheLargestPhase) {
  for (const bool recycles : {false, true}) {
    ArenaOptions options;
    options.backing = GetParam();
    options.capture = CapturePolicy::presized;
    DeviceAsyncArena arena{stream, arena_pool(), options};
    std::size_t size = MiB;
    for (int phase = 0; phase < 200; ++phase, size += 256) {
      if (recycles) {
        void* const first = arena.alloc_bytes(256);
        static_cast<void>(arena.alloc_bytes(256));
        arena.recycle(first, 256);
      }
      static_cast<void>(arena.alloc_bytes(size));
      arena.reset();
    }
    EXPECT_LE(arena.stats().bytes_reserved, 5 * size);
    EXPECT_LE(arena.stats().growths, 10u);
  }
}

using ArenaCaptureChunked = GraphFixture;

TEST_F(ArenaCaptureChunked, RecycledMemoryServesACapturedPhase) {
  DeviceAsyncArena arena{stream};
  static_cast<void>(arena.alloc_bytes(MiB));
  void* const own_chunk = arena.alloc_bytes(4 * MiB);
  static_cast<void>(arena.alloc_bytes(bytes));
  arena.recycle(own_chunk, 4 * MiB);
  begin();
  EXPECT_NO_THROW(static_cast<void>(arena.alloc_bytes(4 * MiB)));
  static_cast<void>(end());
}

TEST_P(ArenaCapture, ScopesAndRecyclingWorkInACapture) {
  DeviceAsyncArena arena = make_arena(CapturePolicy::presized);
  const auto phase = [&](int value) {
    void* const outer = arena.alloc_bytes(bytes);
    set(outer, value);
    for (int i = 0; i < 3; ++i) {
      const ArenaScope scope{arena};
      void* const inner = arena.alloc_bytes(bytes);
      set(inner, 99);
      void* const second = arena.alloc_bytes(bytes);
      set(second, 98);
      arena.recycle(inner, bytes);
      set(arena.alloc_bytes(bytes), 97);
    }
    copy_to_device(outer);
  };
  phase(1);
  arena.reset();
  begin();
  phase(2);
  arena.reset();
  graph = end();
  const cudaGraphExec_t exec = instantiate(graph);
  run_ordinarily(arena, 3, 100);
  expect_launch_gives(exec, 2);
}

TEST_P(ArenaCapture, ACheckedArenaLeavesACaptureValid) {
  DeviceAsyncArena arena = make_arena(CapturePolicy::presized, true);
  run_ordinarily(arena, 1);
  const cudaGraphExec_t exec = capture(arena, 2);
  run_ordinarily(arena, 3);
  expect_launch_gives(exec, 2);
}

TEST_P(ArenaCapture, AnUnknownPolicyIsRefused) {
  ArenaOptions options;
  options.capture = static_cast<CapturePolicy>(7);
  EXPECT_THROW((DeviceAsyncArena{stream, arena_pool(), options}), std::invalid_argument);
}

}  // namespace
}  // namespace daa::test
