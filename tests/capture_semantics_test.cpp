// What holds of stream capture on any CUDA runtime. Built twice, on the host runtime and on a GPU's.

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

// Whatever the modes: the arena must not ask either while its stream is captured.
TEST_F(Captures, ForbidToAskForTheStreamsIdentityAndDevice) {
  int number = -1;
  unsigned long long id = 0;
  for (const auto mode : {cudaStreamCaptureModeGlobal, cudaStreamCaptureModeRelaxed}) {
    begin(mode);
    EXPECT_EQ(cudaStreamGetDevice(stream, &number), cudaErrorStreamCaptureUnsupported);
    end_invalid();
    begin(mode);
    EXPECT_EQ(cudaStreamGetId(stream, &id), cudaErrorStreamCaptureUnsupported);
    end_invalid();
    begin(mode);
    EXPECT_CUDA(cudaStreamGetId(other, &id));
    EXPECT_CUDA(cudaStreamGetDevice(other, &number));
    end();
  }
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

// --- calls that a capture forbids --------------------------------------------------------------------------

TEST_F(Captures, ForbidCallsThatTheyWouldNotSeeUnlessRelaxed) {
  cudaMemPool_t pool = nullptr;
  std::uint64_t used = 0;
  ASSERT_CUDA(cudaDeviceGetDefaultMemPool(&pool, 0));
  cudaMemPool_t created = nullptr;
  cudaMemPoolProps props{};
  props.allocType = cudaMemAllocationTypePinned;
  props.location.type = cudaMemLocationTypeDevice;
  for (const auto mode : {cudaStreamCaptureModeGlobal, cudaStreamCaptureModeThreadLocal}) {
    void* pointer = nullptr;
    begin(mode);
    EXPECT_EQ(cudaMalloc(&pointer, bytes), cudaErrorStreamCaptureUnsupported);
    end_invalid();
    ASSERT_CUDA(cudaMalloc(&pointer, bytes));
    begin(mode);
    EXPECT_EQ(cudaFree(pointer), cudaErrorStreamCaptureUnsupported);
    end_invalid();
    EXPECT_CUDA(cudaFree(pointer));
    begin(mode);
    EXPECT_EQ(cudaMallocHost(&pointer, bytes), cudaErrorStreamCaptureUnsupported);
    end_invalid();
    begin(mode);
    EXPECT_EQ(cudaFree(nullptr), cudaErrorStreamCaptureUnsupported);
    end_invalid();
    begin(mode);
    EXPECT_EQ(cudaMemPoolGetAttribute(pool, cudaMemPoolAttrUsedMemCurrent, &used),
              cudaErrorStreamCaptureUnsupported);
    end_invalid();
    begin(mode);
    EXPECT_EQ(cudaMemPoolTrimTo(pool, 0), cudaErrorStreamCaptureUnsupported);
    end_invalid();
    begin(mode);
    EXPECT_EQ(cudaMemPoolCreate(&created, &props), cudaErrorStreamCaptureUnsupported);
    end_invalid();
  }
  void* pointer = nullptr;
  begin(cudaStreamCaptureModeRelaxed);
  EXPECT_CUDA(cudaMalloc(&pointer, bytes));
  EXPECT_CUDA(cudaFree(nullptr));
  EXPECT_CUDA(cudaMemPoolGetAttribute(pool, cudaMemPoolAttrUsedMemCurrent, &used));
  EXPECT_CUDA(cudaMemPoolTrimTo(pool, 0));
  end();
  EXPECT_CUDA(cudaFree(pointer));
}

TEST_F(Captures, ForbidSuchCallsInOtherThreadsIfTheyAreGlobal) {
  const auto allocate_elsewhere = [](cudaStreamCaptureMode mode) {
    cudaError_t result = cudaErrorUnknown;
    std::thread([&] {
      EXPECT_CUDA(cudaThreadExchangeStreamCaptureMode(&mode));
      void* pointer = nullptr;
      result = cudaMalloc(&pointer, bytes);
      if (result == cudaSuccess) {
        EXPECT_CUDA(cudaFree(pointer));
      }
    }).join();
    return result;
  };
  begin(cudaStreamCaptureModeGlobal);
  EXPECT_CUDA(allocate_elsewhere(cudaStreamCaptureModeThreadLocal));
  EXPECT_CUDA(allocate_elsewhere(cudaStreamCaptureModeRelaxed));
  EXPECT_EQ(status(), cudaStreamCaptureStatusActive);
  EXPECT_EQ(allocate_elsewhere(cudaStreamCaptureModeGlobal), cudaErrorStreamCaptureUnsupported);
  end_invalid();
  begin(cudaStreamCaptureModeThreadLocal);
  EXPECT_CUDA(allocate_elsewhere(cudaStreamCaptureModeGlobal));
  end();
}

TEST_F(Captures, ExchangeTheModeOfAThread) {
  auto mode = cudaStreamCaptureModeRelaxed;
  EXPECT_CUDA(cudaThreadExchangeStreamCaptureMode(&mode));
  EXPECT_EQ(mode, cudaStreamCaptureModeGlobal);
  void* pointer = nullptr;
  begin();
  EXPECT_CUDA(cudaMalloc(&pointer, bytes));
  end();
  EXPECT_CUDA(cudaFree(pointer));
  EXPECT_CUDA(cudaThreadExchangeStreamCaptureMode(&mode));
  EXPECT_EQ(mode, cudaStreamCaptureModeRelaxed);
}

TEST_F(Captures, OfABlockingStreamForbidTheLegacyStream) {
  cudaStream_t blocking = nullptr;
  ASSERT_CUDA(cudaStreamCreate(&blocking));
  cudaGraph_t graph = nullptr;
  auto of_legacy = cudaStreamCaptureStatusNone;

  ASSERT_CUDA(cudaStreamBeginCapture(blocking, cudaStreamCaptureModeRelaxed));
  EXPECT_EQ(cudaStreamIsCapturing(cudaStreamLegacy, &of_legacy), cudaErrorStreamCaptureImplicit);
  EXPECT_EQ(status(blocking), cudaStreamCaptureStatusActive);
  EXPECT_EQ(cudaMemsetAsync(device, 1, bytes, nullptr), cudaErrorStreamCaptureImplicit);
  EXPECT_EQ(cudaStreamEndCapture(blocking, &graph), cudaErrorStreamCaptureInvalidated);

  ASSERT_CUDA(cudaStreamBeginCapture(blocking, cudaStreamCaptureModeRelaxed));
  EXPECT_EQ(cudaMemcpy(pinned, device, bytes, cudaMemcpyDeviceToHost), cudaErrorStreamCaptureImplicit);
  EXPECT_EQ(cudaStreamEndCapture(blocking, &graph), cudaErrorStreamCaptureInvalidated);

  EXPECT_CUDA(cudaMemsetAsync(device, 1, bytes, nullptr));
  EXPECT_CUDA(cudaStreamDestroy(blocking));
}

TEST_F(Captures, OfANonBlockingStreamLeaveTheLegacyStreamAlone) {
  begin();
  EXPECT_CUDA(cudaMemsetAsync(device, 1, bytes, nullptr));
  EXPECT_EQ(status(nullptr), cudaStreamCaptureStatusNone);
  end();
}

// --- more streams than one ---------------------------------------------------------------------------------

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
