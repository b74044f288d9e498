// What holds of any CUDA runtime: memory pools.

#include <cuda_runtime_api.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <limits>

#include "runtime_semantics_fixture.hpp"

namespace daa::test {
namespace {

TEST_F(PoolSemantics, ANewPoolHoldsNothingAndHasNoThreshold) {
  EXPECT_EQ(attribute(cudaMemPoolAttrReleaseThreshold), 0);
  EXPECT_EQ(reserved(), 0);
  EXPECT_EQ(used(), 0);
  int allowed = 0;
  EXPECT_CUDA(cudaMemPoolGetAttribute(pool, cudaMemPoolReuseAllowOpportunistic, &allowed));
  EXPECT_EQ(allowed, 1);
}

TEST_F(PoolSemantics, UsedMemoryIsWhatIsAllocated) {
  void* const pointer = allocate(10 * MiB);
  EXPECT_GE(used(), 10 * MiB);
  EXPECT_LT(used(), 11 * MiB);
  EXPECT_GE(reserved(), used());
  EXPECT_CUDA(cudaFreeAsync(pointer, stream));
  EXPECT_CUDA(cudaStreamSynchronize(stream));
  EXPECT_EQ(used(), 0);
  EXPECT_GE(attribute(cudaMemPoolAttrUsedMemHigh), 10 * MiB);
}

TEST_F(PoolSemantics, HighWatermarksCanBeResetAndNothingElseWritten) {
  EXPECT_CUDA(cudaFreeAsync(allocate(10 * MiB), stream));
  EXPECT_CUDA(cudaStreamSynchronize(stream));
  EXPECT_GE(attribute(cudaMemPoolAttrReservedMemHigh), 10 * MiB);
  std::uint64_t one = 1;
  std::uint64_t zero = 0;
  EXPECT_EQ(cudaMemPoolSetAttribute(pool, cudaMemPoolAttrUsedMemHigh, &one), cudaErrorInvalidValue);
  EXPECT_NE(cudaMemPoolSetAttribute(pool, cudaMemPoolAttrUsedMemCurrent, &zero), cudaSuccess);
  EXPECT_CUDA(cudaMemPoolSetAttribute(pool, cudaMemPoolAttrUsedMemHigh, &zero));
  EXPECT_CUDA(cudaMemPoolSetAttribute(pool, cudaMemPoolAttrReservedMemHigh, &zero));
  EXPECT_EQ(attribute(cudaMemPoolAttrUsedMemHigh), used());
  EXPECT_EQ(attribute(cudaMemPoolAttrReservedMemHigh), reserved());
}

TEST_F(PoolSemantics, FreedMemoryIsReusedInItsStreamWithoutASynchronisation) {
  Gate gate;
  gate.hold(stream);
  for (int i = 0; i < 100; ++i) EXPECT_CUDA(cudaFreeAsync(allocate(64 * MiB), stream));
  EXPECT_LE(reserved(), 128 * MiB);
  gate.open();
  EXPECT_CUDA(cudaStreamSynchronize(stream));
}

TEST_F(PoolSemantics, ASynchronisationGivesIdleMemoryBack) {
  EXPECT_CUDA(cudaFreeAsync(allocate(64 * MiB), stream));
  EXPECT_GE(reserved(), 64 * MiB);
  EXPECT_CUDA(cudaStreamSynchronize(stream));
  EXPECT_LT(reserved(), 64 * MiB);
}

TEST_F(PoolSemantics, AThresholdKeepsIdleMemoryAcrossSynchronisations) {
  set_threshold(std::numeric_limits<std::uint64_t>::max());
  EXPECT_CUDA(cudaFreeAsync(allocate(64 * MiB), stream));
  EXPECT_CUDA(cudaStreamSynchronize(stream));
  EXPECT_CUDA(cudaDeviceSynchronize());
  EXPECT_GE(reserved(), 64 * MiB);
}

TEST_F(PoolSemantics, TrimmingGivesIdleMemoryBackAndKeepsWhatItIsTold) {
  set_threshold(std::numeric_limits<std::uint64_t>::max());
  void* const small = allocate(64 * MiB);
  void* const large = allocate(256 * MiB);
  EXPECT_CUDA(cudaFreeAsync(small, stream));
  EXPECT_CUDA(cudaFreeAsync(large, stream));
  EXPECT_CUDA(cudaStreamSynchronize(stream));
  EXPECT_CUDA(cudaMemPoolTrimTo(pool, 64 * MiB));
  EXPECT_GE(reserved(), 64 * MiB);
  EXPECT_CUDA(cudaMemPoolTrimTo(pool, 0));
  EXPECT_LT(reserved(), 64 * MiB);
}

TEST_F(PoolSemantics, MemoryInUseIsNotGivenBack) {
  void* const pointer = allocate(64 * MiB);
  EXPECT_CUDA(cudaMemsetAsync(pointer, 1, 64 * MiB, stream));
  EXPECT_CUDA(cudaStreamSynchronize(stream));
  EXPECT_CUDA(cudaMemPoolTrimTo(pool, 0));
  EXPECT_GE(reserved(), 64 * MiB);
  EXPECT_CUDA(cudaMemcpyAsync(pinned, pointer, bytes, cudaMemcpyDeviceToHost, stream));
  EXPECT_CUDA(cudaFreeAsync(pointer, stream));
  EXPECT_CUDA(cudaStreamSynchronize(stream));
  EXPECT_EQ(pinned[bytes - 1], 1);
}

TEST_F(PoolSemantics, TheCurrentPoolIsTheDefaultOneUntilItIsSet) {
  cudaMemPool_t default_pool = nullptr;
  cudaMemPool_t current = nullptr;
  ASSERT_CUDA(cudaDeviceGetDefaultMemPool(&default_pool, 0));
  ASSERT_CUDA(cudaDeviceGetMemPool(&current, 0));
  EXPECT_EQ(current, default_pool);

  ASSERT_CUDA(cudaDeviceSetMemPool(0, pool));
  ASSERT_CUDA(cudaDeviceGetMemPool(&current, 0));
  EXPECT_EQ(current, pool);
  void* pointer = nullptr;
  EXPECT_CUDA(cudaMallocAsync(&pointer, MiB, stream));
  EXPECT_GE(used(), MiB);
  EXPECT_CUDA(cudaFreeAsync(pointer, stream));
  EXPECT_CUDA(cudaDeviceSetMemPool(0, default_pool));
}

TEST_F(PoolSemantics, DestroyingTheCurrentPoolMakesTheDefaultOneCurrent) {
  cudaMemPool_t default_pool = nullptr;
  cudaMemPool_t current = nullptr;
  ASSERT_CUDA(cudaDeviceSetMemPool(0, pool));
  ASSERT_CUDA(cudaMemPoolDestroy(pool));
  pool = nullptr;
  ASSERT_CUDA(cudaDeviceGetDefaultMemPool(&default_pool, 0));
  ASSERT_CUDA(cudaDeviceGetMemPool(&current, 0));
  EXPECT_EQ(current, default_pool);
  EXPECT_NE(cudaMemPoolDestroy(default_pool), cudaSuccess);
}

TEST_F(PoolSemantics, MemoryOutlivesItsPool) {
  void* const pointer = allocate(MiB);
  EXPECT_CUDA(cudaMemPoolDestroy(pool));
  pool = nullptr;
  EXPECT_CUDA(cudaMemsetAsync(pointer, 6, MiB, stream));
  EXPECT_CUDA(cudaMemcpyAsync(pinned, pointer, bytes, cudaMemcpyDeviceToHost, stream));
  EXPECT_CUDA(cudaFreeAsync(pointer, stream));
  EXPECT_CUDA(cudaStreamSynchronize(stream));
  EXPECT_EQ(pinned[bytes - 1], 6);
}

TEST_F(BoundedPoolSemantics, AnAllocationThatFailsDoesNotWaitForTheStream) {
  void* const kept = allocate(96 * MiB);
  Gate gate;
  gate.hold(stream);
  EXPECT_TRUE(is_refused(96 * MiB));
  EXPECT_EQ(cudaStreamQuery(stream), cudaErrorNotReady);
  gate.open();
  EXPECT_CUDA(cudaFreeAsync(kept, stream));
  EXPECT_CUDA(cudaStreamSynchronize(stream));
}

TEST_F(BoundedPoolSemantics, AnAllocationThatFailsDoesNotWaitForAFreeInFrontOfIt) {
  void* const kept = allocate(32 * MiB);
  void* const freed = allocate(64 * MiB);
  Gate gate;
  gate.hold(stream);
  EXPECT_CUDA(cudaFreeAsync(freed, stream));
  EXPECT_TRUE(is_refused(max_bytes));
  EXPECT_EQ(cudaStreamQuery(stream), cudaErrorNotReady);
  void* const reused = allocate(64 * MiB);  // in stream order, what is freed in front serves
  EXPECT_NE(reused, nullptr);
  EXPECT_EQ(cudaStreamQuery(stream), cudaErrorNotReady);
  gate.open();
  EXPECT_CUDA(cudaFreeAsync(reused, stream));
  EXPECT_CUDA(cudaFreeAsync(kept, stream));
  EXPECT_CUDA(cudaStreamSynchronize(stream));
}

TEST_F(BoundedPoolSemantics, MemoryFreedOnAnIdleStreamMakesRoomForALargerAllocation) {
  void* const small = allocate(64 * MiB);
  EXPECT_CUDA(cudaStreamSynchronize(stream));
  EXPECT_CUDA(cudaFreeAsync(small, stream));
  void* const large = allocate(96 * MiB);
  EXPECT_NE(large, nullptr);
  EXPECT_CUDA(cudaFreeAsync(large, stream));
  EXPECT_CUDA(cudaStreamSynchronize(stream));
}

TEST_F(PoolSemantics, APoolMayBeDestroyedBeforeItsFreesAreDone) {
  Gate gate;
  gate.hold(stream);
  EXPECT_CUDA(cudaFreeAsync(allocate(MiB), stream));
  EXPECT_CUDA(cudaMemPoolDestroy(pool));
  pool = nullptr;
  gate.open();
  EXPECT_CUDA(cudaStreamSynchronize(stream));
}

}  // namespace
}  // namespace daa::test
