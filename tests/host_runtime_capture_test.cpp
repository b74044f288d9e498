// What the host runtime chooses of stream capture where the documents of the real one leave it open.

#include <functional>
#include <vector>

#include "host_capture_fixture.hpp"

namespace {

using namespace daa::test;

using CaptureRules = HostCaptureFixture;

TEST_F(CaptureRules, SynchronousCopiesAndEventQueriesAreCallsThatACaptureWouldNotSee) {
  unsigned char* const pointer = allocate(KiB);
  synchronize();
  unsigned char here = 0;
  cudaEvent_t event = nullptr;
  ASSERT_CUDA(cudaEventCreate(&event));
  ASSERT_CUDA(cudaEventRecord(event, other));
  const std::vector<std::function<cudaError_t()>> calls = {
      [&] { return cudaMemcpy(&here, pointer, 1, cudaMemcpyDeviceToHost); },
      [&] { return cudaMemset(pointer, 1, KiB); },
      [&] { return cudaEventQuery(event); },
      [&] { return cudaEventSynchronize(event); },
      [&] { return cudaFreeHost(&here); },
  };
  for (const auto& call : calls) {
    begin(cudaStreamCaptureModeThreadLocal);
    EXPECT_EQ(call(), cudaErrorStreamCaptureUnsupported);
    end_invalid();
  }
  begin(cudaStreamCaptureModeRelaxed);
  EXPECT_CUDA(cudaMemset(pointer, 1, KiB));
  EXPECT_CUDA(cudaEventSynchronize(event));
  static_cast<void>(end());
  EXPECT_CUDA(cudaDeviceSynchronize());  // a cudaMemset of device memory waits for nothing
  free(pointer);
}

TEST_F(CaptureRules, OtherStreamsMayBeWaitedFor) {
  begin();
  EXPECT_CUDA(cudaStreamSynchronize(other));
  EXPECT_CUDA(cudaStreamQuery(other));
  static_cast<void>(end());
}

TEST_F(CaptureRules, WhatIsNotSupportedSaysSoAndTheCaptureIsInvalid) {
  cudaEvent_t event = nullptr;
  ASSERT_CUDA(cudaEventCreate(&event));
  ASSERT_CUDA(cudaEventRecord(event, other));
  begin();
  EXPECT_EQ(cudaStreamWaitEvent(stream, event, cudaEventWaitExternal), cudaErrorNotSupported);
  end_invalid();

  begin();
  free(allocate(KiB));
  const cudaGraph_t graph = end();

  cudaGraphExec_t none = nullptr;
  EXPECT_EQ(cudaGraphInstantiate(&none, graph, cudaGraphInstantiateFlagDeviceLaunch), cudaErrorNotSupported);
}

TEST_F(CaptureRules, AStreamThatCapturesIsNotDestroyedNorItsGraph) {
  begin();
  auto status = cudaStreamCaptureStatusNone;
  cudaGraph_t graph = nullptr;
#if CUDART_VERSION >= 13000
  EXPECT_CUDA(cudaStreamGetCaptureInfo(stream, &status, nullptr, &graph, nullptr, nullptr, nullptr));
#else
  EXPECT_CUDA(cudaStreamGetCaptureInfo(stream, &status, nullptr, &graph, nullptr, nullptr));
#endif
  EXPECT_EQ(cudaGraphDestroy(graph), cudaErrorInvalidValue);
  EXPECT_EQ(cudaStreamDestroy(stream), cudaErrorStreamCaptureUnsupported);
  end_invalid();
  EXPECT_EQ(cudaGraphDestroy(graph), cudaErrorInvalidValue);
  EXPECT_CUDA(cudaStreamDestroy(stream));
}

TEST_F(CaptureRules, AnEventOfACaptureThatIsOverOrInvalidIsNotWaitedFor) {
  cudaEvent_t event = nullptr;
  ASSERT_CUDA(cudaEventCreate(&event));
  begin();
  EXPECT_CUDA(cudaEventRecord(event, stream));
  EXPECT_EQ(cudaStreamQuery(stream), cudaErrorStreamCaptureUnsupported);
  EXPECT_EQ(cudaStreamWaitEvent(other, event, 0), cudaErrorInvalidValue);
  end_invalid();
  EXPECT_EQ(cudaStreamWaitEvent(other, event, 0), cudaErrorInvalidValue);
  EXPECT_CUDA(cudaEventRecord(event, other));
  EXPECT_CUDA(cudaStreamWaitEvent(stream, event, 0));
  synchronize();
}

TEST_F(CaptureRules, AnEventThatWasNeverRecordedIsNothingToWaitFor) {
  cudaEvent_t event = nullptr;
  ASSERT_CUDA(cudaEventCreate(&event));
  begin();
  EXPECT_CUDA(cudaStreamWaitEvent(stream, event, 0));
  static_cast<void>(end());
}

TEST_F(CaptureRules, ABranchWithoutWorkNeedsNoJoin) {
  cudaEvent_t event = nullptr;
  ASSERT_CUDA(cudaEventCreate(&event));
  begin();
  EXPECT_CUDA(cudaEventRecord(event, stream));
  EXPECT_CUDA(cudaStreamWaitEvent(other, event, 0));
  EXPECT_NE(end(), nullptr);
}

TEST_F(CaptureRules, ARefusedCallLeavesTheCaptureValid) {
  int here = 0;
  begin();
  EXPECT_EQ(cudaMemsetAsync(&here, 1, sizeof here, stream), cudaErrorInvalidValue);
  EXPECT_TRUE(violates({"cudaMemsetAsync outside live memory"}));
  EXPECT_NE(end(), nullptr);
}

TEST_F(CaptureRules, AThreadsModeIsForgottenByReset) {
  auto mode = cudaStreamCaptureModeRelaxed;
  EXPECT_CUDA(cudaThreadExchangeStreamCaptureMode(&mode));
  host::reset();
  EXPECT_CUDA(cudaThreadExchangeStreamCaptureMode(&mode));
  EXPECT_EQ(mode, cudaStreamCaptureModeGlobal);
}

}  // namespace
