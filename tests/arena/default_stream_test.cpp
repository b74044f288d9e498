// The meaning of stream 0 in a program whose translation units disagree: the legacy stream here, the calling
// thread's own in default_stream_per_thread_test.cpp.

#include "default_stream.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>
#include <thread>

#include "why_no_device.hpp"

#ifdef CUDA_API_PER_THREAD_DEFAULT_STREAM
#error "compile this file without CUDA_API_PER_THREAD_DEFAULT_STREAM"
#endif

namespace daa::test {

void on_another_thread(const std::function<void()>& use) {
  std::thread([&] {
    ASSERT_EQ(cudaSetDevice(0), cudaSuccess);
    use();
    EXPECT_EQ(cudaStreamSynchronize(cudaStreamPerThread), cudaSuccess);
  }).join();
}

namespace zero_is_legacy {

DeviceAsyncArena arena_of_zero() {
  return DeviceAsyncArena{nullptr};
}

cudaStream_t stream_of(const DeviceAsyncArena& arena) {
  return arena.stream();
}

ArenaLease lease_for_zero(ArenaPool& pool) {
  return pool.lease(nullptr);
}

void release_zero(ArenaPool& pool) {
  pool.release(nullptr);
}

}  // namespace zero_is_legacy

namespace {

class DefaultStream : public ::testing::Test {
 protected:
  void SetUp() override {
    if (const std::string why = why_no_device(); !why.empty()) GTEST_SKIP() << why;
  }
  void TearDown() override {
    if (!IsSkipped()) {
      EXPECT_EQ(cudaGetLastError(), cudaSuccess);
    }
  }
};

TEST_F(DefaultStream, OfAnArenaIsThatOfTheTranslationUnitThatCreatesIt) {
  const DeviceAsyncArena legacy = zero_is_legacy::arena_of_zero();
  const DeviceAsyncArena own = zero_is_per_thread::arena_of_zero();
  EXPECT_EQ(zero_is_per_thread::stream_of(own), cudaStreamPerThread);
  EXPECT_EQ(zero_is_legacy::stream_of(own), cudaStreamPerThread);
  EXPECT_EQ(zero_is_legacy::stream_of(legacy), cudaStreamLegacy);
  EXPECT_EQ(zero_is_per_thread::stream_of(legacy), cudaStreamLegacy);
}

TEST_F(DefaultStream, OfEachThreadLeasesItsOwnArena) {
  ArenaPool pool;
  ArenaLease mine = zero_is_per_thread::lease_for_zero(pool);
  EXPECT_EQ(mine->stream(), cudaStreamPerThread);
  void* const scratch = mine->alloc_bytes(1000);
  DeviceAsyncArena* const arena = mine.get();
  mine = {};
  on_another_thread([&] {
    ArenaLease other = zero_is_per_thread::lease_for_zero(pool);
    EXPECT_NE(other.get(), arena);
    EXPECT_EQ(other->stream(), cudaStreamPerThread);
    EXPECT_NE(other->alloc_bytes(1000), scratch) << "work of the first thread may still use that";
    other = {};
    EXPECT_EQ(pool.stats().arenas_idle, 2u);
    zero_is_per_thread::release_zero(pool);
    EXPECT_EQ(pool.stats().arenas_idle, 1u);
  });
  mine = pool.lease(cudaStreamPerThread);
  EXPECT_EQ(mine.get(), arena);
  mine = {};
  zero_is_per_thread::release_zero(pool);
  EXPECT_EQ(pool.stats().arenas_idle, 0u);
  EXPECT_EQ(pool.stats().abandoned, 0u);
}

TEST_F(DefaultStream, ThatIsTheLegacyOneLeasesOneArenaToAllThreads) {
  ArenaPool pool;
  DeviceAsyncArena* const arena = zero_is_legacy::lease_for_zero(pool).get();
  on_another_thread([&] { EXPECT_EQ(zero_is_legacy::lease_for_zero(pool).get(), arena); });
  {
    const ArenaLease own = zero_is_per_thread::lease_for_zero(pool);
    EXPECT_NE(own.get(), arena);
    const ArenaLease legacy = pool.lease(cudaStreamLegacy);
    EXPECT_EQ(legacy.get(), arena);
    EXPECT_EQ(zero_is_per_thread::stream_of(*legacy), cudaStreamLegacy);
  }
  zero_is_legacy::release_zero(pool);
  EXPECT_EQ(pool.stats().arenas_idle, 1u);
  zero_is_per_thread::release_zero(pool);
  EXPECT_EQ(pool.stats().arenas_idle, 0u);
}

TEST_F(DefaultStream, ByNameIsTheSameThroughSharedFunctions) {
  for (const cudaStream_t name : {cudaStreamLegacy, cudaStreamPerThread}) {
    const auto made = std::make_unique<DeviceAsyncArena>(name, std::nullopt, ArenaOptions{});
    std::optional<DeviceAsyncArena> emplaced;
    emplaced.emplace(name, std::nullopt);
    for (const DeviceAsyncArena* arena : {made.get(), &*emplaced}) {
      EXPECT_EQ(zero_is_legacy::stream_of(*arena), name);
      EXPECT_EQ(zero_is_per_thread::stream_of(*arena), name);
    }
  }
}

}  // namespace
}  // namespace daa::test
