// What holds of graphs on any CUDA runtime. Built twice, on the host runtime and on a GPU's.

#include <cuda_runtime_api.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "graph_fixture.hpp"

namespace {

using namespace daa::test;
using Graphs = GraphFixture;

void CUDART_CB count_up(void* counter) {
  ++*static_cast<int*>(counter);
}

TEST_F(Graphs, CapturedWorkRunsWhenTheGraphIsLaunchedAndNotBefore) {
  begin();
  set(2);
  const cudaGraph_t graph = end();
  EXPECT_EQ(value(), 1);
  const cudaGraphExec_t exec = instantiate(graph);
  EXPECT_EQ(value(), 1);
  launch(exec);
  EXPECT_EQ(value(), 2);
}

TEST_F(Graphs, RunAnyNumberOfTimes) {
  int runs = 0;
  begin();
  EXPECT_CUDA(cudaLaunchHostFunc(stream, count_up, &runs));
  const cudaGraphExec_t exec = instantiate(end());
  for (int i = 0; i < 5; ++i) launch(exec);
  synchronize();
  EXPECT_EQ(runs, 5);
}

TEST_F(Graphs, RunInTheOrderOfTheirStream) {
  void* target = nullptr;
  ASSERT_CUDA(cudaMallocAsync(&target, bytes, stream));
  begin();
  EXPECT_CUDA(cudaMemcpyAsync(target, device, bytes, cudaMemcpyDeviceToDevice, stream));
  const cudaGraphExec_t exec = instantiate(end());
  set(3);
  launch(exec);
  set(4);
  EXPECT_EQ(value(target), 3);
  launch(exec);
  EXPECT_EQ(value(target), 4);
  free(target);
}

TEST_F(Graphs, RunTheirNodesInTheOrderOfTheCapture) {
  begin();
  set(5);
  EXPECT_CUDA(cudaMemcpyAsync(pinned, device, bytes, cudaMemcpyDeviceToHost, stream));
  set(6);
  const cudaGraphExec_t exec = instantiate(end());
  launch(exec);
  synchronize();
  EXPECT_EQ(pinned[0], 5);
  EXPECT_EQ(value(), 6);
}

TEST_F(Graphs, MayBeLaunchedOnAnyStreamOneLaunchAfterTheOther) {
  int runs = 0;
  begin();
  EXPECT_CUDA(cudaLaunchHostFunc(stream, count_up, &runs));
  const cudaGraphExec_t exec = instantiate(end());
  for (int i = 0; i < 20; ++i) EXPECT_CUDA(cudaGraphLaunch(exec, i % 2 == 0 ? stream : other));
  EXPECT_CUDA(cudaDeviceSynchronize());
  EXPECT_EQ(runs, 20);
}

TEST_F(Graphs, AreCopiedWhenTheyAreInstantiated) {
  begin();
  set(7);
  const cudaGraph_t graph = end();
  const cudaGraphExec_t first = instantiate(graph);
  const cudaGraphExec_t second = instantiate(graph);
  destroy(graph);
  launch(first);
  EXPECT_EQ(value(), 7);
  set(1);
  launch(second);
  EXPECT_EQ(value(), 7);
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
  synchronize();
}

TEST_F(Graphs, HaveANodeForEachCall) {
  int runs = 0;
  begin();
  void* const pointer = allocate();
  set(pointer, 1);
  copy_to_device(pointer);
  EXPECT_CUDA(cudaLaunchHostFunc(stream, count_up, &runs));
  free(pointer);
  std::vector<cudaGraphNodeType> types;
  for (const cudaGraphNode_t node : nodes(end())) types.push_back(type(node));
  std::sort(types.begin(), types.end());
  EXPECT_EQ(types, (std::vector<cudaGraphNodeType>{cudaGraphNodeTypeMemcpy, cudaGraphNodeTypeMemset,
                                                   cudaGraphNodeTypeHost, cudaGraphNodeTypeMemAlloc,
                                                   cudaGraphNodeTypeMemFree}));
}

TEST_F(Graphs, GiveAsManyNodesAsThereAreAndNullsBeyond) {
  begin();
  set(1);
  set(2);
  const cudaGraph_t graph = end();
  std::vector<cudaGraphNode_t> found(3, reinterpret_cast<cudaGraphNode_t>(pinned));
  std::size_t count = 3;
  EXPECT_CUDA(cudaGraphGetNodes(graph, found.data(), &count));
  EXPECT_EQ(count, 2);
  EXPECT_EQ(found[2], nullptr);
}

TEST_F(Graphs, CannotBeLaunchedIntoACapture) {
  begin();
  set(8);
  const cudaGraphExec_t inner = instantiate(end());
  for (const auto mode : {cudaStreamCaptureModeGlobal, cudaStreamCaptureModeRelaxed}) {
    begin(mode);
    EXPECT_EQ(cudaGraphLaunch(inner, stream), cudaErrorStreamCaptureUnsupported);
    end_invalid();
  }
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

}  // namespace
