// The contract of a pool's leases, on any runtime.

#include <stdexcept>
#include <string>
#include <utility>

#include "arena_pool_fixture.hpp"
#include "own_pool.hpp"

namespace daa::test {
namespace {

TEST_F(ArenaPools, AReturnedArenaIsLeasedAgainWarm) {
  ArenaPool pool;
  void* first = nullptr;
  for (int round = 0; round < 5; ++round) {
    const ArenaLease lease = pool.lease(stream());
    void* const scratch = lease->alloc_bytes(MiB);
    if (round == 0) first = scratch;
    EXPECT_EQ(scratch, first);
    EXPECT_EQ(lease->stats().growths, 1u);
    EXPECT_EQ(lease->stream(), stream());
    EXPECT_EQ(alloc<float>(*lease, 10).size(), 10u);
  }
  const ArenaPoolStats stats = pool.stats();
  EXPECT_EQ(stats.cold_leases, 1u);
  EXPECT_EQ(stats.warm_leases, 4u);
  EXPECT_EQ(stats.arenas_idle, 1u);
  EXPECT_EQ(stats.arenas_leased, 0u);
  EXPECT_EQ(stats.idle_bytes, 2 * MiB);
  EXPECT_EQ(stats.growths, 1u);
  EXPECT_EQ(stats.life.allocations, 10u);
  EXPECT_EQ(stats.life.bytes_requested, 5 * (MiB + 40));
  EXPECT_EQ(stats.evictions + stats.failed_ends + stats.abandoned, 0u);
}

TEST_F(ArenaPools, ConcurrentLeasesHaveDifferentArenas) {
  ArenaPool pool;
  for (int round = 0; round < 2; ++round) {
    const ArenaLease one = pool.lease(stream());
    const ArenaLease same_stream = pool.lease(stream());
    const ArenaLease other_stream = pool.lease(other());
    EXPECT_NE(one.get(), same_stream.get());
    EXPECT_NE(one.get(), other_stream.get());
    EXPECT_EQ(other_stream->stream(), other());
    EXPECT_EQ(pool.stats().arenas_leased, 3u);
    EXPECT_EQ(pool.stats().arenas_idle, 0u);
  }
  EXPECT_EQ(pool.stats().cold_leases, 3u);
  EXPECT_EQ(pool.stats().warm_leases, 3u);
}

TEST_F(ArenaPools, TheEndOfALeaseEndsThePhaseInStreamOrder) {
  constexpr std::size_t phases = 16;
  std::uint8_t* results = nullptr;
  DAA_CUDA_CHECK(cudaMalloc(reinterpret_cast<void**>(&results), phases * MiB));
  {
    ArenaPool pool;
    for (std::size_t phase = 0; phase < phases; ++phase) {
      const ArenaLease lease = pool.lease(stream());
      void* const scratch = lease->alloc_bytes(MiB);
      fill(scratch, static_cast<std::uint8_t>(phase + 1), MiB);
      DAA_CUDA_CHECK(
          cudaMemcpyAsync(results + phase * MiB, scratch, MiB, cudaMemcpyDeviceToDevice, stream()));
    }
  }
  for (std::size_t phase = 0; phase < phases; ++phase) {
    EXPECT_TRUE(holds(results + phase * MiB, static_cast<std::uint8_t>(phase + 1), MiB)) << phase;
  }
  DAA_CUDA_CHECK(cudaFree(results));
}

// A driver often reuses the handle of a destroyed stream for the next one.
TEST_F(ArenaPools, ANewStreamNeverGetsTheArenaOfADestroyedOne) {
  ArenaPool pool;
  for (std::size_t i = 0; i < 40; ++i) {
    cudaStream_t fresh = make_stream();
    static_cast<void>(pool.lease(fresh)->alloc_bytes(1000));
    EXPECT_EQ(pool.stats().cold_leases, i + 1);
    static_cast<void>(pool.lease(fresh)->alloc_bytes(1000));
    EXPECT_EQ(pool.stats().warm_leases, i + 1);
    pool.release(fresh);
    EXPECT_EQ(pool.stats().arenas_idle, 0u);
    DAA_CUDA_CHECK(cudaStreamDestroy(fresh));
  }
  EXPECT_EQ(pool.stats().abandoned, 0u);
  EXPECT_EQ(pool.stats().life.allocations, 80u) << "destroyed arenas are included";
}

TEST_F(ArenaPools, ALeaseMovesAndEndsOnce) {
  ArenaPool pool;
  ArenaLease lease;
  EXPECT_FALSE(lease);
  EXPECT_EQ(lease.get(), nullptr);
  lease = pool.lease(stream());
  DeviceAsyncArena* const arena = lease.get();
  ArenaLease second = std::move(lease);
  EXPECT_FALSE(lease);
  EXPECT_EQ(second.get(), arena);
  auto& itself = second;
  second = std::move(itself);
  EXPECT_EQ(second.get(), arena);
  EXPECT_EQ(pool.stats().arenas_leased, 1u);
  second = pool.lease(other());
  EXPECT_EQ(pool.stats().arenas_idle, 1u) << "assignment ends the old lease";
  second = {};
  EXPECT_EQ(pool.stats().arenas_idle, 2u);
}

TEST_F(ArenaPools, ALeaseMayOutliveThePool) {
  const OwnPool memory;
  {
    ArenaLease one;
    ArenaLease two;
    {
      ArenaPoolOptions options;
      options.memory_pool = memory.handle();
      ArenaPool pool{options};
      static_cast<void>(pool.lease(stream())->alloc_bytes(MiB));
      one = pool.lease(stream());
      two = pool.lease(other());
    }
    void* const scratch = one->alloc_bytes(MiB);
    fill(scratch, 3, MiB);
    EXPECT_TRUE(holds(scratch, 3, MiB));
    static_cast<void>(two->alloc_bytes(MiB));
  }
  DAA_CUDA_CHECK(cudaStreamSynchronize(stream()));
  DAA_CUDA_CHECK(cudaStreamSynchronize(other()));
  EXPECT_EQ(memory.bytes_used(), 0u);
}

TEST_F(ArenaPools, AnArenaMovedOutOfALeaseBelongsToTheUser) {
  ArenaPool pool;
  {
    const ArenaLease lease = pool.lease(stream());
    void* const scratch = lease->alloc_bytes(1000);
    DeviceAsyncArena taken = std::move(*lease);
    fill(scratch, 4, 1000);
    EXPECT_TRUE(holds(scratch, 4, 1000));
  }
  EXPECT_EQ(pool.stats().arenas_idle, 0u);
  EXPECT_EQ(pool.stats().failed_ends, 1u);
}

TEST_F(ArenaPools, BothNamesOfTheLegacyStreamLeaseTheSameArena) {
  ArenaPool pool;
  for (const cudaStream_t name : {cudaStream_t{nullptr}, cudaStreamLegacy, cudaStream_t{nullptr}}) {
    ArenaLease lease = pool.lease(name);
    static_cast<void>(lease->alloc_bytes(1000));
    *lease = DeviceAsyncArena{cudaStreamLegacy};  // an arena of the same stream may replace the pool's
    static_cast<void>(lease->alloc_bytes(1000));
  }
  EXPECT_EQ(pool.stats().cold_leases, 1u);
  EXPECT_EQ(pool.stats().warm_leases, 2u);
  EXPECT_EQ(pool.stats().abandoned, 0u);
  pool.release(cudaStreamLegacy);
  EXPECT_EQ(pool.stats().arenas_idle, 0u);
}

TEST_F(ArenaPools, TheOptionsApplyToEveryArena) {
  ArenaPoolOptions options;
  options.arena.name = "solver";
  ArenaPool pool{options};
  const ArenaLease lease = pool.lease(stream());
  try {
    static_cast<void>(lease->alloc_bytes(std::size_t{1} << 50));
    FAIL();
  } catch (const OutOfDeviceMemory& error) {
    EXPECT_NE(std::string(error.what()).find("solver"), std::string::npos) << error.what();
  }

  options.arena.backing = static_cast<Backing>(9);
  ArenaPool wrong{options};
  EXPECT_THROW(static_cast<void>(wrong.lease(stream())), std::invalid_argument);
  EXPECT_EQ(wrong.stats().cold_leases, 0u);
}

TEST_F(ArenaPools, ALeaseThatEndsInsideAScopeLeaksItsArenaAndReportsIt) {
  ArenaPool pool;
  ::testing::internal::CaptureStderr();
  {
    ArenaLease lease = pool.lease(stream());
    const ArenaScope scope{*lease};
    static_cast<void>(lease->alloc_bytes(100));
    lease = pool.lease(stream());
  }
  EXPECT_NE(::testing::internal::GetCapturedStderr().find("ArenaScope(s) of this arena are open"),
            std::string::npos);
  EXPECT_EQ(pool.stats().abandoned, 1u);
  EXPECT_GT(pool.stats().abandoned_bytes, 0u);
}

}  // namespace
}  // namespace daa::test
