// What holds of any CUDA runtime: streams, the default ones among them.

#include <cuda_runtime_api.h>
#include <gtest/gtest.h>

#include <chrono>
#include <thread>

#include "runtime_semantics_fixture.hpp"

namespace daa::test {
namespace {

using namespace std::chrono_literals;

TEST_F(RuntimeSemantics, WorkOfAStreamRunsInOrder) {
  for (unsigned char i = 0; i < 100; ++i) {
    ASSERT_CUDA(cudaMemsetAsync(device, i, bytes, stream));
    ASSERT_CUDA(cudaMemcpyAsync(pinned + i, device, 1, cudaMemcpyDeviceToHost, stream));
  }
  ASSERT_CUDA(cudaStreamSynchronize(stream));
  for (unsigned char i = 0; i < 100; ++i) EXPECT_EQ(pinned[i], i);
}

TEST_F(RuntimeSemantics, AStreamRunsBehindTheHost) {
  Gate gate;
  gate.hold(stream);
  EXPECT_EQ(cudaStreamQuery(stream), cudaErrorNotReady);
  pinned[0] = 1;
  EXPECT_CUDA(cudaMemsetAsync(device, 2, bytes, stream));
  EXPECT_CUDA(cudaMemcpyAsync(pinned, device, 1, cudaMemcpyDeviceToHost, stream));
  EXPECT_EQ(pinned[0], 1);
  EXPECT_EQ(cudaStreamQuery(stream), cudaErrorNotReady);
  gate.open();
  EXPECT_CUDA(cudaStreamSynchronize(stream));
  EXPECT_CUDA(cudaStreamQuery(stream));
  EXPECT_EQ(pinned[0], 2);
}

TEST_F(RuntimeSemantics, HostFunctionsRunInStreamOrder) {
  struct Seen {
    const unsigned char* from;
    int value;
  } seen{pinned, -1};
  ASSERT_CUDA(cudaMemsetAsync(device, 7, bytes, stream));
  ASSERT_CUDA(cudaMemcpyAsync(pinned, device, bytes, cudaMemcpyDeviceToHost, stream));
  const auto look = [](void* data) {
    auto* const to = static_cast<Seen*>(data);
    to->value = to->from[bytes - 1];
  };
  ASSERT_CUDA(cudaLaunchHostFunc(stream, look, &seen));
  ASSERT_CUDA(cudaStreamSynchronize(stream));
  EXPECT_EQ(seen.value, 7);
}

TEST_F(RuntimeSemantics, StreamsDoNotWaitForEachOther) {
  Gate gate;
  gate.hold(stream);
  EXPECT_CUDA(cudaMemsetAsync(device, 1, bytes, other));
  EXPECT_TRUE(completes(record(other)));
}

TEST_F(RuntimeSemantics, ADestroyedStreamFinishesItsWork) {
  Gate gate;
  cudaStream_t doomed = nullptr;
  ASSERT_CUDA(cudaStreamCreateWithFlags(&doomed, cudaStreamNonBlocking));
  pinned[0] = 1;
  gate.hold(doomed);
  EXPECT_CUDA(cudaMemsetAsync(device, 2, bytes, doomed));
  EXPECT_CUDA(cudaMemcpyAsync(pinned, device, 1, cudaMemcpyDeviceToHost, doomed));
  const cudaEvent_t end = record(doomed);
  EXPECT_CUDA(cudaStreamDestroy(doomed));
  EXPECT_EQ(cudaEventQuery(end), cudaErrorNotReady);
  gate.open();
  EXPECT_CUDA(cudaEventSynchronize(end));
  EXPECT_EQ(pinned[0], 2);
}

TEST_F(RuntimeSemantics, DeviceSynchronizeWaitsForEveryStream) {
  Gate gate;
  gate.hold(stream);
  gate.open_in(50ms);
  EXPECT_CUDA(cudaDeviceSynchronize());
  EXPECT_TRUE(gate.has_been_passed());
}

TEST_F(RuntimeSemantics, StreamsHaveADeviceAndAnIdentity) {
  int ordinal = -1;
  unsigned long long id = 0;
  unsigned long long other_id = 0;
  EXPECT_CUDA(cudaStreamGetDevice(stream, &ordinal));
  EXPECT_EQ(ordinal, 0);
  EXPECT_CUDA(cudaStreamGetId(stream, &id));
  EXPECT_CUDA(cudaStreamGetId(other, &other_id));
  EXPECT_NE(id, other_id);
}

// --- the default streams -----------------------------------------------------------------------------------

TEST_F(RuntimeSemantics, TheLegacyStreamWaitsForBlockingStreams) {
  const cudaStream_t blocking = make_blocking_stream();
  Gate gate;
  gate.hold(blocking);
  EXPECT_CUDA(cudaMemsetAsync(device, 1, bytes, cudaStreamLegacy));
  const cudaEvent_t behind = record(cudaStreamLegacy);
  EXPECT_TRUE(stays_incomplete(behind));
  gate.open();
  EXPECT_CUDA(cudaEventSynchronize(behind));
}

TEST_F(RuntimeSemantics, BlockingStreamsWaitForTheLegacyStream) {
  const cudaStream_t first = make_blocking_stream();
  const cudaStream_t second = make_blocking_stream();
  Gate gate;
  gate.hold(first);
  EXPECT_CUDA(cudaMemsetAsync(device, 1, bytes, nullptr));
  EXPECT_CUDA(cudaMemsetAsync(device, 2, bytes, second));
  const cudaEvent_t behind = record(second);
  EXPECT_TRUE(stays_incomplete(behind));
  gate.open();
  EXPECT_CUDA(cudaEventSynchronize(behind));
}

TEST_F(RuntimeSemantics, NonBlockingStreamsDoNotWaitForTheLegacyStream) {
  Gate gate;
  gate.hold(nullptr);
  EXPECT_CUDA(cudaMemsetAsync(device, 1, bytes, stream));
  EXPECT_TRUE(completes(record(stream)));
}

TEST_F(RuntimeSemantics, TheLegacyStreamDoesNotWaitForNonBlockingStreams) {
  Gate gate;
  gate.hold(stream);
  EXPECT_CUDA(cudaMemsetAsync(device, 1, bytes, nullptr));
  EXPECT_TRUE(completes(record(nullptr)));
}

TEST_F(RuntimeSemantics, ThePerThreadStreamSynchronisesWithTheLegacyStream) {
  Gate gate;
  gate.hold(cudaStreamPerThread);
  EXPECT_CUDA(cudaMemsetAsync(device, 1, bytes, cudaStreamLegacy));
  const cudaEvent_t behind = record(cudaStreamLegacy);
  EXPECT_TRUE(stays_incomplete(behind));
  gate.open();
  EXPECT_CUDA(cudaEventSynchronize(behind));
}

TEST_F(RuntimeSemantics, EveryThreadHasItsOwnPerThreadStream) {
  Gate gate;
  gate.hold(cudaStreamPerThread);
  bool elsewhere_is_idle = false;
  std::thread([&] { elsewhere_is_idle = cudaStreamQuery(cudaStreamPerThread) == cudaSuccess; }).join();
  EXPECT_TRUE(elsewhere_is_idle);
  EXPECT_EQ(cudaStreamQuery(cudaStreamPerThread), cudaErrorNotReady);
}

TEST_F(RuntimeSemantics, ACopyToPageableMemoryIsDoneWhenItReturns) {
  unsigned char pageable = 0;
  Gate gate;
  gate.hold(stream);
  EXPECT_CUDA(cudaMemsetAsync(device, 2, bytes, stream));
  gate.open_in(50ms);
  EXPECT_CUDA(cudaMemcpyAsync(&pageable, device, 1, cudaMemcpyDeviceToHost, stream));
  EXPECT_EQ(pageable, 2);
}

TEST_F(RuntimeSemantics, ABlockingCopyToTheHostWaitsForBlockingStreams) {
  const cudaStream_t blocking = make_blocking_stream();
  unsigned char pageable = 0;
  Gate gate;
  EXPECT_CUDA(cudaMemsetAsync(device, 1, bytes, blocking));
  gate.hold(blocking);
  EXPECT_CUDA(cudaMemsetAsync(device, 2, bytes, blocking));
  gate.open_in(50ms);
  EXPECT_CUDA(cudaMemcpy(&pageable, device, 1, cudaMemcpyDeviceToHost));
  EXPECT_EQ(pageable, 2);
}

}  // namespace
}  // namespace daa::test
