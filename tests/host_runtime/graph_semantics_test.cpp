// What holds of graphs and their memory on any CUDA runtime.

#include <algorithm>
#include <cstdint>
#include <vector>

#include "graph_fixture.hpp"

namespace {

using namespace daa::test;

class Graphs : public GraphFixture {
 protected:
  /// An executable graph of what `work` enqueues.
  template <class Work>
  cudaGraphExec_t capture(const Work& work, unsigned long long flags = 0) {
    begin();
    work();
    return instantiate(end(), flags);
  }
  void count_runs() {
    EXPECT_CUDA(cudaLaunchHostFunc(
        stream, [](void* n) { ++*static_cast<int*>(n); }, &runs));
  }
  [[nodiscard]] void* allocate_and_set(int value) const {
    void* const pointer = allocate();
    set(pointer, value);
    return pointer;
  }

  int runs = 0;
};

TEST_F(Graphs, RunWhenTheyAreLaunchedAndNotBeforeAndAreCopiedWhenTheyAreInstantiated) {
  begin();
  set(2);
  const cudaGraph_t graph = end();
  EXPECT_EQ(value(), 1);
  const cudaGraphExec_t execs[] = {instantiate(graph), instantiate(graph)};
  destroy(graph);
  EXPECT_EQ(value(), 1);
  for (const cudaGraphExec_t exec : execs) {
    set(1);
    launch(exec);
    EXPECT_EQ(value(), 2);
  }
}

TEST_F(Graphs, RunInTheOrderOfTheirStreamAndTheirNodesInThatOfTheCapture) {
  void* const target = allocate();
  const cudaGraphExec_t exec = capture([&] {
    EXPECT_CUDA(cudaMemcpyAsync(target, device, bytes, cudaMemcpyDeviceToDevice, stream));
    set(6);
  });
  for (const int now : {3, 4}) {
    set(now);
    launch(exec);
    EXPECT_EQ(value(target), now);
    EXPECT_EQ(value(), 6);
    launch(exec);
    set(now);
    EXPECT_EQ(value(target), 6);
  }
  free(target);
}

TEST_F(Graphs, MayBeLaunchedAnyNumberOfTimesOnAnyStreamOneLaunchAfterTheOther) {
  const cudaGraphExec_t exec = capture([&] { count_runs(); });
  for (int i = 0; i < 20; ++i) EXPECT_CUDA(cudaGraphLaunch(exec, i % 2 == 0 ? stream : other));
  EXPECT_CUDA(cudaDeviceSynchronize());
  EXPECT_EQ(runs, 20);
}

TEST_F(Graphs, MayBeEmpty) {
  begin();
  const cudaGraph_t captured = end();
  EXPECT_TRUE(nodes(captured).empty());
  launch(instantiate(captured));
  cudaGraph_t made = nullptr;
  EXPECT_CUDA(cudaGraphCreate(&made, 0));
  EXPECT_TRUE(nodes(made).empty());
  EXPECT_CUDA(cudaGraphDestroy(made));
}

TEST_F(Graphs, HaveANodeForEachCallAndNullsBeyond) {
  begin();
  void* const pointer = allocate_and_set(1);
  copy_to_device(pointer);
  count_runs();
  free(pointer);
  std::vector<cudaGraphNode_t> found(6, reinterpret_cast<cudaGraphNode_t>(pinned));
  std::size_t count = found.size();
  EXPECT_CUDA(cudaGraphGetNodes(end(), found.data(), &count));
  ASSERT_EQ(count, 5);
  EXPECT_EQ(found[5], nullptr);
  std::vector<cudaGraphNodeType> types;
  for (std::size_t i = 0; i < count; ++i) types.push_back(type(found[i]));
  std::sort(types.begin(), types.end());
  EXPECT_EQ(types, (std::vector<cudaGraphNodeType>{cudaGraphNodeTypeMemcpy, cudaGraphNodeTypeMemset,
                                                   cudaGraphNodeTypeHost, cudaGraphNodeTypeMemAlloc,
                                                   cudaGraphNodeTypeMemFree}));
}

TEST_F(Graphs, HaveFlags) {
  begin();
  set(1);
  const cudaGraph_t graph = end();
  cudaGraphExec_t exec = nullptr;
  EXPECT_CUDA(cudaGraphInstantiateWithFlags(&exec, graph, cudaGraphInstantiateFlagAutoFreeOnLaunch));
  unsigned long long flags = 0;
  EXPECT_CUDA(cudaGraphExecGetFlags(exec, &flags));
  EXPECT_EQ(flags, cudaGraphInstantiateFlagAutoFreeOnLaunch);
  EXPECT_CUDA(cudaGraphExecDestroy(exec));
  EXPECT_EQ(cudaGraphInstantiate(&exec, graph, 1ULL << 20), cudaErrorInvalidValue);
}

// --- their memory ------------------------------------------------------------------------------------------

using GraphMemory = Graphs;

TEST_F(GraphMemory, HasAnAddressFromCaptureOnAndMayBeTrimmedBetweenLaunches) {
  begin();
  void* const pointer = allocate_and_set(12);
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
  for (int i = 0; i < 4; ++i) {
    set(1);
    launch(exec);
    EXPECT_EQ(value(), 12);
    EXPECT_CUDA(i > 1 ? cudaDeviceGraphMemTrim(0) : cudaSuccess);
  }
}

TEST_F(GraphMemory, IsTheGraphsAndNotThePools) {
  cudaMemPoolProps props{};
  props.allocType = cudaMemAllocationTypePinned;
  props.location.type = cudaMemLocationTypeDevice;
  cudaMemPool_t pool = nullptr;
  ASSERT_CUDA(cudaMemPoolCreate(&pool, &props));
  launch(capture([&] {
    void* pointer = nullptr;
    EXPECT_CUDA(cudaMallocFromPoolAsync(&pointer, bytes, pool, stream));
    set(pointer, 13);
    copy_to_device(pointer);
    free(pointer);
  }));
  EXPECT_EQ(value(), 13);
  std::uint64_t high = 1;
  EXPECT_CUDA(cudaMemPoolGetAttribute(pool, cudaMemPoolAttrUsedMemHigh, &high));
  EXPECT_EQ(high, 0);
  EXPECT_CUDA(cudaMemPoolDestroy(pool));
}

TEST_F(GraphMemory, NotFreedInTheGraphOutlivesTheLaunchAndTheGraphUntilItIsFreed) {
  begin();
  void* const pointer = allocate_and_set(14);
  const cudaGraph_t graph = end();
  EXPECT_EQ(cudaFreeAsync(pointer, stream), cudaErrorInvalidValue) << "no launch has made it";
  const cudaGraphExec_t exec = instantiate(graph);
  EXPECT_EQ(cudaFreeAsync(pointer, stream), cudaErrorInvalidValue) << "no launch has made it";
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
  destroy(exec);
  destroy(graph);
  EXPECT_EQ(value(pointer), 14);
  free(pointer);
}

TEST_F(GraphMemory, NotFreedInTheGraphIsFreedByTheNextLaunchIfAsked) {
  void* pointer = nullptr;
  const auto exec =
      capture([&] { pointer = allocate_and_set(16); }, cudaGraphInstantiateFlagAutoFreeOnLaunch);
  for (int i = 0; i < 3; ++i) {
    launch(exec);
    EXPECT_EQ(value(pointer), 16);
    set(pointer, 17);
  }
  free(pointer);
}

TEST_F(GraphMemory, MayBeFreedByAnotherGraph) {
  void* pointer = nullptr;
  const cudaGraphExec_t making = capture([&] { pointer = allocate_and_set(19); });
  const cudaGraphExec_t freeing = capture([&] {
    copy_to_device(pointer);
    free(pointer);
  });
  for (int i = 0; i < 3; ++i) {
    set(1);
    launch(making);
    launch(freeing);
    EXPECT_EQ(value(), 19);
  }
}

TEST_F(GraphMemory, AloneIsFreedInACaptureOnceAndThenNotOutside) {
  void* const ordinary = allocate();
  void* pointer = nullptr;
  const auto is_refused_in_a_capture = [&](bool own) {
    cudaGraph_t graph = nullptr;
    begin();
    pointer = own ? allocate() : ordinary;
    if (own) free(pointer);
    EXPECT_EQ(cudaFreeAsync(pointer, stream), cudaErrorInvalidValue);
    cudaStreamEndCapture(stream, &graph);
    discard(graph);
  };
  is_refused_in_a_capture(true);
  is_refused_in_a_capture(false);
  free(ordinary);
  launch(capture([&] { free(pointer = allocate()); }));
  EXPECT_EQ(cudaFreeAsync(pointer, stream), cudaErrorInvalidValue);
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
}

TEST_F(GraphMemory, IsUsedFromTheFirstLaunchAndReservedUntilItIsTrimmedAndHasWatermarksThatCanBeReset) {
  EXPECT_CUDA(cudaDeviceGraphMemTrim(0));
  const std::uint64_t reserved = graph_memory(cudaGraphMemAttrReservedMemCurrent);
  begin();
  free(allocate());
  const cudaGraph_t graph = end();
  const cudaGraphExec_t exec = instantiate(graph);
  launch(exec);
  synchronize();
  EXPECT_GE(graph_memory(cudaGraphMemAttrUsedMemCurrent), bytes);
  EXPECT_GE(graph_memory(cudaGraphMemAttrUsedMemHigh), bytes);
  EXPECT_GE(graph_memory(cudaGraphMemAttrReservedMemCurrent), reserved + bytes);
  destroy(exec);
  destroy(graph);
  EXPECT_CUDA(cudaDeviceGraphMemTrim(0));
  EXPECT_EQ(graph_memory(cudaGraphMemAttrReservedMemCurrent), reserved);
  std::uint64_t zero = 0;
  EXPECT_GE(graph_memory(cudaGraphMemAttrReservedMemHigh), reserved + bytes);
  EXPECT_CUDA(cudaDeviceSetGraphMemAttribute(0, cudaGraphMemAttrReservedMemHigh, &zero));
  EXPECT_EQ(graph_memory(cudaGraphMemAttrReservedMemHigh), reserved);
}

}  // namespace
