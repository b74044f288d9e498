// Measures what CUB and Thrust algorithms allocate from an arena, by its statistics and by the device's pool.
#pragma once

#include <numeric>
#include <optional>
#include <vector>

#include "daa/device_async_arena.hpp"
#include "stream_fixture.hpp"

namespace daa::test {

/// An arena with `n` integers of input and memory for `n` of output.
class PhaseFixture : public StreamFixture {
 protected:
  static constexpr int n = 1 << 20;

  void SetUp() override {
    StreamFixture::SetUp();
    if (IsSkipped()) return;
    DAA_CUDA_CHECK(cudaDeviceGetDefaultMemPool(&pool_, 0));
    arena_.emplace(stream(), pool_);
    DAA_CUDA_CHECK(cudaMallocAsync(reinterpret_cast<void**>(&in), n * sizeof(int), stream()));
    DAA_CUDA_CHECK(cudaMallocAsync(reinterpret_cast<void**>(&out), n * sizeof(int), stream()));
    for (int i = 0; i < n; ++i) host_in.push_back(static_cast<int>((i * 48'271ll + 11) % 1'009));
    DAA_CUDA_CHECK(cudaMemcpyAsync(in, host_in.data(), n * sizeof(int), cudaMemcpyHostToDevice, stream()));
  }
  void TearDown() override {
    if (in != nullptr) {
      EXPECT_EQ(cudaFreeAsync(in, stream()), cudaSuccess);
    }
    if (out != nullptr) {
      EXPECT_EQ(cudaFreeAsync(out, stream()), cudaSuccess);
    }
    arena_.reset();
    StreamFixture::TearDown();
  }

  /// Runs `work` as a phase twice. The first phase may allocate from the pool. The second must not: it finds
  /// all its temporaries in the arena, at least `bytes_least` of them, and frees all of them.
  template <class Work>
  void expect_temporaries_from_the_arena(std::size_t bytes_least, Work work) {
    work();
    arena().reset();
    const std::size_t calls = arena().stats().runtime_calls;
    EXPECT_EQ(bytes_from_the_pool(work), 0u) << "memory was allocated from the pool";
    const ArenaStats stats = arena().stats();
    EXPECT_EQ(stats.runtime_calls, calls) << "the arena called the CUDA runtime for memory";
    EXPECT_GE(stats.allocations, 1u);
    EXPECT_GE(stats.bytes_requested, bytes_least);
    EXPECT_EQ(stats.bytes_in_use, 0u) << "a temporary was not freed";
    RecordProperty("temporaries", std::to_string(stats.allocations));
    RecordProperty("temporary_bytes", std::to_string(stats.bytes_requested));
  }

  /// The peak use of the device's pool while `work` ran, above the use before it.
  template <class Work>
  [[nodiscard]] std::uint64_t bytes_from_the_pool(Work work) const {
    std::uint64_t before = 0, high = 0;
    DAA_CUDA_CHECK(cudaStreamSynchronize(stream()));
    DAA_CUDA_CHECK(cudaMemPoolGetAttribute(pool_, cudaMemPoolAttrUsedMemCurrent, &before));
    DAA_CUDA_CHECK(cudaMemPoolSetAttribute(pool_, cudaMemPoolAttrUsedMemHigh, &high));  // 0: from now on
    work();
    DAA_CUDA_CHECK(cudaStreamSynchronize(stream()));
    DAA_CUDA_CHECK(cudaMemPoolGetAttribute(pool_, cudaMemPoolAttrUsedMemHigh, &high));
    return high - before;
  }

  [[nodiscard]] std::vector<int> read_out(std::size_t count) const {
    std::vector<int> result(count);
    DAA_CUDA_CHECK(
        cudaMemcpyAsync(result.data(), out, count * sizeof(int), cudaMemcpyDeviceToHost, stream()));
    DAA_CUDA_CHECK(cudaStreamSynchronize(stream()));
    return result;
  }

  [[nodiscard]] int sum() const { return std::accumulate(host_in.begin(), host_in.end(), 0); }
  [[nodiscard]] std::vector<int> prefix_sums() const {
    std::vector<int> result(n);
    std::exclusive_scan(host_in.begin(), host_in.end(), result.begin(), 0);
    return result;
  }

  [[nodiscard]] DeviceAsyncArena& arena() { return *arena_; }

  int* in = nullptr;
  int* out = nullptr;
  std::vector<int> host_in;

 private:
  cudaMemPool_t pool_ = nullptr;
  std::optional<DeviceAsyncArena> arena_;
};

}  // namespace daa::test
