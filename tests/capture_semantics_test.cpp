// How captures begin and end on any CUDA runtime. Built twice, on the host runtime and on a GPU's.

#include <cuda_runtime_api.h>
#include <gtest/gtest.h>

#include <thread>

#include "graph_fixture.hpp"

namespace {

using namespace daa::test;
using Captures = GraphFixture;

TEST_F(Captures, HaveAnIdAGraphAndANewestNode) {
  EXPECT_EQ(CaptureInfo(stream).status, cudaStreamCaptureStatusNone);
  EXPECT_EQ(status(), cudaStreamCaptureStatusNone);

  begin();
  EXPECT_EQ(status(), cudaStreamCaptureStatusActive);
  const CaptureInfo at_begin(stream);
  EXPECT_EQ(at_begin.status, cudaStreamCaptureStatusActive);
  EXPECT_EQ(at_begin.last_count, 0);
  set(1);
  set(2);
  const CaptureInfo info(stream);
  EXPECT_EQ(info.id, at_begin.id);
  EXPECT_EQ(info.graph, at_begin.graph);
  EXPECT_EQ(nodes(info.graph).size(), 2);
  ASSERT_EQ(info.last_count, 1);
  EXPECT_EQ(type(*info.last), cudaGraphNodeTypeMemset);
  EXPECT_EQ(end(), info.graph);

  begin();
  EXPECT_NE(CaptureInfo(stream).id, info.id);
  end();
}

TEST_F(Captures, AllowQuestionsThatDoNotWait) {
  begin();
  int number = -1;
  std::size_t free_bytes = 0;
  std::size_t total_bytes = 0;
  EXPECT_CUDA(cudaGetDevice(&number));
  EXPECT_CUDA(cudaMemGetInfo(&free_bytes, &total_bytes));
  EXPECT_CUDA(cudaGetLastError());
  EXPECT_EQ(status(), cudaStreamCaptureStatusActive);
  EXPECT_EQ(status(other), cudaStreamCaptureStatusNone);
  end();
}

TEST_F(Captures, LeaveOtherStreamsAlone) {
  begin();
  EXPECT_CUDA(cudaMemsetAsync(device, 9, bytes, other));
  EXPECT_CUDA(cudaMemcpyAsync(pinned, device, bytes, cudaMemcpyDeviceToHost, other));
  end();
  EXPECT_CUDA(cudaStreamSynchronize(other));
  EXPECT_EQ(pinned[0], 9);
}

TEST_F(Captures, AreNotOfTheLegacyStream) {
  EXPECT_EQ(cudaStreamBeginCapture(nullptr, cudaStreamCaptureModeGlobal), cudaErrorStreamCaptureUnsupported);
  EXPECT_EQ(cudaStreamBeginCapture(cudaStreamLegacy, cudaStreamCaptureModeRelaxed),
            cudaErrorStreamCaptureUnsupported);
}

TEST_F(Captures, AreOfThePerThreadStreamToo) {
  cudaGraph_t graph = nullptr;
  EXPECT_CUDA(cudaStreamBeginCapture(cudaStreamPerThread, cudaStreamCaptureModeGlobal));
  EXPECT_CUDA(cudaMemsetAsync(device, 1, bytes, cudaStreamPerThread));
  EXPECT_CUDA(cudaStreamEndCapture(cudaStreamPerThread, &graph));
  EXPECT_EQ(nodes(graph).size(), 1);
  EXPECT_CUDA(cudaGraphDestroy(graph));
}

TEST_F(Captures, CannotBeWaitedFor) {
  begin();
  EXPECT_EQ(cudaStreamSynchronize(stream), cudaErrorStreamCaptureUnsupported);
  end_invalid();
  begin();
  EXPECT_EQ(cudaStreamQuery(stream), cudaErrorStreamCaptureUnsupported);
  end_invalid();
  begin();
  EXPECT_EQ(cudaDeviceSynchronize(), cudaErrorStreamCaptureUnsupported);
  end_invalid();
  set(2);
  EXPECT_EQ(value(), 2);
}

TEST_F(Captures, ThatAreInvalidTakeNoMoreWork) {
  begin();
  EXPECT_EQ(cudaStreamQuery(stream), cudaErrorStreamCaptureUnsupported);
  EXPECT_EQ(cudaMemsetAsync(device, 1, bytes, stream), cudaErrorStreamCaptureInvalidated);
  end_invalid();
}

TEST_F(Captures, EndOnceAndOnTheStreamWhereTheyBegan) {
  cudaGraph_t graph = nullptr;
  EXPECT_NE(cudaStreamEndCapture(stream, &graph), cudaSuccess);
  begin();
  set(1);
  order(stream, other);
  EXPECT_EQ(status(other), cudaStreamCaptureStatusActive);
  EXPECT_EQ(cudaStreamEndCapture(other, &graph), cudaErrorStreamCaptureUnmatched);
  cudaStreamEndCapture(stream, &graph);
  EXPECT_EQ(status(), cudaStreamCaptureStatusNone);
  EXPECT_EQ(status(other), cudaStreamCaptureStatusNone);
}

TEST_F(Captures, EndInTheThreadWhereTheyBeganUnlessRelaxed) {
  for (const auto mode : {cudaStreamCaptureModeGlobal, cudaStreamCaptureModeThreadLocal}) {
    begin(mode);
    cudaGraph_t graph = nullptr;
    std::thread([&] {
      EXPECT_EQ(cudaStreamEndCapture(stream, &graph), cudaErrorStreamCaptureWrongThread);
    }).join();
    cudaStreamEndCapture(stream, &graph);
    discard(graph);
  }
  begin(cudaStreamCaptureModeRelaxed);
  std::thread([&] { end(); }).join();
}

}  // namespace
