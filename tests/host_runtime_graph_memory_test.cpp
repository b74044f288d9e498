// What the host runtime adds to the memory of graphs: misuse that shows, figures, limits.

#include <cuda_runtime_api.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <vector>

#include "daa/host_runtime.hpp"
#include "host_capture_fixture.hpp"

namespace {

using namespace daa::test;

constexpr std::size_t granule = 2 * MiB;

// --- misuse shows ------------------------------------------------------------------------------------------

using CapturedMisuse = HostCaptureFixture;

TEST_F(CapturedMisuse, OfMemoryFreedSinceTheCaptureIsReportedAtTheLaunch) {
  unsigned char* const pointer = allocate(KiB);
  begin();
  set(pointer, 1, KiB);
  const cudaGraphExec_t exec = instantiate(end());
  launch(exec);
  synchronize();
  EXPECT_TRUE(host::violations().empty());
  free(pointer);
  launch(exec);
  synchronize();
  EXPECT_TRUE(violates({"cudaMemsetAsync outside live memory", "1024 bytes"}));
}

TEST_F(CapturedMisuse, OfGraphMemoryBeforeItsLaunchIsReported) {
  begin();
  unsigned char* const pointer = allocate(KiB);
  const cudaGraphExec_t exec = instantiate(end());
  set(pointer, 1, KiB);
  synchronize();
  EXPECT_TRUE(violates({"cudaMemsetAsync outside live memory"}));
  launch(exec);
  set(pointer, 1, KiB);
  free(pointer);
  set(pointer, 1, KiB);
  synchronize();
  EXPECT_TRUE(violates({"cudaMemsetAsync outside live memory"}));
}

TEST_F(CapturedMisuse, OfGraphMemoryAfterItsFreeInTheGraphIsReported) {
  begin();
  unsigned char* const pointer = allocate(KiB);
  set(pointer, 1, KiB);
  free(pointer);
  set(pointer, 2, KiB);
  const cudaGraphExec_t exec = instantiate(end());
  launch(exec);
  synchronize();
  EXPECT_TRUE(violates({"cudaMemsetAsync outside live memory"}));
  set(pointer, 3, KiB);
  synchronize();
  EXPECT_TRUE(violates({"cudaMemsetAsync outside live memory"}));
}

TEST_F(CapturedMisuse, ByAWriteAfterTheFreeIsFoundAtTheNextLaunch) {
  begin();
  unsigned char* const pointer = allocate(KiB);
  free(pointer);
  const cudaGraphExec_t exec = instantiate(end());
  launch(exec);
  scribble(pointer + 100);
  synchronize();
  EXPECT_TRUE(host::violations().empty());
  launch(exec);
  synchronize();
  EXPECT_TRUE(violates({"written after its free", "byte 100 ", "a graph's cudaMallocAsync on stream",
                        "a graph's cudaFreeAsync on stream"}));
}

TEST_F(CapturedMisuse, ByAWriteAfterTheFreeIsFoundWhenTheGraphIsGone) {
  begin();
  unsigned char* const pointer = allocate(KiB);
  free(pointer);
  const cudaGraph_t graph = end();
  const cudaGraphExec_t exec = instantiate(graph);
  launch(exec);
  scribble(pointer);
  synchronize();
  EXPECT_CUDA(cudaGraphDestroy(graph));
  EXPECT_CUDA(cudaGraphExecDestroy(exec));
  EXPECT_TRUE(violates({"written after its free", "byte 0 "}));
}

TEST_F(CapturedMisuse, MemoryOfAGraphIsFreshAtEachLaunch) {
  std::array<int, 2> seen{};
  int runs = 0;
  begin();
  unsigned char* const pointer = allocate(KiB);
  EXPECT_CUDA(
      host::launch(stream, {{pointer, KiB}}, [&] { seen[static_cast<std::size_t>(runs++)] = *pointer; }));
  set(pointer, 7, KiB);
  free(pointer);
  const cudaGraphExec_t exec = instantiate(end());
  launch(exec);
  launch(exec);
  synchronize();
  EXPECT_EQ(seen[0], seen[1]);
  EXPECT_NE(seen[0], 0);
  EXPECT_NE(seen[1], 7);
}

TEST_F(CapturedMisuse, AFreeThatIsNotBehindTheAllocationIsRefused) {
  cudaEvent_t event = nullptr;
  ASSERT_CUDA(cudaEventCreate(&event));
  begin();
  EXPECT_CUDA(cudaEventRecord(event, stream));
  EXPECT_CUDA(cudaStreamWaitEvent(other, event, 0));
  unsigned char* const pointer = allocate(KiB);
  EXPECT_EQ(cudaFreeAsync(pointer, other), cudaErrorInvalidValue);
  EXPECT_TRUE(violates({"cudaFreeAsync", "not behind the allocation"}));
  end_invalid();
}

TEST_F(CapturedMisuse, AFreeOfWhatIsNoGraphsOrIsFreedAlreadyIsReportedAndEndsTheCapture) {
  unsigned char* const ordinary = allocate(KiB);
  begin();
  EXPECT_EQ(cudaFreeAsync(ordinary, stream), cudaErrorInvalidValue);
  EXPECT_TRUE(violates({"cudaFreeAsync", "no allocation of a graph"}));
  end_invalid();
  free(ordinary);
  begin();
  unsigned char* const pointer = allocate(KiB);
  free(pointer);
  EXPECT_EQ(cudaFreeAsync(pointer, stream), cudaErrorInvalidValue);
  EXPECT_TRUE(violates({"cudaFreeAsync", "this graph frees it already"}));
  end_invalid();
}

TEST_F(CapturedMisuse, AFreeOfAnothersMemoryIsRefusedIfThatOneFreesItOrThisOneAlreadyDoes) {
  begin();
  unsigned char* const kept = allocate(KiB);
  unsigned char* const freed = allocate(KiB);
  free(freed);
  static_cast<void>(end());
  begin();
  EXPECT_EQ(cudaFreeAsync(freed, stream), cudaErrorInvalidValue);
  EXPECT_TRUE(violates({"cudaFreeAsync", "its own graph frees it"}));
  end_invalid();
  begin();
  free(kept);
  EXPECT_EQ(cudaFreeAsync(kept, stream), cudaErrorInvalidValue);
  EXPECT_TRUE(violates({"cudaFreeAsync", "this graph frees it already"}));
  end_invalid();
}

TEST_F(CapturedMisuse, ALaunchThatIsNotBehindTheFreeOfWhatTheLastOneMadeIsReported) {
  begin();
  unsigned char* const pointer = allocate(KiB);
  const cudaGraphExec_t exec = instantiate(end());
  launch(exec);
  synchronize();
  {
    const Gate gate(other);
    EXPECT_CUDA(cudaFreeAsync(pointer, other));
    launch(exec);
    synchronize();
  }
  EXPECT_CUDA(cudaStreamSynchronize(other));
  EXPECT_TRUE(violates({"allocated again before its free"}));
  free(pointer);
  synchronize();
}

TEST_F(CapturedMisuse, ALaunchThatFreesWhatIsNotThereIsRefused) {
  begin();
  unsigned char* const pointer = allocate(KiB);
  const cudaGraphExec_t making = instantiate(end());
  begin();
  free(pointer);
  const cudaGraphExec_t freeing = instantiate(end());
  EXPECT_EQ(cudaGraphLaunch(freeing, stream), cudaErrorInvalidValue);
  launch(making);
  launch(freeing);
  EXPECT_EQ(cudaGraphLaunch(freeing, stream), cudaErrorInvalidValue);
}

// --- memory ------------------------------------------------------------------------------------------------

using CapturedMemory = HostCaptureFixture;

TEST_F(CapturedMemory, IsMappedAtTheFirstLaunchAndUnmappedByATrimOnceNothingUsesIt) {
  begin();
  unsigned char* const pointer = allocate(3 * MiB);
  set(pointer, 1, 3 * MiB);
  free(pointer);
  const cudaGraph_t graph = end();
  const cudaGraphExec_t exec = instantiate(graph);
  EXPECT_EQ(host::mapped_bytes(), 0);
  {
    const Gate gate(stream);
    launch(exec);
    EXPECT_EQ(host::mapped_bytes(), 2 * granule);
    EXPECT_CUDA(cudaDeviceGraphMemTrim(0));
    EXPECT_EQ(host::mapped_bytes(), 2 * granule);
  }
  synchronize();
  EXPECT_EQ(host::mapped_bytes(), 2 * granule);
  EXPECT_CUDA(cudaDeviceGraphMemTrim(0));
  EXPECT_EQ(host::mapped_bytes(), 0);
  launch(exec);
  synchronize();
  EXPECT_CUDA(cudaGraphDestroy(graph));
  EXPECT_CUDA(cudaGraphExecDestroy(exec));
  EXPECT_EQ(host::mapped_bytes(), 2 * granule);
  EXPECT_CUDA(cudaDeviceGraphMemTrim(0));
  EXPECT_EQ(host::mapped_bytes(), 0);
}

TEST_F(CapturedMemory, IsMappedByAnUpload) {
  begin();
  free(allocate(KiB));
  const cudaGraphExec_t exec = instantiate(end());
  EXPECT_CUDA(cudaGraphUpload(exec, stream));
  EXPECT_EQ(host::mapped_bytes(), granule);
  launch(exec);
  synchronize();
  EXPECT_EQ(host::mapped_bytes(), granule);
}

TEST_F(CapturedMemory, OfAGraphThatIsGoneServesTheNext) {
  for (int i = 0; i < 5; ++i) {
    begin();
    free(allocate(KiB));
    const cudaGraph_t graph = end();
    const cudaGraphExec_t exec = instantiate(graph);
    launch(exec);
    synchronize();
    EXPECT_EQ(host::mapped_bytes(), granule);
    EXPECT_CUDA(cudaGraphExecDestroy(exec));
    EXPECT_CUDA(cudaGraphDestroy(graph));
  }
}

TEST_F(CapturedMemory, StaysMappedWhileAnAllocationOfALaunchIsNotFreed) {
  begin();
  unsigned char* const pointer = allocate(KiB);
  const cudaGraph_t graph = end();
  const cudaGraphExec_t exec = instantiate(graph);
  launch(exec);
  EXPECT_CUDA(cudaGraphExecDestroy(exec));
  EXPECT_CUDA(cudaGraphDestroy(graph));
  synchronize();
  EXPECT_CUDA(cudaDeviceGraphMemTrim(0));
  EXPECT_EQ(host::mapped_bytes(), granule);
  set(pointer, 1, KiB);
  free(pointer);
  synchronize();
  EXPECT_CUDA(cudaDeviceGraphMemTrim(0));
  EXPECT_EQ(host::mapped_bytes(), 0);
}

TEST_F(CapturedMemory, BeyondTheLimitCannotBeLaunchedOrUploaded) {
  host::set_memory_limit(4 * MiB);
  begin();
  unsigned char* const pointer = allocate(6 * MiB);
  free(pointer);
  const cudaGraphExec_t exec = instantiate(end());
  EXPECT_EQ(cudaGraphLaunch(exec, stream), cudaErrorMemoryAllocation);
  EXPECT_EQ(cudaGraphUpload(exec, stream), cudaErrorMemoryAllocation);
  EXPECT_EQ(host::mapped_bytes(), 0);
  std::uint64_t used = 1;
  EXPECT_CUDA(cudaDeviceGetGraphMemAttribute(0, cudaGraphMemAttrUsedMemCurrent, &used));
  EXPECT_EQ(used, 0);
  host::set_memory_limit(6 * MiB);
  launch(exec);
  synchronize();
}

TEST_F(CapturedMemory, IsTakenFromIdlePoolsAndIdleGraphsBeforeALaunchFails) {
  host::set_memory_limit(4 * MiB);
  free(allocate(4 * MiB));
  begin();
  free(allocate(4 * MiB));
  const cudaGraphExec_t first = instantiate(end());
  begin();
  free(allocate(4 * MiB));
  const cudaGraphExec_t second = instantiate(end());
  for (int i = 0; i < 3; ++i) {
    launch(first);
    launch(second);
  }
  synchronize();
  EXPECT_EQ(host::mapped_bytes(), 4 * MiB);
  void* pointer = nullptr;
  EXPECT_EQ(cudaMallocAsync(&pointer, 4 * MiB, stream), cudaErrorMemoryAllocation);
  EXPECT_CUDA(cudaDeviceGraphMemTrim(0));
  free(allocate(4 * MiB));
}

TEST_F(CapturedMemory, IsLiveFromTheLaunchOnUnlessTheGraphFreesIt) {
  begin();
  unsigned char* const kept = allocate(KiB);
  free(allocate(KiB));
  const cudaGraphExec_t exec = instantiate(end(), cudaGraphInstantiateFlagAutoFreeOnLaunch);
  EXPECT_EQ(host::live_allocations(), 0);
  launch(exec);
  EXPECT_EQ(host::live_allocations(), 1);
  launch(exec);
  EXPECT_EQ(host::live_allocations(), 1);
  free(kept);
  EXPECT_EQ(host::live_allocations(), 0);
  synchronize();
}

TEST_F(CapturedMemory, HasAnAddressOfItsOwnForEachAllocation) {
  begin();
  std::vector<unsigned char*> pointers;
  for (int i = 0; i < 10; ++i) {
    pointers.push_back(allocate(KiB));
    free(pointers.back());
  }
  launch(instantiate(end()));
  synchronize();
  std::sort(pointers.begin(), pointers.end());
  EXPECT_EQ(std::adjacent_find(pointers.begin(), pointers.end()), pointers.end());
  EXPECT_EQ(host::mapped_bytes(), granule);
}

TEST_F(CapturedMemory, IsOfTheDeviceOfTheStreamOrOfThePool) {
  host::set_device_count(2);
  cudaMemPool_t pool = nullptr;
  ASSERT_CUDA(cudaDeviceGetDefaultMemPool(&pool, 1));
  void* pointer = nullptr;
  begin();
  free(allocate(KiB));
  EXPECT_CUDA(cudaMallocFromPoolAsync(&pointer, 3 * MiB, pool, stream));
  free(pointer);
  launch(instantiate(end()));
  EXPECT_EQ(host::mapped_bytes(0), granule);
  EXPECT_EQ(host::mapped_bytes(1), 2 * granule);
  synchronize();
}

TEST_F(CapturedMemory, MoreThanThereAreAddressesForIsRefusedAtOnce) {
  constexpr std::size_t petabyte = std::size_t{1} << 50;
  void* pointer = nullptr;
  begin();
  EXPECT_EQ(cudaMallocAsync(&pointer, petabyte, stream), cudaErrorMemoryAllocation);
  EXPECT_EQ(cudaMallocAsync(&pointer, ~std::size_t{0}, stream), cudaErrorMemoryAllocation);
  free(allocate(KiB));
  launch(instantiate(end()));
  synchronize();
}

}  // namespace
