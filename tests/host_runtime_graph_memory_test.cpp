// Figures and limits of the memory of graphs in the host runtime.

#include <algorithm>
#include <cstdint>
#include <vector>

#include "host_capture_fixture.hpp"

namespace {

using namespace daa::test;

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
