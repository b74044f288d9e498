// What holds of any CUDA runtime: memory, and its pools.

#include <cstdint>
#include <cstring>
#include <limits>
#include <vector>

#include "runtime_semantics_fixture.hpp"

namespace daa::test {
namespace {

constexpr std::size_t petabyte = std::size_t{1} << 50;

TEST_F(RuntimeSemantics, MemoryIsAlignedTo256Bytes) {
  for (const std::size_t size : {1UL, 255UL, 257UL, 5000UL}) {
    void* direct = nullptr;
    void* ordered = nullptr;
    ASSERT_CUDA(cudaMalloc(&direct, size));
    ASSERT_CUDA(cudaMallocAsync(&ordered, size, stream));
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(direct) % 256, 0);
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(ordered) % 256, 0);
    free(ordered);
    EXPECT_CUDA(cudaFree(direct));
  }
}

TEST_F(RuntimeSemantics, CopiesAndSetsDoWhatTheySay) {
  std::vector<unsigned char> sent(bytes);
  std::vector<unsigned char> received(bytes);
  for (std::size_t i = 0; i < bytes; ++i) sent[i] = static_cast<unsigned char>(i * 7);
  void* copy = nullptr;
  ASSERT_CUDA(cudaMalloc(&copy, bytes));
  ASSERT_CUDA(cudaMemcpy(device, sent.data(), bytes, cudaMemcpyHostToDevice));
  ASSERT_CUDA(cudaMemcpy(copy, device, bytes, cudaMemcpyDeviceToDevice));
  ASSERT_CUDA(cudaMemset(copy, 3, 16));
  ASSERT_CUDA(cudaMemcpy(received.data(), copy, bytes, cudaMemcpyDefault));
  EXPECT_CUDA(cudaFree(copy));
  std::memset(sent.data(), 3, 16);
  EXPECT_EQ(received, sent);
}

TEST_F(RuntimeSemantics, FreeMemoryIsPartOfTheTotal) {
  std::size_t free = 0;
  std::size_t total = 0;
  ASSERT_CUDA(cudaMemGetInfo(&free, &total));
  EXPECT_GT(free, 0);
  EXPECT_LE(free, total);
}

TEST_F(RuntimeSemantics, StreamOrderedMemoryMayBeFreedOnAnotherStreamBehindItsUse) {
  void* const pointer = allocate();
  set(pointer, 9);
  fetch(pointer, stream);
  order(stream, other);
  ASSERT_CUDA(cudaFreeAsync(pointer, other));
  ASSERT_CUDA(cudaStreamSynchronize(other));
  EXPECT_EQ(pinned[bytes - 1], 9);
}

TEST_F(RuntimeSemantics, AskingForMoreThanTheDeviceHasFailsWithoutWaitingForTheStream) {
  void* const freed = allocate();
  void* pointer = nullptr;
  {
    const HostFunctionGate gate(stream);
    EXPECT_EQ(cudaMallocAsync(&pointer, petabyte, stream), cudaErrorMemoryAllocation);
    free(freed);
    EXPECT_EQ(cudaMallocAsync(&pointer, petabyte, stream), cudaErrorMemoryAllocation);
    EXPECT_EQ(cudaGetLastError(), cudaErrorMemoryAllocation);
    EXPECT_EQ(cudaStreamQuery(stream), cudaErrorNotReady);
  }
  EXPECT_EQ(cudaMalloc(&pointer, petabyte), cudaErrorMemoryAllocation);
  free(allocate());
}

TEST_F(RuntimeSemantics, EitherFreeServesEitherAllocation) {
  void* pointer = nullptr;
  ASSERT_CUDA(cudaMalloc(&pointer, bytes));
  set(pointer, 1);
  free(pointer);
  pointer = allocate();
  set(pointer, 1);
  synchronize();
  EXPECT_CUDA(cudaFree(pointer));
}

// --- pools -------------------------------------------------------------------------------------------------

/// A pool of the test's own, so that its figures are the test's alone. It is destroyed once the device is
/// idle: driver 580 crashes where frees are pending and memory is short.
class PoolSemantics : public RuntimeSemantics {
 protected:
  void SetUp() override {
    RuntimeSemantics::SetUp();
    if (IsSkipped() || HasFatalFailure()) return;
    make_pool();
  }
  void TearDown() override {
    if (pool != nullptr) {
      EXPECT_CUDA(cudaDeviceSynchronize());
      destroy_pool();
    }
    RuntimeSemantics::TearDown();
  }

  /// `max_bytes`: most that it takes from the device; 0 for no bound of its own.
  void make_pool(std::size_t max_bytes = 0) {
    cudaMemPoolProps props{};
    props.maxSize = max_bytes;
    props.allocType = cudaMemAllocationTypePinned;
    props.location.type = cudaMemLocationTypeDevice;
    ASSERT_CUDA(cudaMemPoolCreate(&pool, &props));
  }
  void destroy_pool() {
    EXPECT_CUDA(cudaMemPoolDestroy(pool));
    pool = nullptr;
  }
  [[nodiscard]] std::uint64_t attribute(cudaMemPoolAttr which) const {
    std::uint64_t value = 0;
    EXPECT_CUDA(cudaMemPoolGetAttribute(pool, which, &value));
    return value;
  }
  [[nodiscard]] std::uint64_t reserved() const { return attribute(cudaMemPoolAttrReservedMemCurrent); }
  [[nodiscard]] std::uint64_t used() const { return attribute(cudaMemPoolAttrUsedMemCurrent); }
  [[nodiscard]] cudaError_t write(cudaMemPoolAttr which, std::uint64_t value) const {
    return cudaMemPoolSetAttribute(pool, which, &value);
  }
  void keep_everything() const {
    EXPECT_CUDA(write(cudaMemPoolAttrReleaseThreshold, std::numeric_limits<std::uint64_t>::max()));
  }
  [[nodiscard]] void* allocate(std::size_t size) const {
    void* pointer = nullptr;
    EXPECT_CUDA(cudaMallocFromPoolAsync(&pointer, size, pool, stream));
    return pointer;
  }
  static cudaMemPool_t current_pool() {
    cudaMemPool_t current = nullptr;
    EXPECT_CUDA(cudaDeviceGetMemPool(&current, 0));
    return current;
  }
  static cudaMemPool_t default_pool() {
    cudaMemPool_t found = nullptr;
    EXPECT_CUDA(cudaDeviceGetDefaultMemPool(&found, 0));
    return found;
  }

  cudaMemPool_t pool = nullptr;
};

TEST_F(PoolSemantics, ANewPoolHoldsNothingAndHasNoThreshold) {
  EXPECT_EQ(attribute(cudaMemPoolAttrReleaseThreshold), 0);
  EXPECT_EQ(reserved(), 0);
  EXPECT_EQ(used(), 0);
  int allowed = 0;
  EXPECT_CUDA(cudaMemPoolGetAttribute(pool, cudaMemPoolReuseAllowOpportunistic, &allowed));
  EXPECT_EQ(allowed, 1);
}

TEST_F(PoolSemantics, UsedMemoryIsWhatIsAllocatedAndHighWatermarksCanBeResetAndNothingElseWritten) {
  void* const pointer = allocate(10 * MiB);
  EXPECT_GE(used(), 10 * MiB);
  EXPECT_LT(used(), 11 * MiB);
  EXPECT_GE(reserved(), used());
  free(pointer);
  synchronize();
  EXPECT_EQ(used(), 0);
  EXPECT_GE(attribute(cudaMemPoolAttrUsedMemHigh), 10 * MiB);
  EXPECT_GE(attribute(cudaMemPoolAttrReservedMemHigh), 10 * MiB);
  EXPECT_EQ(write(cudaMemPoolAttrUsedMemHigh, 1), cudaErrorInvalidValue);
  EXPECT_NE(write(cudaMemPoolAttrUsedMemCurrent, 0), cudaSuccess);
  EXPECT_CUDA(write(cudaMemPoolAttrUsedMemHigh, 0));
  EXPECT_CUDA(write(cudaMemPoolAttrReservedMemHigh, 0));
  EXPECT_EQ(attribute(cudaMemPoolAttrUsedMemHigh), used());
  EXPECT_EQ(attribute(cudaMemPoolAttrReservedMemHigh), reserved());
}

TEST_F(PoolSemantics, FreedMemoryIsReusedInItsStreamWithoutASynchronisation) {
  const HostFunctionGate gate(stream);
  for (int i = 0; i < 100; ++i) free(allocate(64 * MiB));
  EXPECT_LE(reserved(), 128 * MiB);
}

TEST_F(PoolSemantics, ASynchronisationGivesIdleMemoryBackUnlessAThresholdKeepsIt) {
  free(allocate(64 * MiB));
  EXPECT_GE(reserved(), 64 * MiB);
  synchronize();
  EXPECT_LT(reserved(), 64 * MiB);
  keep_everything();
  free(allocate(64 * MiB));
  synchronize();
  EXPECT_CUDA(cudaDeviceSynchronize());
  EXPECT_GE(reserved(), 64 * MiB);
}

TEST_F(PoolSemantics, TrimmingGivesIdleMemoryBackAndKeepsWhatItIsTold) {
  keep_everything();
  void* const small = allocate(64 * MiB);
  free(allocate(256 * MiB));
  free(small);
  synchronize();
  EXPECT_CUDA(cudaMemPoolTrimTo(pool, 64 * MiB));
  EXPECT_GE(reserved(), 64 * MiB);
  EXPECT_CUDA(cudaMemPoolTrimTo(pool, 0));
  EXPECT_LT(reserved(), 64 * MiB);
}

TEST_F(PoolSemantics, MemoryInUseIsNotGivenBackAndOutlivesItsPool) {
  void* const pointer = allocate(64 * MiB);
  set(pointer, 1);
  synchronize();
  EXPECT_CUDA(cudaMemPoolTrimTo(pool, 0));
  EXPECT_GE(reserved(), 64 * MiB);
  EXPECT_EQ(value(pointer), 1);
  destroy_pool();
  EXPECT_EQ(value(pointer), 1);
  set(pointer, 6);
  EXPECT_EQ(value(pointer), 6);
  free(pointer);
}

TEST_F(PoolSemantics, TheCurrentPoolIsTheDefaultOneUntilItIsSetAndOnceItIsDestroyed) {
  EXPECT_EQ(current_pool(), default_pool());
  ASSERT_CUDA(cudaDeviceSetMemPool(0, pool));
  EXPECT_EQ(current_pool(), pool);
  void* const pointer = GraphFixture::allocate();
  EXPECT_GE(used(), bytes);
  free(pointer);
  synchronize();
  destroy_pool();
  EXPECT_EQ(current_pool(), default_pool());
  EXPECT_NE(cudaMemPoolDestroy(default_pool()), cudaSuccess);
}

TEST_F(PoolSemantics, AnAllocationThatFailsDoesNotWaitForTheStreamNorAFreeInFrontOfIt) {
  destroy_pool();
  make_pool(128 * MiB);
  void* const kept = allocate(32 * MiB);
  void* const freed = allocate(64 * MiB);
  const auto is_refused = [&] {
    void* pointer = nullptr;
    return cudaMallocFromPoolAsync(&pointer, 128 * MiB, pool, stream) == cudaErrorMemoryAllocation;
  };
  {
    const HostFunctionGate gate(stream);
    EXPECT_TRUE(is_refused());
    free(freed);
    EXPECT_TRUE(is_refused());
    EXPECT_EQ(cudaStreamQuery(stream), cudaErrorNotReady);
    void* const reused = allocate(64 * MiB);
    EXPECT_NE(reused, nullptr) << "in stream order, what is freed in front serves";
    EXPECT_EQ(cudaStreamQuery(stream), cudaErrorNotReady);
    free(reused);
  }
  free(kept);
  synchronize();
}

TEST_F(PoolSemantics, MemoryFreedOnAnIdleStreamMakesRoomForALargerAllocation) {
  destroy_pool();
  make_pool(128 * MiB);
  void* const small = allocate(64 * MiB);
  synchronize();
  free(small);
  void* const large = allocate(96 * MiB);
  EXPECT_NE(large, nullptr);
  free(large);
}

TEST_F(PoolSemantics, APoolMayBeDestroyedBeforeItsFreesAreDone) {
  const HostFunctionGate gate(stream);
  free(allocate(MiB));
  destroy_pool();
}

}  // namespace
}  // namespace daa::test
