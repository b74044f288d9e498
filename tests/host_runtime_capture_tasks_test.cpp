// Captured launches of the host runtime, which stand for kernels.

#include <algorithm>
#include <memory>
#include <stdexcept>
#include <vector>

#include "host_capture_fixture.hpp"

namespace {

using namespace daa::test;

using CapturedTasks = HostCaptureFixture;

TEST_F(CapturedTasks, RunAtEachLaunchBehindTheHostInOrder) {
  std::vector<int> order;
  begin();
  EXPECT_CUDA(host::launch(stream, {}, [&] { order.push_back(1); }));
  EXPECT_CUDA(host::launch(stream, {}, [&] { order.push_back(2); }));
  const cudaGraph_t graph = end();
  const cudaGraphExec_t exec = instantiate(graph);
  std::vector<cudaGraphNode_t> nodes(2);
  std::size_t count = 2;
  EXPECT_CUDA(cudaGraphGetNodes(graph, nodes.data(), &count));
  for (const cudaGraphNode_t node : nodes) {
    auto type = cudaGraphNodeTypeCount;
    EXPECT_CUDA(cudaGraphNodeGetType(node, &type));
    EXPECT_EQ(type, cudaGraphNodeTypeKernel);
  }

  Gate gate(stream);
  launch(exec);
  EXPECT_CUDA(host::launch(stream, {}, [&] { order.push_back(3); }));
  launch(exec);
  EXPECT_TRUE(order.empty());
  gate.open();
  synchronize();
  EXPECT_EQ(order, (std::vector{1, 2, 3, 1, 2}));
}

TEST_F(CapturedTasks, AreReleasedWithTheLastGraphThatHoldsThem) {
  const auto held = std::make_shared<int>();
  begin();
  EXPECT_CUDA(host::launch(stream, {}, [held] {}));
  const cudaGraph_t graph = end();
  const cudaGraphExec_t exec = instantiate(graph);
  launch(exec);
  synchronize();
  EXPECT_CUDA(cudaGraphDestroy(graph));
  EXPECT_GT(held.use_count(), 1);
  EXPECT_CUDA(cudaGraphExecDestroy(exec));
  EXPECT_EQ(held.use_count(), 1);
}

TEST_F(CapturedTasks, AreReleasedWithACaptureThatFails) {
  const auto held = std::make_shared<int>();
  begin();
  EXPECT_CUDA(host::launch(stream, {}, [held] {}));
  EXPECT_EQ(cudaStreamSynchronize(stream), cudaErrorStreamCaptureUnsupported);
  end_invalid();
  EXPECT_EQ(held.use_count(), 1);
}

TEST_F(CapturedTasks, OfADestroyedGraphStillRunIfTheyWereLaunched) {
  int runs = 0;
  begin();
  EXPECT_CUDA(host::launch(stream, {}, [&] { ++runs; }));
  const cudaGraph_t graph = end();
  const cudaGraphExec_t exec = instantiate(graph);
  {
    const Gate gate(stream);
    launch(exec);
    EXPECT_CUDA(cudaGraphDestroy(graph));
    EXPECT_CUDA(cudaGraphExecDestroy(exec));
  }
  synchronize();
  EXPECT_EQ(runs, 1);
  EXPECT_EQ(cudaGraphLaunch(exec, stream), cudaErrorInvalidValue);
  EXPECT_EQ(cudaGraphExecDestroy(exec), cudaErrorInvalidValue);
  EXPECT_EQ(cudaGraphDestroy(graph), cudaErrorInvalidValue);
}

TEST_F(CapturedTasks, OfOneExecutableGraphRunOneLaunchAtATimeOnWhicheverStream) {
  int runs = 0;
  begin();
  EXPECT_CUDA(host::launch(stream, {}, [&] { ++runs; }));
  const cudaGraphExec_t exec = instantiate(end());
  Gate gate(stream);
  launch(exec);
  EXPECT_CUDA(cudaGraphLaunch(exec, other));
  EXPECT_EQ(cudaStreamQuery(other), cudaErrorNotReady);
  gate.open();
  EXPECT_CUDA(cudaStreamSynchronize(other));
  EXPECT_EQ(runs, 2);
}

TEST_F(CapturedTasks, ThatThrowAreReportedAndTheOthersRun) {
  int runs = 0;
  begin();
  EXPECT_CUDA(host::launch(stream, {}, [] { throw std::runtime_error("no"); }));
  EXPECT_CUDA(host::launch(stream, {}, [&] { ++runs; }));
  launch(instantiate(end()));
  synchronize();
  EXPECT_EQ(runs, 1);
  EXPECT_TRUE(violates({"threw an exception: no"}));
}

TEST_F(CapturedTasks, OfBranchesRunBehindWhatTheyDependOn) {
  std::vector<int> order;
  cudaEvent_t fork = nullptr;
  cudaEvent_t join = nullptr;
  ASSERT_CUDA(cudaEventCreate(&fork));
  ASSERT_CUDA(cudaEventCreate(&join));
  begin();
  EXPECT_CUDA(host::launch(stream, {}, [&] { order.push_back(1); }));
  EXPECT_CUDA(cudaEventRecord(fork, stream));
  EXPECT_CUDA(cudaStreamWaitEvent(other, fork, 0));
  EXPECT_CUDA(host::launch(other, {}, [&] { order.push_back(2); }));
  EXPECT_CUDA(cudaEventRecord(join, other));
  EXPECT_CUDA(cudaStreamWaitEvent(stream, join, 0));
  EXPECT_CUDA(host::launch(stream, {}, [&] { order.push_back(3); }));
  launch(instantiate(end()));
  synchronize();
  EXPECT_EQ(order, (std::vector{1, 2, 3}));
}

TEST_F(CapturedTasks, SeeAPageableSourceAsItIsWhenTheGraphRuns) {
  unsigned char* const pointer = allocate(KiB);
  std::vector<unsigned char> source(KiB, 1);
  std::vector<unsigned char> target(KiB);
  begin();
  EXPECT_CUDA(cudaMemcpyAsync(pointer, source.data(), KiB, cudaMemcpyHostToDevice, stream));
  EXPECT_CUDA(cudaMemcpyAsync(target.data(), pointer, KiB, cudaMemcpyDeviceToHost, stream));
  const cudaGraphExec_t exec = instantiate(end());
  std::fill(source.begin(), source.end(), 2);
  launch(exec);
  synchronize();
  EXPECT_EQ(target, source);
  free(pointer);
}

}  // namespace
