// What ArenaPool promises on any runtime. Only the CUDA runtime API and the library.

#include "daa/arena_pool.hpp"

#include <atomic>
#include <future>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>

#include "own_pool.hpp"
#include "stream_fixture.hpp"

namespace daa::test {
namespace {

constexpr std::size_t MiB = std::size_t{1} << 20;

cudaStream_t make_stream() {
  cudaStream_t made = nullptr;
  DAA_CUDA_CHECK(cudaStreamCreateWithFlags(&made, cudaStreamNonBlocking));
  return made;
}

class ArenaPools : public StreamFixture {
 protected:
  void SetUp() override {
    StreamFixture::SetUp();
    if (!IsSkipped()) other_ = make_stream();
  }
  void TearDown() override {
    if (other_ != nullptr) {
      EXPECT_EQ(cudaStreamSynchronize(other_), cudaSuccess);
      EXPECT_EQ(cudaStreamDestroy(other_), cudaSuccess);
    }
    StreamFixture::TearDown();
  }
  [[nodiscard]] cudaStream_t other() const { return other_; }

  static ArenaPoolOptions bounded(std::size_t max_arenas, std::size_t max_bytes) {
    ArenaPoolOptions options;
    options.max_arenas = max_arenas;
    options.max_bytes = max_bytes;
    return options;
  }

 private:
  cudaStream_t other_ = nullptr;
};

TEST_F(ArenaPools, AReturnedArenaComesBackWarm) {
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

TEST_F(ArenaPools, LeasesThatAreOutTogetherHaveDifferentArenas) {
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

// A driver likes to give the handle of a destroyed stream to the next one.
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
  EXPECT_EQ(pool.stats().life.allocations, 80u) << "arenas that are gone count, too";
}

TEST_F(ArenaPools, ReleaseGivesTheMemoryOfOneStreamBack) {
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

TEST_F(ArenaPools, NoMoreArenasAreKeptThanAllowed) {
  const OwnPool memory;
  {
    ArenaPoolOptions options = bounded(1, 100 * MiB);
    options.memory_pool = memory.handle();
    ArenaPool pool{options};
    for (int round = 0; round < 3; ++round) {
      for (cudaStream_t each : {stream(), other()}) static_cast<void>(pool.lease(each)->alloc_bytes(MiB));
      EXPECT_EQ(pool.stats().arenas_idle, 1u);
    }
    EXPECT_EQ(pool.stats().warm_leases, 2u) << "the stream that came first stays warm";
    EXPECT_EQ(pool.stats().evictions, 3u);
    EXPECT_EQ(pool.stats().life.allocations, 6u);
    pool.release(stream());
    static_cast<void>(pool.lease(other())->alloc_bytes(MiB));
    EXPECT_EQ(pool.stats().arenas_idle, 1u) << "its place is free again";
    EXPECT_EQ(pool.stats().evictions, 3u);
  }
  DAA_CUDA_CHECK(cudaStreamSynchronize(stream()));
  DAA_CUDA_CHECK(cudaStreamSynchronize(other()));
  EXPECT_EQ(memory.bytes_used(), 0u);
}

TEST_F(ArenaPools, NoMoreBytesAreKeptThanAllowed) {
  ArenaPool pool{bounded(10, 6 * MiB)};
  static_cast<void>(pool.lease(stream())->alloc_bytes(4 * MiB));
  EXPECT_EQ(pool.stats().idle_bytes, 4 * MiB);
  static_cast<void>(pool.lease(other())->alloc_bytes(3 * MiB));
  EXPECT_EQ(pool.stats().idle_bytes, 4 * MiB);
  EXPECT_EQ(pool.stats().evictions, 1u);
  static_cast<void>(pool.lease(other())->alloc_bytes(2 * MiB));  // in a chunk for 3, as before
  EXPECT_EQ(pool.stats().evictions, 2u);
  static_cast<void>(pool.lease(other())->alloc_bytes(2 * MiB));
  EXPECT_EQ(pool.stats().idle_bytes, 6 * MiB);
  static_cast<void>(pool.lease(stream())->alloc_bytes(5 * MiB));
  EXPECT_EQ(pool.stats().idle_bytes, 2 * MiB) << "one that has outgrown the bound gives all back";
  EXPECT_EQ(pool.stats().evictions, 3u);
  EXPECT_EQ(pool.stats().arenas_idle, 2u);
}

TEST_F(ArenaPools, AnArenaWithoutAPlaceIsLeasedAllTheSame) {
  ArenaPool pool{bounded(0, 0)};
  for (int round = 0; round < 3; ++round) {
    const ArenaLease lease = pool.lease(stream());
    void* const scratch = lease->alloc_bytes(1000);
    fill(scratch, 5, 1000);
    EXPECT_TRUE(holds(scratch, 5, 1000));
  }
  EXPECT_EQ(pool.stats().cold_leases, 3u);
  EXPECT_EQ(pool.stats().arenas_idle, 0u);
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

TEST_F(ArenaPools, LeasesMayEndWhileThePoolDoes) {
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

TEST_F(ArenaPools, WhatWasMovedOutOfALeaseIsTheUsersOwn) {
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

TEST_F(ArenaPools, TheOptionsAreThoseOfEveryArena) {
  ArenaPoolOptions options;
  options.arena.name = "solver";
  options.arena.history_phases = 2;
  ArenaPool pool{options};
  const ArenaLease lease = pool.lease(stream());
  try {
    static_cast<void>(lease->alloc_bytes(std::size_t{1} << 50));
    FAIL();
  } catch (const OutOfDeviceMemory& error) {
    EXPECT_NE(std::string(error.what()).find("solver"), std::string::npos) << error.what();
  }
  lease->name_phase("first");
  lease->reset();
  ASSERT_EQ(lease->history().size(), 1u);

  options.arena.backing = static_cast<Backing>(9);
  ArenaPool wrong{options};
  EXPECT_THROW(static_cast<void>(wrong.lease(stream())), std::invalid_argument);
  EXPECT_EQ(wrong.stats().cold_leases, 0u);
}

TEST_F(ArenaPools, ACaptureUsesWarmMemoryAndTakesNone) {
  ArenaPool pool;
  static_cast<void>(pool.lease(stream())->alloc_bytes(MiB));
  DAA_CUDA_CHECK(cudaStreamBeginCapture(stream(), cudaStreamCaptureModeThreadLocal));
  {
    const ArenaLease warm = pool.lease(stream());
    fill(warm->alloc_bytes(MiB), 1, MiB);
    EXPECT_THROW(static_cast<void>(pool.lease(stream())), std::logic_error) << "there is one arena";
    EXPECT_THROW(pool.release(stream()), std::logic_error);
  }
  static_cast<void>(pool.lease(stream()));
  cudaGraph_t graph = nullptr;
  DAA_CUDA_CHECK(cudaStreamEndCapture(stream(), &graph));
  std::size_t nodes = 0;
  DAA_CUDA_CHECK(cudaGraphGetNodes(graph, nullptr, &nodes));
  EXPECT_EQ(nodes, 1u);
  DAA_CUDA_CHECK(cudaGraphDestroy(graph));
  EXPECT_EQ(pool.stats().failed_ends, 0u);
}

TEST_F(ArenaPools, ACaptureOfTheThreadsOwnDefaultStreamUsesItsOwnArena) {
  ArenaPool pool;
  const void* warm = pool.lease(cudaStreamPerThread)->alloc_bytes(MiB);
  std::promise<void> leased;
  std::promise<void> done;
  std::thread other{[&] {
    static_cast<void>(pool.lease(cudaStreamPerThread)->alloc_bytes(MiB));
    leased.set_value();
    done.get_future().wait();
    pool.release(cudaStreamPerThread);
  }};
  leased.get_future().wait();
  DAA_CUDA_CHECK(cudaStreamBeginCapture(cudaStreamPerThread, cudaStreamCaptureModeThreadLocal));
  {
    const ArenaLease lease = pool.lease(cudaStreamPerThread);
    EXPECT_EQ(lease->alloc_bytes(MiB), warm);
    EXPECT_THROW(static_cast<void>(pool.lease(cudaStreamPerThread)), std::logic_error);
  }
  cudaGraph_t graph = nullptr;
  DAA_CUDA_CHECK(cudaStreamEndCapture(cudaStreamPerThread, &graph));
  DAA_CUDA_CHECK(cudaGraphDestroy(graph));
  done.set_value();
  other.join();
  pool.release(cudaStreamPerThread);
}

TEST_F(ArenaPools, AnInvalidCaptureIsOneToo) {
  ArenaPool pool;
  static_cast<void>(pool.lease(stream())->alloc_bytes(MiB));
  DAA_CUDA_CHECK(cudaStreamBeginCapture(stream(), cudaStreamCaptureModeThreadLocal));
  EXPECT_NE(cudaStreamSynchronize(stream()), cudaSuccess);
  static_cast<void>(cudaGetLastError());
  EXPECT_THROW(pool.release(stream()), std::logic_error);
  { const ArenaLease lease = pool.lease(stream()); }
  cudaGraph_t graph = nullptr;
  EXPECT_EQ(cudaStreamEndCapture(stream(), &graph), cudaErrorStreamCaptureInvalidated);
  static_cast<void>(cudaGetLastError());
  EXPECT_EQ(pool.stats().warm_leases, 1u);
}

TEST_F(ArenaPools, ThatDieInACaptureLeakAndLeaveItValid) {
  const OwnPool memory;
  void* leaked = nullptr;
  {
    ArenaPoolOptions options;
    options.memory_pool = memory.handle();
    ArenaPool pool{options};
    leaked = pool.lease(stream())->alloc_bytes(MiB);
    DAA_CUDA_CHECK(cudaStreamBeginCapture(stream(), cudaStreamCaptureModeThreadLocal));
  }
  cudaGraph_t graph = nullptr;
  DAA_CUDA_CHECK(cudaStreamEndCapture(stream(), &graph));
  DAA_CUDA_CHECK(cudaGraphDestroy(graph));
  EXPECT_EQ(memory.bytes_used(), 2 * MiB);
  DAA_CUDA_CHECK(cudaFreeAsync(leaked, stream()));
  DAA_CUDA_CHECK(cudaStreamSynchronize(stream()));
}

TEST_F(ArenaPools, MemoryThatGraphsMayUseIsKeptBeyondTheBounds) {
  const OwnPool memory;
  ArenaPoolOptions options = bounded(0, 0);
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

TEST_F(ArenaPools, AThreadsOwnDefaultStreamIsItsOwn) {
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

// Each thread fills what it leases with its own byte, on a stream of its own and on one that all share.
TEST_F(ArenaPools, ManyThreadsOnManyStreamsDoNotDisturbEachOther) {
  constexpr std::size_t count = 8;
  constexpr std::size_t bytes = 64 << 10;
  ArenaPool pool{bounded(count, 4 * MiB)};
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

TEST_F(ArenaPools, ALeaseThatEndsInsideAScopeLeaksItsArenaAndSaysSo) {
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
