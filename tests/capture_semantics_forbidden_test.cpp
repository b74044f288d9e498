// Calls that a capture forbids, on any CUDA runtime.

#include <cuda_runtime_api.h>
#include <gtest/gtest.h>

#include <thread>

#include "graph_fixture.hpp"

namespace {

using namespace daa::test;
using Captures = GraphFixture;

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

}  // namespace
