// Captures of more streams than one, on any CUDA runtime.

#include <cuda_runtime_api.h>
#include <gtest/gtest.h>

#include "graph_fixture.hpp"

namespace {

using namespace daa::test;
using Captures = GraphFixture;

TEST_F(Captures, ForkAndJoinThroughEvents) {
  void* buffer = nullptr;
  ASSERT_CUDA(cudaMalloc(&buffer, bytes));
  begin();
  set(10);
  order(stream, other);
  EXPECT_EQ(status(other), cudaStreamCaptureStatusActive);
  EXPECT_CUDA(cudaMemcpyAsync(buffer, device, bytes, cudaMemcpyDeviceToDevice, other));
  order(other, stream);
  set(11);
  const cudaGraph_t graph = end();
  EXPECT_EQ(status(other), cudaStreamCaptureStatusNone);
  EXPECT_EQ(nodes(graph).size(), 3);
  launch(instantiate(graph));
  EXPECT_EQ(value(buffer), 10);
  EXPECT_EQ(value(), 11);
  EXPECT_CUDA(cudaFree(buffer));
}

TEST_F(Captures, DependOnAllBranchesAfterAJoin) {
  begin();
  set(1);
  order(stream, other);
  set(2);
  EXPECT_CUDA(cudaMemsetAsync(static_cast<char*>(device) + bytes / 2, 3, 1, other));
  order(other, stream);
  EXPECT_EQ(CaptureInfo(stream).last_count, 2);
  end();
}

TEST_F(Captures, WithABranchThatWasNotJoinedGiveNoGraph) {
  begin();
  set(1);
  order(stream, other);
  EXPECT_CUDA(cudaMemsetAsync(device, 2, bytes, other));
  auto graph = reinterpret_cast<cudaGraph_t>(pinned);
  EXPECT_EQ(cudaStreamEndCapture(stream, &graph), cudaErrorStreamCaptureUnjoined);
  EXPECT_EQ(graph, nullptr);
  EXPECT_EQ(status(), cudaStreamCaptureStatusNone);
  EXPECT_EQ(status(other), cudaStreamCaptureStatusNone);
}

TEST_F(Captures, DoNotWaitForWhatIsOutside) {
  const cudaEvent_t event = make_event();
  EXPECT_CUDA(cudaEventRecord(event, other));
  begin();
  EXPECT_EQ(cudaStreamWaitEvent(stream, event, 0), cudaErrorStreamCaptureIsolation);
  end_invalid();
}

TEST_F(Captures, DoNotMerge) {
  const cudaEvent_t event = make_event();
  cudaGraph_t graph = nullptr;
  begin();
  ASSERT_CUDA(cudaStreamBeginCapture(other, cudaStreamCaptureModeGlobal));
  EXPECT_CUDA(cudaEventRecord(event, other));
  EXPECT_EQ(cudaStreamWaitEvent(stream, event, 0), cudaErrorStreamCaptureMerge);
  EXPECT_EQ(cudaStreamEndCapture(other, &graph), cudaErrorStreamCaptureInvalidated);
  end_invalid();
}

TEST_F(Captures, RecordEventsThatCannotBeWaitedForByTheHost) {
  const cudaEvent_t event = make_event();
  begin();
  EXPECT_CUDA(cudaEventRecord(event, stream));
  EXPECT_EQ(cudaEventQuery(event), cudaErrorCapturedEvent);
  end_invalid();
  EXPECT_CUDA(cudaEventRecord(event, stream));
  EXPECT_CUDA(cudaEventSynchronize(event));
  begin();
  EXPECT_CUDA(cudaEventRecord(event, stream));
  EXPECT_EQ(cudaEventSynchronize(event), cudaErrorCapturedEvent);
  end_invalid();
}

}  // namespace
