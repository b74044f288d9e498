// One pool used by many threads.

#include <atomic>
#include <memory>
#include <thread>

#include "arena_pool_fixture.hpp"
#include "own_pool.hpp"

namespace daa::test {
namespace {

TEST_F(ArenaPools, EachThreadHasItsOwnArenaForThePerThreadStream) {
  ArenaPool pool;
  for (cudaStream_t legacy : {cudaStream_t{nullptr}, cudaStreamLegacy}) static_cast<void>(pool.lease(legacy));
  static_cast<void>(pool.lease(cudaStreamPerThread)->alloc_bytes(1000));
  EXPECT_EQ(pool.stats().cold_leases, 2u);
  std::thread([&] {
    static_cast<void>(pool.lease(nullptr)->alloc_bytes(1000));
    EXPECT_EQ(pool.stats().cold_leases, 2u);
    static_cast<void>(pool.lease(cudaStreamPerThread)->alloc_bytes(1000));
    EXPECT_EQ(pool.stats().cold_leases, 3u);
    EXPECT_EQ(pool.stats().arenas_idle, 3u);
    pool.release(cudaStreamPerThread);
    EXPECT_EQ(pool.stats().arenas_idle, 2u);
  }).join();
  static_cast<void>(pool.lease(cudaStreamPerThread)->alloc_bytes(1000));
  EXPECT_EQ(pool.stats().cold_leases, 3u);
  EXPECT_EQ(pool.stats().abandoned, 0u);
}

TEST_F(ArenaPools, LeasesMayEndWhileThePoolIsDestroyed) {
  const OwnPool memory;
  ArenaPoolOptions options;
  options.memory_pool = memory.handle();
  for (int round = 0; round < 20; ++round) {
    auto pool = std::make_unique<ArenaPool>(options);
    std::atomic<int> ready{0};
    std::vector<std::thread> threads;
    for (int i = 0; i < 4; ++i) {
      threads.emplace_back([&, on = i % 2 == 0 ? stream() : other()] {
        const ArenaLease lease = pool->lease(on);
        static_cast<void>(lease->alloc_bytes(1000));
        ++ready;
        while (ready != 5) std::this_thread::yield();
      });
    }
    while (ready != 4) std::this_thread::yield();
    ++ready;
    pool.reset();
    for (std::thread& thread : threads) thread.join();
  }
  DAA_CUDA_CHECK(cudaStreamSynchronize(stream()));
  DAA_CUDA_CHECK(cudaStreamSynchronize(other()));
  EXPECT_EQ(memory.bytes_used(), 0u);
}

// Each thread fills its allocations with its own byte, on its own stream and on a shared one.
TEST_F(ArenaPools, ManyThreadsOnManyStreamsDoNotInterfere) {
  constexpr std::size_t count = 8;
  constexpr std::size_t bytes = 64 << 10;
  ArenaPool pool{bounded(4 * MiB)};
  const auto work = [&](std::uint8_t value) {
    DAA_CUDA_CHECK(cudaSetDevice(0));
    std::vector<std::uint8_t> result(bytes);
    for (int life = 0; life < 3; ++life) {
      cudaStream_t own = make_stream();
      for (int round = 0; round < 20; ++round) {
        for (cudaStream_t each : {own, stream()}) {
          const ArenaLease lease = pool.lease(each);
          void* const scratch = lease->alloc_bytes(bytes);
          DAA_CUDA_CHECK(cudaMemsetAsync(scratch, value, bytes, each));
          DAA_CUDA_CHECK(cudaMemcpyAsync(result.data(), scratch, bytes, cudaMemcpyDeviceToHost, each));
          DAA_CUDA_CHECK(cudaStreamSynchronize(each));
          EXPECT_EQ(result, std::vector<std::uint8_t>(bytes, value));
        }
        static_cast<void>(pool.stats());
      }
      pool.release(own);
      DAA_CUDA_CHECK(cudaStreamDestroy(own));
    }
  };
  std::vector<std::thread> threads;
  for (std::size_t i = 0; i < count; ++i) threads.emplace_back(work, static_cast<std::uint8_t>(i + 1));
  for (std::thread& thread : threads) thread.join();
  const ArenaPoolStats stats = pool.stats();
  EXPECT_EQ(stats.warm_leases + stats.cold_leases, count * 3 * 20 * 2);
  EXPECT_EQ(stats.life.allocations, count * 3 * 20 * 2);
  EXPECT_EQ(stats.arenas_leased, 0u);
  EXPECT_LE(stats.arenas_idle, count);
  EXPECT_LE(stats.idle_bytes, 4 * MiB);
  EXPECT_EQ(stats.abandoned, 0u);
}

}  // namespace
}  // namespace daa::test
