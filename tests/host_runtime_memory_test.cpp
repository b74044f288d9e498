// The host runtime: when memory is mapped, reused, limited and unmapped.

#include <cuda_runtime_api.h>
#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <chrono>
#include <functional>
#include <thread>

#include "host_runtime_fixture.hpp"

namespace daa::test {
namespace {

using namespace std::chrono_literals;

using Memory = HostRuntime;

TEST_F(Memory, IsMappedInGranulesAndUnmappedAtASynchronisation) {
  free(allocate(1));
  free(allocate(granule + 1));
  EXPECT_EQ(host::mapped_bytes(), 3 * granule);
  synchronize();
  EXPECT_EQ(host::mapped_bytes(), 0);
}

TEST_F(Memory, IsUnmappedByEveryKindOfSynchronisationAndByNothingElse) {
  cudaEvent_t event = nullptr;
  EXPECT_CUDA(cudaEventCreate(&event));
  const std::function<void()> ways[] = {[&] { EXPECT_CUDA(cudaStreamSynchronize(stream)); },
                                        [&] { EXPECT_CUDA(cudaDeviceSynchronize()); },
                                        [&] { EXPECT_CUDA(cudaEventSynchronize(event)); }};
  for (const auto& synchronize_somehow : ways) {
    free(allocate(KiB));
    EXPECT_CUDA(cudaEventRecord(event, stream));
    while (cudaEventQuery(event) == cudaErrorNotReady) std::this_thread::yield();
    EXPECT_EQ(host::mapped_bytes(), granule);
    synchronize_somehow();
    EXPECT_EQ(host::mapped_bytes(), 0);
  }
}

TEST_F(Memory, StaysMappedUpToTheReleaseThreshold) {
  const cudaMemPool_t pool = make_pool(2 * granule);
  for (int i = 0; i < 2; ++i) {
    std::array<unsigned char*, 5> blocks;
    for (auto& block : blocks) block = allocate_from(pool, granule, stream);
    EXPECT_EQ(reserved(pool), 5 * granule);
    for (auto* const block : blocks) free(block);
    synchronize();
    EXPECT_EQ(reserved(pool), 2 * granule);
  }
  EXPECT_CUDA(cudaMemPoolTrimTo(pool, granule));
  EXPECT_EQ(reserved(pool), granule);
  EXPECT_CUDA(cudaMemPoolDestroy(pool));
}

TEST_F(Memory, StaysMappedWhileAnyPartOfItsSegmentIsAllocatedOrWaitsForItsFree) {
  unsigned char* const first = allocate(KiB);
  unsigned char* const second = allocate(KiB);
  free(first);
  synchronize();
  EXPECT_EQ(host::mapped_bytes(), granule);
  Gate gate(other);
  EXPECT_CUDA(cudaFreeAsync(second, other));
  synchronize();
  EXPECT_EQ(host::mapped_bytes(), granule);
  gate.open();
  EXPECT_CUDA(cudaStreamSynchronize(other));
  EXPECT_EQ(host::mapped_bytes(), 0);
}

TEST_F(Memory, BestFitWithCoalescing) {
  Gate gate(stream);
  unsigned char* const a = allocate(512 * KiB);
  unsigned char* const b = allocate(512 * KiB);
  unsigned char* const c = allocate(256 * KiB);
  unsigned char* const d = allocate(512 * KiB);
  unsigned char* const e = allocate(256 * KiB);
  EXPECT_EQ(host::mapped_bytes(), granule);
  free(c);
  free(a);
  EXPECT_EQ(allocate(200 * KiB), c);  // and not from a, which is larger
  free(b);
  EXPECT_EQ(allocate(MiB), a);
  free(d);
  free(e);
  EXPECT_EQ(allocate(768 * KiB), c + 200 * KiB);
  EXPECT_EQ(host::mapped_bytes(), granule);
}

TEST_F(Memory, FreedOnAStreamIsReusableThereAtOnceAndElsewhereOnceTheFreeIsDone) {
  keep_memory();
  Gate gate(stream);
  unsigned char* const pointer = allocate(granule);
  free(pointer);
  unsigned char* const elsewhere = allocate(granule, other);
  EXPECT_NE(elsewhere, pointer);
  EXPECT_EQ(allocate(granule), pointer);
  free(pointer);
  const std::size_t mapped = host::mapped_bytes();
  gate.open();
  synchronize();
  EXPECT_EQ(allocate(granule, other), pointer);
  EXPECT_EQ(host::mapped_bytes(), mapped);
}

TEST_F(Memory, WithoutOpportunisticReuseAFreeHasToBeSynchronisedWith) {
  const cudaMemPool_t pool = make_pool(keep_everything);
  int no = 0;
  EXPECT_CUDA(cudaMemPoolSetAttribute(pool, cudaMemPoolReuseAllowOpportunistic, &no));
  unsigned char* const pointer = allocate_from(pool, granule, stream);
  free(pointer);
  while (cudaStreamQuery(stream) == cudaErrorNotReady) std::this_thread::yield();
  EXPECT_NE(allocate_from(pool, granule, other), pointer);
  synchronize();
  EXPECT_EQ(allocate_from(pool, granule, other), pointer);
}

TEST_F(Memory, BeyondTheLimitCannotBeAllocated) {
  host::set_memory_limit(4 * granule);
  void* direct = nullptr;
  EXPECT_CUDA(cudaMalloc(&direct, granule));
  unsigned char* const ordered = allocate(3 * granule);
  void* pointer = this;
  EXPECT_EQ(cudaMallocAsync(&pointer, 1, stream), cudaErrorMemoryAllocation);
  EXPECT_EQ(cudaMalloc(&pointer, 1), cudaErrorMemoryAllocation);
  EXPECT_EQ(cudaGetLastError(), cudaErrorMemoryAllocation);
  EXPECT_EQ(host::mapped_bytes(), 4 * granule);
  EXPECT_EQ(host::live_allocations(), 2);
  std::size_t free_bytes = 1;
  std::size_t total_bytes = 0;
  EXPECT_CUDA(cudaMemGetInfo(&free_bytes, &total_bytes));
  EXPECT_EQ(free_bytes, 0);
  EXPECT_EQ(total_bytes, 4 * granule);
  EXPECT_CUDA(cudaFree(direct));
  EXPECT_CUDA(cudaMalloc(&pointer, granule));
  free(ordered);
}

TEST_F(Memory, IdleInAPoolIsGivenBackBeforeAnAllocationFails) {
  host::set_memory_limit(4 * granule);
  const cudaMemPool_t hoard = make_pool(keep_everything);
  unsigned char* const kept = allocate_from(hoard, granule, stream);
  free(allocate_from(hoard, 3 * granule, stream));
  synchronize();
  EXPECT_EQ(host::mapped_bytes(), 4 * granule);
  unsigned char* const pointer = allocate(3 * granule);
  EXPECT_NE(pointer, nullptr);
  EXPECT_EQ(reserved(hoard), granule);
  free(pointer);
  free(kept);
}

TEST_F(Memory, WhoseFreeIsPendingIsNotWaitedForByAnAllocationThatFails) {
  host::set_memory_limit(4 * granule);
  unsigned char* const freed = allocate(3 * granule);
  {
    Gate gate(stream);
    free(freed);
    void* pointer = nullptr;
    EXPECT_EQ(cudaMallocAsync(&pointer, 4 * granule, stream), cudaErrorMemoryAllocation);
    EXPECT_EQ(cudaMallocAsync(&pointer, 2 * granule, other), cudaErrorMemoryAllocation);
    EXPECT_EQ(cudaStreamQuery(stream), cudaErrorNotReady);
    EXPECT_EQ(allocate(3 * granule), freed) << "in stream order it serves";
    free(freed);
    gate.open();
    synchronize();
  }
  free(allocate(4 * granule));
}

TEST_F(Memory, WhoseFreeHasNothingInFrontOfItIsThereForAnAllocationThatWouldFail) {
  host::set_memory_limit(4 * granule);
  for (int i = 0; i < 100; ++i) {  // however far the worker is
    free(allocate(3 * granule));
    free(allocate(4 * granule));
    Gate gate(stream);
    for (const std::size_t bytes : {2 * granule, 4 * granule}) {
      EXPECT_CUDA(cudaFreeAsync(allocate(bytes, other), other));
    }
    gate.open();
    synchronize();
  }
}

TEST_F(Memory, OfAPoolIsLimitedByItsMaximalSize) {
  const cudaMemPool_t pool = make_pool(0, 0, granule);
  void* pointer = nullptr;
  EXPECT_EQ(cudaMallocFromPoolAsync(&pointer, granule + 1, pool, stream), cudaErrorMemoryAllocation);
  free(allocate_from(pool, granule, stream));
}

TEST_F(Memory, OfADestroyedPoolIsUnmappedOnceItsFreesAreDone) {
  const cudaMemPool_t pool = make_pool(keep_everything);
  Gate gate(stream);
  free(allocate_from(pool, KiB, stream));
  EXPECT_CUDA(cudaMemPoolDestroy(pool));
  EXPECT_EQ(host::mapped_bytes(), granule);
  gate.open();
  synchronize();
  EXPECT_EQ(host::mapped_bytes(), 0);
  EXPECT_EQ(cudaMemPoolTrimTo(pool, 0), cudaErrorInvalidValue);
}

TEST_F(Memory, FromCudaMallocIsUnmappedByCudaFreeAndCudaFreeWaitsForTheDevice) {
  void* pointer = nullptr;
  EXPECT_CUDA(cudaMalloc(&pointer, KiB));
  std::atomic<bool> used{false};
  EXPECT_CUDA(host::launch(stream, {{pointer, KiB}}, [&] {
    std::this_thread::sleep_for(20ms);
    used = true;
  }));
  EXPECT_CUDA(cudaFree(pointer));
  EXPECT_TRUE(used);
  EXPECT_EQ(host::mapped_bytes(), 0);
}

TEST_F(Memory, FromAPageableSourceMayBeReusedAtOnce) {
  Gate gate(stream);
  unsigned char* const pointer = allocate(1);
  unsigned char source = 1;
  EXPECT_CUDA(cudaMemcpyAsync(pointer, &source, 1, cudaMemcpyHostToDevice, stream));
  source = 2;
  gate.open();
  synchronize();
  EXPECT_EQ(*pointer, 1);
}

TEST_F(Memory, FromAPinnedSourceIsReadInStreamOrder) {
  void* pinned = nullptr;
  EXPECT_CUDA(cudaMallocHost(&pinned, 1));
  auto* const source = static_cast<unsigned char*>(pinned);
  Gate gate(stream);
  unsigned char* const pointer = allocate(1);
  *source = 1;
  EXPECT_CUDA(cudaMemcpyAsync(pointer, source, 1, cudaMemcpyHostToDevice, stream));
  *source = 2;
  gate.open();
  synchronize();
  EXPECT_EQ(*pointer, 2);
  EXPECT_CUDA(cudaFreeHost(pinned));
  EXPECT_EQ(cudaFreeHost(pinned), cudaErrorInvalidValue);
  EXPECT_TRUE(violates({"cudaFreeHost of " + hex(pinned)}));
}

TEST_F(Memory, LiveAllocationsAreCountedInHostTime) {
  Gate gate(stream);
  unsigned char* const pointer = allocate(KiB);
  EXPECT_EQ(host::live_allocations(), 1);
  free(pointer);
  EXPECT_EQ(host::live_allocations(), 0);
}

}  // namespace
}  // namespace daa::test
