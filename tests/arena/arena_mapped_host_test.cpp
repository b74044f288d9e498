// Backing::mapped: what it maps, stitches and gives back, and when, from the host runtime's log.

#include <atomic>
#include <memory>
#include <optional>
#include <stdexcept>
#include <vector>

#include "daa/device_async_arena.hpp"
#include "daa/host_runtime.hpp"
#include "stream_fixture.hpp"

namespace daa::test {
namespace {

namespace rt = host_runtime;
constexpr std::size_t MiB = std::size_t{1} << 20;

class ArenaMapped : public StreamFixture {
 protected:
  void SetUp() override {
    rt::reset();
    StreamFixture::SetUp();
  }
  void TearDown() override {
    StreamFixture::TearDown();
    trim_all();
    EXPECT_EQ(rt::mapped_bytes(), 0u);
    EXPECT_EQ(rt::violations(), std::vector<std::string>{});
    rt::reset();
  }

  static ArenaOptions options() {
    ArenaOptions result;
    result.backing = Backing::mapped;
    return result;
  }
  [[nodiscard]] DeviceAsyncArena make_arena(const ArenaOptions& of = options()) const {
    return DeviceAsyncArena{stream(), {}, of};
  }

  // Work on the stream that ends when it is told to.
  void hold_stream() {
    ASSERT_EQ(rt::launch(stream(), {}, [this] { released_.wait(false); }), cudaSuccess);
  }
  void release_stream() {
    released_ = true;
    released_.notify_all();
    ASSERT_EQ(cudaStreamSynchronize(stream()), cudaSuccess);
    released_ = false;
  }

  std::atomic<bool> released_ = false;
};

TEST_F(ArenaMapped, GrowsInPlaceAtConsecutiveAddresses) {
  DeviceAsyncArena arena = make_arena();
  auto* const first = static_cast<std::uint8_t*>(arena.alloc_bytes(MiB));
  for (std::size_t i = 1; i != 200; ++i) ASSERT_EQ(arena.alloc_bytes(MiB), first + i * MiB);
  EXPECT_EQ(arena.stats().bytes_reserved, rt::mapped_bytes());
  EXPECT_LE(arena.stats().bytes_reserved, 200 * MiB + 4 * MiB);
  EXPECT_EQ(rt::call_count("cudaMallocAsync"), 0u);
}

TEST_F(ArenaMapped, APhaseThatComesAgainMakesNoCallAndNeverSynchronises) {
  DeviceAsyncArena arena = make_arena();
  const auto phase = [&] {
    for (int i = 0; i < 50; ++i) static_cast<void>(arena.alloc_bytes(MiB));
    arena.reset();
  };
  phase();
  rt::clear_calls();
  for (int i = 0; i < 10; ++i) phase();
  EXPECT_EQ(rt::call_count(), 0u);
}

TEST_F(ArenaMapped, CountsEveryCallItMakes) {
  DeviceAsyncArena arena = make_arena();
  rt::clear_calls();
  for (int phase = 0; phase < 3; ++phase) {
    for (int i = 0; i < 20; ++i) static_cast<void>(arena.alloc_bytes(MiB));
    arena.reset();
  }
  arena.trim();
  EXPECT_THROW(static_cast<void>(arena.alloc_bytes(std::size_t{1} << 50)), OutOfDeviceMemory);
  EXPECT_EQ(arena.stats().runtime_calls, rt::call_count());
}

constexpr std::size_t block = 4 * MiB;

// Allocates eight blocks and recycles every other one, so that no hole has two; then allocates two at once.
void* stitch(DeviceAsyncArena& arena, std::vector<void*>& kept) {
  std::vector<void*> blocks;
  for (int i = 0; i < 8; ++i) blocks.push_back(arena.alloc_bytes(block));
  for (std::size_t i = 0; i < 8; i += 2) arena.recycle(blocks[i], block);
  for (std::size_t i = 1; i < 8; i += 2) kept.push_back(blocks[i]);
  return arena.alloc_bytes(2 * block);
}

TEST_F(ArenaMapped, StitchesFreePagesWhereNoHoleFits) {
  DeviceAsyncArena arena = make_arena();
  std::vector<void*> kept;
  const std::size_t before = 8 * block;
  void* const stitched = stitch(arena, kept);
  EXPECT_LE(arena.stats().bytes_reserved, before + 2 * MiB) << "nothing was mapped for it";
  EXPECT_EQ(arena.stats().bytes_in_use, before / 2 + 2 * block);
  for (std::size_t i = 0; i < kept.size(); ++i) fill(kept[i], static_cast<std::uint8_t>(i + 1), block);
  fill(stitched, 99, 2 * block);
  for (std::size_t i = 0; i < kept.size(); ++i) {
    EXPECT_TRUE(holds(kept[i], static_cast<std::uint8_t>(i + 1), block));
  }
  EXPECT_TRUE(holds(stitched, 99, 2 * block));

  arena.recycle(stitched, 2 * block);
  EXPECT_EQ(arena.stats().bytes_in_use, before / 2);
  for (int i = 0; i < 4; ++i) static_cast<void>(arena.alloc_bytes(block));
  EXPECT_LE(arena.stats().bytes_reserved, before + 2 * MiB) << "its pages are holes again";
}

TEST_F(ArenaMapped, AStitchIsRefusedWhatIsNotAllOfIt) {
  DeviceAsyncArena arena = make_arena();
  std::vector<void*> kept;
  auto* const stitched = static_cast<std::uint8_t*>(stitch(arena, kept));
  EXPECT_THROW(arena.recycle(stitched + MiB, block), std::invalid_argument);
  EXPECT_THROW(arena.recycle(stitched, 2 * block + MiB), std::invalid_argument);
  EXPECT_NO_THROW(arena.recycle(stitched, 2 * block));
  EXPECT_THROW(arena.recycle(stitched, 2 * block), std::invalid_argument) << "twice";
}

TEST_F(ArenaMapped, AScopeEndsItsStitchesAndLeavesThoseBefore) {
  DeviceAsyncArena arena = make_arena();
  std::vector<void*> kept;
  void* const outer = stitch(arena, kept);
  fill(outer, 7, 2 * block);
  const std::size_t in_use = arena.stats().bytes_in_use;
  {
    const ArenaScope scope{arena};
    std::vector<void*> inner;
    fill(stitch(arena, inner), 8, 2 * block);
    EXPECT_TRUE(holds(outer, 7, 2 * block));
    arena.recycle(outer, 2 * block);
    EXPECT_EQ(arena.stats().bytes_in_use, in_use - 2 * block + 6 * block);
  }
  EXPECT_EQ(arena.stats().bytes_in_use, in_use - 2 * block);
  const std::size_t reserved = arena.stats().bytes_reserved;
  for (int i = 0; i < 4; ++i) static_cast<void>(arena.alloc_bytes(block));
  EXPECT_EQ(arena.stats().bytes_reserved, reserved);
}

TEST_F(ArenaMapped, APhaseThatStitchesIsPlannedInTheHome) {
  DeviceAsyncArena arena = make_arena();
  const auto phase = [&] {
    std::vector<void*> kept;
    arena.recycle(stitch(arena, kept), 2 * block);
    arena.reset();
  };
  for (int i = 0; i < 8; ++i) {
    phase();
    ASSERT_EQ(cudaStreamSynchronize(stream()), cudaSuccess);  // the aliases of the first phases go
  }
  rt::clear_calls();
  phase();
  EXPECT_EQ(rt::call_count(), 0u);
}

TEST_F(ArenaMapped, AliasesAreUnmappedOnceTheStreamHasPassedThem) {
  DeviceAsyncArena arena = make_arena();
  hold_stream();
  std::vector<void*> kept;
  void* const stitched = stitch(arena, kept);
  fill(stitched, 1, 2 * block);  // pending
  arena.reset();
  rt::clear_calls();
  arena.reset();
  EXPECT_EQ(rt::call_count("cuMemUnmap"), 0u) << "work may still use it";
  release_stream();
  arena.reset();
  EXPECT_GT(rt::call_count("cuMemUnmap"), 0u);
  EXPECT_EQ(rt::call_count("cuMemAddressFree"), 1u);
}

TEST_F(ArenaMapped, GivesBackWhatIsBeyondRetainBytesOnceTheStreamHasPassed) {
  ArenaOptions keeps_little = options();
  keeps_little.retain_bytes = 10 * MiB;
  DeviceAsyncArena arena = make_arena(keeps_little);
  hold_stream();
  fill(arena.alloc_bytes(64 * MiB), 1, 64 * MiB);
  const std::size_t mapped = rt::mapped_bytes();
  arena.reset();
  EXPECT_LE(arena.stats().bytes_reserved, 10 * MiB);
  EXPECT_EQ(arena.stats().bytes_reserved + arena.stats().bytes_returning, mapped);
  EXPECT_EQ(rt::mapped_bytes(), mapped) << "work may still use it";
  release_stream();
  arena.reset();
  EXPECT_EQ(arena.stats().bytes_returning, 0u);
  EXPECT_EQ(rt::mapped_bytes(), arena.stats().bytes_reserved);
}

TEST_F(ArenaMapped, WhatIsBeingGivenBackServesGrowth) {
  ArenaOptions keep_nothing = options();
  keep_nothing.retain_bytes = 0;
  DeviceAsyncArena arena = make_arena(keep_nothing);
  hold_stream();
  fill(arena.alloc_bytes(64 * MiB), 1, 64 * MiB);
  arena.reset();
  rt::clear_calls();
  fill(arena.alloc_bytes(64 * MiB), 2, 64 * MiB);
  EXPECT_EQ(rt::call_count("cuMemCreate"), 0u);
  release_stream();
}

TEST_F(ArenaMapped, TrimGivesBackAllOfAnIdleArena) {
  DeviceAsyncArena arena = make_arena();
  static_cast<void>(arena.alloc_bytes(64 * MiB));
  arena.reset();
  arena.trim();
  ASSERT_EQ(cudaStreamSynchronize(stream()), cudaSuccess);
  arena.trim();
  EXPECT_EQ(rt::mapped_bytes(), 0u);
  EXPECT_EQ(arena.stats().bytes_reserved, 0u);
}

TEST_F(ArenaMapped, MemoryTrimmedWhileWorkIsPendingServesOthersOnceItHasEnded) {
  rt::set_memory_limit(64 * MiB);
  DeviceAsyncArena first = make_arena();
  hold_stream();
  fill(first.alloc_bytes(40 * MiB), 1, 40 * MiB);
  first.reset();
  first.trim();
  EXPECT_EQ(first.stats().bytes_reserved, 0u);
  release_stream();
  DeviceAsyncArena second = make_arena();
  EXPECT_NO_THROW(static_cast<void>(second.alloc_bytes(40 * MiB)));
}

TEST_F(ArenaMapped, AliasesOfALongPhaseDoNotAddUp) {
  DeviceAsyncArena arena = make_arena();
  std::vector<void*> kept;
  arena.recycle(stitch(arena, kept), 2 * block);
  rt::clear_calls();
  for (int i = 0; i < 50; ++i) {
    arena.recycle(arena.alloc_bytes(2 * block), 2 * block);
    ASSERT_EQ(cudaStreamSynchronize(stream()), cudaSuccess);
  }
  const std::size_t added = rt::call_count("cuMemAddressReserve");
  EXPECT_GE(added, 50u);
  EXPECT_GE(rt::call_count("cuMemAddressFree") + 3, added);
}

TEST_F(ArenaMapped, APlanBeyondRetainBytesTakesNothingBack) {
  ArenaOptions keeps_some = options();
  keeps_some.retain_bytes = 46 * MiB;
  keeps_some.initial_bytes = 100 * MiB;
  DeviceAsyncArena arena = make_arena(keeps_some);
  for (int phase = 0; phase < 6; ++phase) {
    void* const first = arena.alloc_bytes(20 * MiB);
    static_cast<void>(arena.alloc_bytes(25 * MiB));
    arena.recycle(first, 20 * MiB);
    arena.reset();
    EXPECT_LE(arena.stats().bytes_reserved, 46 * MiB) << phase;
  }
}

TEST_F(ArenaMapped, ReservingNothingDoesNothing) {
  DeviceAsyncArena arena = make_arena();
  rt::clear_calls();
  arena.reserve(0);
  EXPECT_EQ(rt::call_count(), 0u);
}

TEST_F(ArenaMapped, APageThatCouldNotBeReleasedIsReportedAndReleasedLater) {
  for (const char* const function : {"cuMemUnmap", "cuMemRelease"}) {
    ArenaOptions keep_nothing = options();
    keep_nothing.retain_bytes = 0;
    DeviceAsyncArena arena = make_arena(keep_nothing);
    static_cast<void>(arena.alloc_bytes(MiB));
    arena.reset();
    ASSERT_EQ(cudaStreamSynchronize(stream()), cudaSuccess);
    rt::fail_call(1, cudaErrorUnknown, function);
    EXPECT_THROW(arena.reset(), CudaError) << function;
    EXPECT_GE(arena.stats().bytes_returning, MiB);
    EXPECT_NO_THROW(arena.reset());
    EXPECT_EQ(rt::mapped_bytes(), 0u) << function;
    EXPECT_EQ(arena.stats().bytes_returning, 0u);
  }
}

TEST_F(ArenaMapped, AScopeAfterAStitchHasTheRestOfTheHome) {
  DeviceAsyncArena arena = make_arena();
  arena.reserve(60 * MiB);
  std::vector<void*> kept;
  static_cast<void>(stitch(arena, kept));
  const std::size_t reserved = arena.stats().bytes_reserved;
  const ArenaScope scope{arena};
  static_cast<void>(arena.alloc_bytes(4 * MiB));
  EXPECT_EQ(arena.stats().bytes_reserved, reserved);
}

TEST_F(ArenaMapped, MemoryOfADestroyedArenaIsUnmappedLaterIfWorkIsPending) {
  auto arena = std::make_unique<DeviceAsyncArena>(make_arena());
  hold_stream();
  fill(arena->alloc_bytes(8 * MiB), 1, 8 * MiB);
  arena.reset();
  trim_all();
  EXPECT_GE(rt::mapped_bytes(), 8 * MiB) << "work may still use it";
  release_stream();
  trim_all();
  EXPECT_EQ(rt::mapped_bytes(), 0u);
}

TEST_F(ArenaMapped, ShortMemoryIsTakenFromDestroyedArenas) {
  rt::set_memory_limit(64 * MiB);
  auto arena = std::make_unique<DeviceAsyncArena>(make_arena());
  hold_stream();
  fill(arena->alloc_bytes(40 * MiB), 1, 40 * MiB);
  arena.reset();
  DeviceAsyncArena other = make_arena();
  EXPECT_THROW(static_cast<void>(other.alloc_bytes(40 * MiB)), OutOfDeviceMemory);
  EXPECT_EQ(other.stats().bytes_reserved, 0u);
  release_stream();
  EXPECT_NO_THROW(static_cast<void>(other.alloc_bytes(40 * MiB)));
}

TEST_F(ArenaMapped, GrowsDuringACaptureInEveryMode) {
  for (const cudaStreamCaptureMode mode :
       {cudaStreamCaptureModeGlobal, cudaStreamCaptureModeThreadLocal, cudaStreamCaptureModeRelaxed}) {
    DeviceAsyncArena arena = make_arena();
    ASSERT_EQ(cudaStreamBeginCapture(stream(), mode), cudaSuccess);
    void* const first = arena.alloc_bytes(MiB);
    fill(first, 3, MiB);
    void* const second = arena.alloc_bytes(20 * MiB);
    fill(second, 4, 20 * MiB);
    arena.reset();
    cudaGraph_t graph = nullptr;
    ASSERT_EQ(cudaStreamEndCapture(stream(), &graph), cudaSuccess);
    cudaGraphExec_t exec = nullptr;
    ASSERT_EQ(cudaGraphInstantiate(&exec, graph, 0), cudaSuccess);
    static_cast<void>(arena.alloc_bytes(80 * MiB));  // the arena grows: the graph's memory stays where it is
    arena.reset();
    ASSERT_EQ(cudaGraphLaunch(exec, stream()), cudaSuccess);
    EXPECT_TRUE(holds(first, 3, MiB));
    EXPECT_TRUE(holds(second, 4, 20 * MiB));
    ASSERT_EQ(cudaGraphExecDestroy(exec), cudaSuccess);
    ASSERT_EQ(cudaGraphDestroy(graph), cudaSuccess);
  }
}

TEST_F(ArenaMapped, StitchesNothingDuringACapture) {
  DeviceAsyncArena arena = make_arena();
  ASSERT_EQ(cudaStreamBeginCapture(stream(), cudaStreamCaptureModeGlobal), cudaSuccess);
  rt::clear_calls();
  std::vector<void*> kept;
  static_cast<void>(stitch(arena, kept));
  EXPECT_EQ(rt::call_count("cuMemAddressReserve"), 1u) << "of the home";
  cudaGraph_t graph = nullptr;
  ASSERT_EQ(cudaStreamEndCapture(stream(), &graph), cudaSuccess);
  ASSERT_EQ(cudaGraphDestroy(graph), cudaSuccess);
}

TEST_F(ArenaMapped, MemoryIsExportableAndOfPeersOnRequest) {
  rt::set_device_count(2);
  ArenaOptions shared = options();
  shared.exportable = true;
  shared.peers = {1};
  DeviceAsyncArena arena = make_arena(shared);
  void* const memory = arena.alloc_bytes(MiB);
  fill(memory, 5, MiB);
  ASSERT_EQ(cudaStreamSynchronize(stream()), cudaSuccess);
  ASSERT_EQ(cudaSetDevice(1), cudaSuccess);
  cudaStream_t of_peer = nullptr;
  ASSERT_EQ(cudaStreamCreate(&of_peer), cudaSuccess);
  ASSERT_EQ(cudaMemsetAsync(memory, 6, MiB, of_peer), cudaSuccess);
  ASSERT_EQ(cudaStreamSynchronize(of_peer), cudaSuccess);
  ASSERT_EQ(cudaStreamDestroy(of_peer), cudaSuccess);
  ASSERT_EQ(cudaSetDevice(0), cudaSuccess);
  EXPECT_TRUE(holds(memory, 6, MiB));
}

TEST_F(ArenaMapped, OptionsThatContradictItAreRefused) {
  cudaMemPool_t pool = nullptr;
  ASSERT_EQ(cudaDeviceGetDefaultMemPool(&pool, 0), cudaSuccess);
  EXPECT_THROW((DeviceAsyncArena{stream(), pool, options()}), std::invalid_argument);
  ArenaOptions chunked;
  chunked.exportable = true;
  EXPECT_THROW((DeviceAsyncArena{stream(), {}, chunked}), std::invalid_argument);
  chunked.exportable = false;
  chunked.peers = {1};
  EXPECT_THROW((DeviceAsyncArena{stream(), {}, chunked}), std::invalid_argument);
}

TEST_F(ArenaMapped, AnErrorOtherThanOutOfMemoryNamesTheCall) {
  DeviceAsyncArena arena = make_arena();
  rt::fail_call(1, cudaErrorInvalidValue, "cuMemMap");
  try {
    static_cast<void>(arena.alloc_bytes(MiB));
    FAIL();
  } catch (const CudaError& error) {
    EXPECT_EQ(error.code(), cudaErrorInvalidValue);
    EXPECT_STREQ(error.call(), "cuMemMap");
  }
  EXPECT_EQ(rt::mapped_bytes(), 0u);
  EXPECT_EQ(arena.stats().bytes_reserved, 0u);
  EXPECT_NO_THROW(static_cast<void>(arena.alloc_bytes(MiB)));
}

// The k-th call fails, for all k, in a life with stitches, scopes and memory that goes back.
TEST_F(ArenaMapped, NothingLeaksWhicheverCallOfAStitchingLifeFails) {
  for (const cudaError_t error : {cudaErrorMemoryAllocation, cudaErrorInvalidValue}) {
    std::size_t k = 1;
    for (bool struck = true; struck; ++k) {
      {
        ArenaOptions keeps_little = options();
        keeps_little.retain_bytes = 40 * MiB;
        DeviceAsyncArena arena = make_arena(keeps_little);
        rt::fail_call(k, error);
        const auto attempt = [](auto&& step) {
          try {
            step();
          } catch (const CudaError&) {
          } catch (const OutOfDeviceMemory&) {
          }
        };
        attempt([&] {
          std::vector<void*> kept;
          void* const stitched = stitch(arena, kept);
          const ArenaScope scope{arena};
          static_cast<void>(stitch(arena, kept));
          arena.recycle(stitched, 2 * block);
        });
        attempt([&] { arena.reset(); });
        EXPECT_EQ(arena.stats().bytes_in_use, 0u);
        attempt([&] { arena.trim(); });
        struck = !rt::clear_fault();
        if (!struck) rt::fail_call(1, error);  // strikes the destructor
      }
      rt::clear_fault();
      ASSERT_EQ(cudaStreamSynchronize(stream()), cudaSuccess);
      trim_all();
      ASSERT_EQ(rt::mapped_bytes(), 0u) << "call " << k << " failed with " << cudaGetErrorName(error);
    }
    EXPECT_GT(k, 50u);
  }
}

}  // namespace
}  // namespace daa::test
