// How much memory a pool keeps between leases, and when it frees it.

#include <stdexcept>

#include "arena_pool_fixture.hpp"
#include "own_pool.hpp"

namespace daa::test {
namespace {

TEST_F(ArenaPools, ReleaseFreesTheMemoryOfOneStream) {
  const OwnPool memory;
  ArenaPoolOptions options;
  options.memory_pool = memory.handle();
  ArenaPool pool{options};
  {
    const ArenaLease one = pool.lease(stream());
    const ArenaLease two = pool.lease(stream());
    const ArenaLease others = pool.lease(other());
    for (const ArenaLease* lease : {&one, &two, &others}) {
      static_cast<void>((*lease)->alloc_bytes(3 * MiB));
    }
    EXPECT_THROW(pool.release(stream()), std::logic_error);
  }
  EXPECT_EQ(pool.stats().arenas_idle, 3u);
  pool.release(stream());
  pool.release(stream());
  EXPECT_EQ(pool.stats().arenas_idle, 1u);
  DAA_CUDA_CHECK(cudaStreamSynchronize(stream()));
  EXPECT_GE(memory.bytes_used(), 3 * MiB);
  EXPECT_LT(memory.bytes_used(), 6 * MiB);
  pool.release(other());
  DAA_CUDA_CHECK(cudaStreamSynchronize(other()));
  EXPECT_EQ(memory.bytes_used(), 0u);
}

TEST_F(ArenaPools, KeepsAtMostMaxBytes) {
  ArenaPool pool{bounded(6 * MiB)};
  static_cast<void>(pool.lease(stream())->alloc_bytes(4 * MiB));
  EXPECT_EQ(pool.stats().idle_bytes, 4 * MiB);
  static_cast<void>(pool.lease(other())->alloc_bytes(3 * MiB));
  EXPECT_EQ(pool.stats().idle_bytes, 4 * MiB);
  EXPECT_EQ(pool.stats().evictions, 1u);
  static_cast<void>(pool.lease(other())->alloc_bytes(2 * MiB));  // in a chunk of 3 MiB, as before
  EXPECT_EQ(pool.stats().evictions, 2u);
  static_cast<void>(pool.lease(other())->alloc_bytes(2 * MiB));
  EXPECT_EQ(pool.stats().idle_bytes, 6 * MiB);
  static_cast<void>(pool.lease(stream())->alloc_bytes(5 * MiB));
  EXPECT_EQ(pool.stats().idle_bytes, 2 * MiB) << "an arena beyond the limit frees everything";
  EXPECT_EQ(pool.stats().evictions, 3u);
  EXPECT_EQ(pool.stats().arenas_idle, 2u);
}

TEST_F(ArenaPools, AnArenaThatMayKeepNothingIsStillLeased) {
  ArenaPool pool{bounded(0)};
  for (int round = 0; round < 3; ++round) {
    const ArenaLease lease = pool.lease(stream());
    void* const scratch = lease->alloc_bytes(1000);
    fill(scratch, 5, 1000);
    EXPECT_TRUE(holds(scratch, 5, 1000));
  }
  EXPECT_EQ(pool.stats().warm_leases, 2u);
  EXPECT_EQ(pool.stats().evictions, 3u);
  EXPECT_EQ(pool.stats().idle_bytes, 0u);
}

TEST_F(ArenaPools, MemoryThatGraphsMayUseIsKeptBeyondTheLimit) {
  const OwnPool memory;
  ArenaPoolOptions options = bounded(0);
  options.memory_pool = memory.handle();
  options.arena.capture = CapturePolicy::presized;
  ArenaPool pool{options};
  for (int round = 0; round < 3; ++round) static_cast<void>(pool.lease(stream())->alloc_bytes(MiB));
  EXPECT_EQ(pool.stats().warm_leases, 2u);
  EXPECT_EQ(pool.stats().idle_bytes, 2 * MiB);
  EXPECT_EQ(pool.stats().evictions, 0u);
  pool.release(stream());
  DAA_CUDA_CHECK(cudaStreamSynchronize(stream()));
  EXPECT_EQ(memory.bytes_used(), 0u);
}

}  // namespace
}  // namespace daa::test
