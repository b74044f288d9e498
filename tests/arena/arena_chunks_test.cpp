// Backing::chunked: growth, merging, retention and trimming; on any runtime.

#include <limits>
#include <stdexcept>
#include <string>

#include "daa/device_async_arena.hpp"
#include "own_pool.hpp"
#include "stream_fixture.hpp"

namespace daa::test {
namespace {

constexpr std::size_t MiB = std::size_t{1} << 20;

class ArenaChunks : public StreamFixture {
 protected:
  static void run_phase(DeviceAsyncArena& arena, std::size_t allocations, std::size_t bytes) {
    for (std::size_t i = 0; i < allocations; ++i) static_cast<void>(arena.alloc_bytes(bytes));
  }
};

TEST_F(ArenaChunks, ARepeatedPhaseMakesNoRuntimeCall) {
  DeviceAsyncArena arena{stream()};
  run_phase(arena, 100, 100'000);
  arena.reset();
  const std::size_t calls = arena.stats().runtime_calls;
  for (int phase = 0; phase < 10; ++phase) {
    run_phase(arena, 100, 100'000);
    arena.reset();
  }
  EXPECT_EQ(arena.stats().runtime_calls, calls);
}

TEST_F(ArenaChunks, APhaseWithSeveralChunksIsMergedToItsHighWaterMark) {
  DeviceAsyncArena arena{stream()};
  run_phase(arena, 37, 3 * MiB);
  EXPECT_GT(arena.stats().chunks, 1u);
  arena.reset();
  EXPECT_EQ(arena.stats().chunks, 1u);
  EXPECT_EQ(arena.stats().bytes_reserved, 37 * 3 * MiB);
  const std::size_t growths = arena.stats().growths;
  run_phase(arena, 37, 3 * MiB);
  EXPECT_EQ(arena.stats().chunks, 1u);
  EXPECT_EQ(arena.stats().growths, growths);
}

TEST_F(ArenaChunks, GrowthsOfAPhaseAreLogarithmicInItsSize) {
  DeviceAsyncArena arena{stream()};
  run_phase(arena, 4096, MiB / 4);
  EXPECT_LE(arena.stats().growths, 10u) << "2 MiB doubled to 1 GiB";
}

TEST_F(ArenaChunks, AMergedPhaseOfOverAlignedAllocationsFitsAtAnyChunkAddress) {
  DeviceAsyncArena arena{stream()};
  for (int phase = 0; phase < 4; ++phase) {
    for (int i = 0; i < 24; ++i) {
      static_cast<void>(arena.alloc_bytes(300'000));
      static_cast<void>(arena.alloc_bytes(1000, MiB));
    }
    if (phase > 0) {
      EXPECT_EQ(arena.stats().chunks, 1u) << phase;
    }
    arena.reset();
  }
}

TEST_F(ArenaChunks, ReservesAtMostTheHighWaterMarkPlusOneGranuleOnceWarm) {
  for (const std::size_t allocations : std::initializer_list<std::size_t>{1, 3, 17, 200}) {
    for (const std::size_t bytes : {std::size_t{100}, MiB / 3, MiB, 5 * MiB / 2}) {
      DeviceAsyncArena arena{stream()};
      for (int phase = 0; phase < 2; ++phase) {
        run_phase(arena, 1, bytes);
        run_phase(arena, allocations, bytes / 2 + 1);
        run_phase(arena, 1, 3 * bytes);
        arena.reset();
      }
      const ArenaStats stats = arena.stats();
      EXPECT_LE(static_cast<double>(stats.bytes_reserved),
                1.05 * static_cast<double>(stats.high_water_bytes) + 2.0 * MiB)
          << allocations << " of " << bytes;
    }
  }
}

TEST_F(ArenaChunks, KeepsNothingAcrossResetIfRetainBytesIsZero) {
  DeviceAsyncArena arena{stream(), {}, {Backing::chunked, 2 * MiB, 0}};
  run_phase(arena, 5, MiB);
  arena.reset();
  EXPECT_EQ(arena.stats().bytes_reserved, 0u);
  EXPECT_EQ(arena.stats().chunks, 0u);
  const std::size_t calls = arena.stats().runtime_calls;
  run_phase(arena, 5, MiB);
  EXPECT_EQ(arena.stats().chunks, 1u) << "the second phase takes at once what the first needed";
  arena.reset();
  EXPECT_EQ(arena.stats().runtime_calls, calls + 4)
      << "one allocation and one free a phase, and before each the question whether the stream is captured";
}

TEST_F(ArenaChunks, KeepsNoMoreThanRetainBytes) {
  DeviceAsyncArena arena{stream(), {}, {Backing::chunked, 2 * MiB, 8 * MiB}};
  for (const std::size_t allocations : std::initializer_list<std::size_t>{4, 40, 2, 16, 1}) {
    run_phase(arena, allocations, MiB);
    arena.reset();
    EXPECT_LE(arena.stats().bytes_reserved, 8 * MiB) << allocations;
  }
  EXPECT_GT(arena.stats().bytes_reserved, 0u) << "what fits is kept";
}

TEST_F(ArenaChunks, AfterReserveThePhaseDoesNotGrow) {
  DeviceAsyncArena arena{stream()};
  arena.reserve(64 * MiB);
  EXPECT_EQ(arena.stats().chunks, 1u);
  const std::size_t growths = arena.stats().growths;
  run_phase(arena, 64, MiB);
  EXPECT_EQ(arena.stats().growths, growths);
  arena.reset();
  run_phase(arena, 64, MiB);
  EXPECT_EQ(arena.stats().growths, growths);
}

TEST_F(ArenaChunks, ReserveInsideAPhaseServesItsRestAndTheNextPhase) {
  DeviceAsyncArena arena{stream()};
  run_phase(arena, 1, MiB);
  arena.reserve(32 * MiB);
  const std::size_t growths = arena.stats().growths;
  run_phase(arena, 32, MiB);
  EXPECT_EQ(arena.stats().growths, growths);

  arena.reset();
  run_phase(arena, 1, MiB);
  arena.reserve(48 * MiB);  // not used by this phase
  arena.reset();
  const std::size_t growths_of_the_next = arena.stats().growths;
  run_phase(arena, 48, MiB);
  EXPECT_EQ(arena.stats().growths, growths_of_the_next);
}

TEST_F(ArenaChunks, AnIdleChunkThatIsTooSmallIsReplaced) {
  DeviceAsyncArena arena{stream()};
  run_phase(arena, 1, 3 * MiB);
  arena.reset();
  run_phase(arena, 1, 5 * MiB);
  EXPECT_EQ(arena.stats().chunks, 1u);
  EXPECT_GE(arena.stats().bytes_reserved, 5 * MiB);
  EXPECT_LE(arena.stats().bytes_reserved, 5 * MiB / 8 * 9);
}

TEST_F(ArenaChunks, IfMemoryIsShortAnIdleChunkIsFreed) {
  const OwnPool pool{256 * MiB};
  DeviceAsyncArena arena{stream(), pool.handle()};
  run_phase(arena, 1, 150 * MiB);
  arena.reset();
  ASSERT_EQ(cudaStreamSynchronize(stream()), cudaSuccess);
  run_phase(arena, 1, 200 * MiB);
  EXPECT_EQ(arena.stats().chunks, 1u);
  EXPECT_LE(arena.stats().bytes_reserved, 256 * MiB);
}

// On a device that is more than half full, growth that doubles the arena fails.
TEST_F(ArenaChunks, IfMemoryIsShortGrowthsAreStillLogarithmic) {
  const OwnPool pool{512 * MiB};
  DeviceAsyncArena arena{stream(), pool.handle()};
  run_phase(arena, 320, MiB);
  const ArenaStats before = arena.stats();
  run_phase(arena, 25'000, 4096);
  EXPECT_LE(arena.stats().growths, before.growths + 10);
  EXPECT_LE(arena.stats().runtime_calls, before.runtime_calls + 60);
  EXPECT_LE(arena.stats().bytes_reserved, 512 * MiB);
}

TEST_F(ArenaChunks, APhaseThatCannotBeMergedKeepsItsChunksAndAllocatesNoMore) {
  const OwnPool pool{512 * MiB};
  DeviceAsyncArena arena{stream(), pool.handle()};
  const auto phase = [&] {
    run_phase(arena, 300, MiB);
    fill(arena.alloc_bytes(MiB), 1, MiB);  // delays the frees of the phase
    arena.reset();
  };
  for (int i = 0; i < 3; ++i) phase();
  const std::size_t calls = arena.stats().runtime_calls;
  for (int i = 0; i < 3; ++i) phase();
  EXPECT_EQ(arena.stats().runtime_calls, calls);
}

TEST_F(ArenaChunks, IfThePoolHasNoMoreTheEndsOfChunksAreUsed) {
  const OwnPool pool{64 * MiB};
  DeviceAsyncArena arena{stream(), pool.handle(), {Backing::chunked, 32 * MiB}};
  auto* const first = static_cast<std::byte*>(arena.alloc_bytes(20 * MiB));
  static_cast<void>(arena.alloc_bytes(32 * MiB));
  EXPECT_EQ(arena.alloc_bytes(12 * MiB), first + 20 * MiB);
  EXPECT_THROW(static_cast<void>(arena.alloc_bytes(MiB)), OutOfDeviceMemory);
}

TEST_F(ArenaChunks, IfThePoolHasNoMoreAPhaseThatRanOnceFitsACapture) {
  const OwnPool pool{64 * MiB};
  ArenaOptions options{Backing::chunked, 32 * MiB};
  options.capture = CapturePolicy::presized;
  DeviceAsyncArena arena{stream(), pool.handle(), options};
  const auto phase = [&] {
    run_phase(arena, 1, 20 * MiB);
    run_phase(arena, 1, 32 * MiB);
    run_phase(arena, 1, 12 * MiB);
  };
  phase();
  arena.reset();
  const std::size_t calls = arena.stats().runtime_calls;
  phase();
  EXPECT_EQ(arena.stats().runtime_calls, calls);
  arena.reset();
  cudaGraph_t graph = nullptr;
  ASSERT_EQ(cudaStreamBeginCapture(stream(), cudaStreamCaptureModeThreadLocal), cudaSuccess);
  EXPECT_NO_THROW(phase());
  ASSERT_EQ(cudaStreamEndCapture(stream(), &graph), cudaSuccess);
  ASSERT_EQ(cudaGraphDestroy(graph), cudaSuccess);
}

TEST_F(ArenaChunks, PhasesThatGrowSlightlyDoNotEachAllocate) {
  DeviceAsyncArena arena{stream()};
  for (std::size_t i = 0; i < 500; ++i) {
    run_phase(arena, 10 + i, 100'000);
    arena.reset();
  }
  EXPECT_LE(arena.stats().growths, 100u);
  EXPECT_LE(arena.stats().bytes_reserved, 510 * 100'096 / 8 * 9 + MiB);
}

TEST_F(ArenaChunks, AnAllocationThatGrowsSlightlyDoesNotAllocateInEachPhase) {
  for (const std::size_t retain_bytes : {std::size_t{1} << 40, 17 * MiB}) {
    DeviceAsyncArena arena{stream(), {}, {Backing::chunked, 2 * MiB, retain_bytes}};
    for (std::size_t i = 0; i < 500; ++i) {
      run_phase(arena, 1, 16 * MiB + 256 * i);
      arena.reset();
    }
    EXPECT_LE(arena.stats().growths, 5u);
    EXPECT_LE(arena.stats().bytes_reserved, retain_bytes);
  }
}

TEST_F(ArenaChunks, UnusedReservedMemoryIsNotKeptBesideLaterReservations) {
  for (const CapturePolicy capture : {CapturePolicy::refuse_growth, CapturePolicy::presized}) {
    ArenaOptions options;
    options.capture = capture;
    DeviceAsyncArena arena{stream(), {}, options};
    for (std::size_t i = 1; i <= 100; ++i) {
      run_phase(arena, 1, 1000);
      arena.reserve(i * MiB);
      arena.reset();
    }
    EXPECT_LE(arena.stats().bytes_reserved, 400 * MiB);
  }
}

TEST_F(ArenaChunks, AReserveInARepeatedPhaseNeedsNoGrowth) {
  DeviceAsyncArena arena{stream()};
  const auto phase = [&] {
    run_phase(arena, 9, MiB);
    arena.reserve(10 * MiB);
    run_phase(arena, 1, MiB);
    arena.reset();
  };
  phase();
  const std::size_t calls = arena.stats().runtime_calls;
  phase();
  EXPECT_EQ(arena.stats().runtime_calls, calls);
}

TEST_F(ArenaChunks, ChunksOpenedInAScopeStayWithThePhase) {
  DeviceAsyncArena arena{stream()};
  run_phase(arena, 1, MiB);
  for (int i = 0; i < 3; ++i) {
    const ArenaScope scope{arena};
    run_phase(arena, 10, 3 * MiB);
  }
  const ArenaStats stats = arena.stats();
  EXPECT_EQ(stats.bytes_in_use, MiB);
  EXPECT_EQ(stats.tail_bytes, 0u);
  run_phase(arena, 10, 3 * MiB);
  EXPECT_EQ(arena.stats().growths, stats.growths);
  arena.reset();
  EXPECT_EQ(arena.stats().chunks, 1u);
  EXPECT_EQ(arena.stats().bytes_reserved, 31 * MiB);
}

TEST_F(ArenaChunks, ASmallReserveAllocatesAtLeastAFirstChunk) {
  DeviceAsyncArena arena{stream()};
  arena.reserve(1);
  EXPECT_EQ(arena.stats().bytes_reserved, 2 * MiB);
  run_phase(arena, 20, 100'000);
  EXPECT_EQ(arena.stats().growths, 1u);
}

TEST_F(ArenaChunks, ReserveOfAvailableMemoryMakesNoCall) {
  DeviceAsyncArena arena{stream()};
  arena.reserve(0);
  EXPECT_EQ(arena.stats().runtime_calls, 0u);
  arena.reserve(10 * MiB);
  const std::size_t calls = arena.stats().runtime_calls;
  arena.reserve(10 * MiB);
  arena.reserve(1);
  EXPECT_EQ(arena.stats().runtime_calls, calls);
}

TEST_F(ArenaChunks, InitialBytesIsTheSizeOfTheFirstChunk) {
  DeviceAsyncArena arena{stream(), {}, {Backing::chunked, 10 * MiB, 100 * MiB}};
  EXPECT_EQ(arena.stats().bytes_reserved, 0u);
  run_phase(arena, 10, MiB);
  EXPECT_EQ(arena.stats().chunks, 1u);
  EXPECT_EQ(arena.stats().bytes_reserved, 10 * MiB);
}

TEST_F(ArenaChunks, AFirstChunkBeyondAllDeviceMemoryIsRefusedByItsOption) {
  constexpr std::size_t most = std::size_t{1} << 47;
  for (const std::size_t bytes : {most + 1, std::size_t{1} << 63, std::numeric_limits<std::size_t>::max()}) {
    for (const Backing backing : {Backing::chunked, Backing::individual}) {
      try {
        const DeviceAsyncArena arena{stream(), {}, {backing, bytes}};
        ADD_FAILURE() << bytes;
      } catch (const std::invalid_argument& error) {
        const std::string text = error.what();
        EXPECT_NE(text.find("initial_bytes is " + std::to_string(bytes)), std::string::npos) << text;
        EXPECT_NE(text.find("at most " + std::to_string(most)), std::string::npos) << text;
      }
    }
  }
  const OwnPool pool{64 * MiB};
  DeviceAsyncArena arena{stream(), pool.handle(), {Backing::chunked, most}};
  EXPECT_NE(arena.alloc_bytes(100), nullptr) << "the arena uses a smaller chunk";
}

TEST_F(ArenaChunks, ConsecutiveAllocationsAreAdjacent) {
  DeviceAsyncArena arena{stream()};
  auto* const first = static_cast<std::byte*>(arena.alloc_bytes(1));
  auto* const second = static_cast<std::byte*>(arena.alloc_bytes(257));
  auto* const third = static_cast<std::byte*>(arena.alloc_bytes(1));
  EXPECT_EQ(second, first + 256);
  EXPECT_EQ(third, second + 512);
  EXPECT_EQ(arena.stats().padding_bytes, 255u + 255u + 255u);
}

}  // namespace
}  // namespace daa::test
