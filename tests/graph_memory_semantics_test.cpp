// What holds of the memory of graphs on any CUDA runtime. Built twice, on the host runtime and on a GPU's.

#include <cuda_runtime_api.h>
#include <gtest/gtest.h>

#include <cstdint>

#include "graph_fixture.hpp"

namespace {

using namespace daa::test;
using GraphMemory = GraphFixture;

TEST_F(GraphMemory, HasAnAddressFromCaptureOn) {
  begin();
  void* const pointer = allocate();
  set(pointer, 12);
  copy_to_device(pointer);
  free(pointer);
  const cudaGraph_t graph = end();
  ASSERT_NE(pointer, nullptr);
  EXPECT_EQ(reinterpret_cast<std::uintptr_t>(pointer) % 256, 0);

  cudaMemAllocNodeParams made{};
  EXPECT_CUDA(cudaGraphMemAllocNodeGetParams(node_of(graph, cudaGraphNodeTypeMemAlloc), &made));
  EXPECT_EQ(made.dptr, pointer);
  EXPECT_GE(made.bytesize, bytes);
  EXPECT_EQ(made.poolProps.location.type, cudaMemLocationTypeDevice);
  EXPECT_EQ(made.poolProps.location.id, 0);
  void* freed = nullptr;
  EXPECT_CUDA(cudaGraphMemFreeNodeGetParams(node_of(graph, cudaGraphNodeTypeMemFree), &freed));
  EXPECT_EQ(freed, pointer);

  const cudaGraphExec_t exec = instantiate(graph);
  for (int i = 0; i < 3; ++i) {
    set(1);
    launch(exec);
    EXPECT_EQ(value(), 12);
  }
}

TEST_F(GraphMemory, IsTheGraphsAndNotThePools) {
  cudaMemPoolProps props{};
  props.allocType = cudaMemAllocationTypePinned;
  props.location.type = cudaMemLocationTypeDevice;
  cudaMemPool_t pool = nullptr;
  ASSERT_CUDA(cudaMemPoolCreate(&pool, &props));
  begin();
  void* pointer = nullptr;
  EXPECT_CUDA(cudaMallocFromPoolAsync(&pointer, bytes, pool, stream));
  set(pointer, 13);
  copy_to_device(pointer);
  free(pointer);
  launch(instantiate(end()));
  EXPECT_EQ(value(), 13);
  std::uint64_t high = 1;
  EXPECT_CUDA(cudaMemPoolGetAttribute(pool, cudaMemPoolAttrUsedMemHigh, &high));
  EXPECT_EQ(high, 0);
  EXPECT_CUDA(cudaMemPoolDestroy(pool));
}

TEST_F(GraphMemory, NotFreedInTheGraphOutlivesTheLaunchUntilItIsFreed) {
  begin();
  void* const pointer = allocate();
  set(pointer, 14);
  const cudaGraphExec_t exec = instantiate(end());
  launch(exec);
  EXPECT_EQ(value(pointer), 14);
  set(pointer, 15);
  EXPECT_EQ(value(pointer), 15);
  EXPECT_EQ(cudaGraphLaunch(exec, stream), cudaErrorInvalidValue);
  free(pointer);
  launch(exec);
  EXPECT_EQ(value(pointer), 14);
  EXPECT_CUDA(cudaFree(pointer));
  launch(exec);
  EXPECT_EQ(value(pointer), 14);
  free(pointer);
}

TEST_F(GraphMemory, NotFreedInTheGraphIsFreedByTheNextLaunchIfAsked) {
  begin();
  void* const pointer = allocate();
  set(pointer, 16);
  const cudaGraphExec_t exec = instantiate(end(), cudaGraphInstantiateFlagAutoFreeOnLaunch);
  for (int i = 0; i < 3; ++i) {
    launch(exec);
    EXPECT_EQ(value(pointer), 16);
    set(pointer, 17);
  }
  free(pointer);
}

TEST_F(GraphMemory, OutlivesItsGraph) {
  begin();
  void* const pointer = allocate();
  set(pointer, 18);
  const cudaGraph_t graph = end();
  const cudaGraphExec_t exec = instantiate(graph);
  launch(exec);
  destroy(exec);
  destroy(graph);
  EXPECT_EQ(value(pointer), 18);
  free(pointer);
}

TEST_F(GraphMemory, CannotBeFreedBeforeALaunchHasMadeIt) {
  begin();
  void* const pointer = allocate();
  const cudaGraph_t graph = end();
  EXPECT_EQ(cudaFreeAsync(pointer, stream), cudaErrorInvalidValue);
  instantiate(graph);
  EXPECT_EQ(cudaFreeAsync(pointer, stream), cudaErrorInvalidValue);
}

TEST_F(GraphMemory, FreedInTheGraphCannotBeFreedOutside) {
  begin();
  void* const pointer = allocate();
  free(pointer);
  launch(instantiate(end()));
  EXPECT_EQ(cudaFreeAsync(pointer, stream), cudaErrorInvalidValue);
}

TEST_F(GraphMemory, MayBeFreedByAnotherGraph) {
  begin();
  void* const pointer = allocate();
  set(pointer, 19);
  const cudaGraphExec_t making = instantiate(end());
  begin();
  copy_to_device(pointer);
  free(pointer);
  const cudaGraphExec_t freeing = instantiate(end());
  for (int i = 0; i < 3; ++i) {
    set(1);
    launch(making);
    launch(freeing);
    EXPECT_EQ(value(), 19);
  }
}

TEST_F(GraphMemory, AloneIsFreedInACapture) {
  void* const ordinary = allocate();
  begin();
  EXPECT_EQ(cudaFreeAsync(ordinary, stream), cudaErrorInvalidValue);
  cudaGraph_t graph = nullptr;
  cudaStreamEndCapture(stream, &graph);
  discard(graph);
  free(ordinary);
}

TEST_F(GraphMemory, IsFreedOnceInACapture) {
  begin();
  void* const pointer = allocate();
  free(pointer);
  EXPECT_EQ(cudaFreeAsync(pointer, stream), cudaErrorInvalidValue);
  cudaGraph_t graph = nullptr;
  cudaStreamEndCapture(stream, &graph);
  discard(graph);
}

TEST_F(GraphMemory, AllowsOneExecutableGraphAtATime) {
  begin();
  free(allocate());
  const cudaGraph_t graph = end();
  const cudaGraphExec_t first = instantiate(graph);
  cudaGraphExec_t second = nullptr;
  EXPECT_NE(cudaGraphInstantiate(&second, graph, 0), cudaSuccess);
  destroy(first);
  launch(instantiate(graph));
  synchronize();
}

TEST_F(GraphMemory, IsUsedFromTheFirstLaunchAndReservedUntilItIsTrimmed) {
  EXPECT_CUDA(cudaDeviceGraphMemTrim(0));
  const std::uint64_t reserved = graph_memory(cudaGraphMemAttrReservedMemCurrent);
  begin();
  free(allocate());
  const cudaGraph_t graph = end();
  const cudaGraphExec_t exec = instantiate(graph);
  launch(exec);
  synchronize();
  EXPECT_GE(graph_memory(cudaGraphMemAttrUsedMemCurrent), bytes);
  EXPECT_GE(graph_memory(cudaGraphMemAttrReservedMemCurrent), reserved + bytes);
  destroy(exec);
  destroy(graph);
  EXPECT_CUDA(cudaDeviceGraphMemTrim(0));
  EXPECT_EQ(graph_memory(cudaGraphMemAttrReservedMemCurrent), reserved);
}

TEST_F(GraphMemory, MayBeTrimmedBetweenLaunches) {
  begin();
  void* const pointer = allocate();
  set(pointer, 20);
  copy_to_device(pointer);
  free(pointer);
  const cudaGraphExec_t exec = instantiate(end());
  for (int i = 0; i < 2; ++i) {
    set(1);
    launch(exec);
    EXPECT_EQ(value(), 20);
    EXPECT_CUDA(cudaDeviceGraphMemTrim(0));
  }
}

TEST_F(GraphMemory, HasWatermarksThatCanBeReset) {
  begin();
  free(allocate());
  launch(instantiate(end()));
  synchronize();
  EXPECT_GE(graph_memory(cudaGraphMemAttrUsedMemHigh), bytes);
  std::uint64_t zero = 0;
  EXPECT_CUDA(cudaDeviceSetGraphMemAttribute(0, cudaGraphMemAttrReservedMemHigh, &zero));
  EXPECT_EQ(graph_memory(cudaGraphMemAttrReservedMemHigh), graph_memory(cudaGraphMemAttrReservedMemCurrent));
}

}  // namespace
