// What holds of any CUDA runtime: streams, the default ones among them, and events.

#include <chrono>
#include <thread>

#include "runtime_semantics_fixture.hpp"

namespace daa::test {
namespace {

using namespace std::chrono_literals;

TEST_F(RuntimeSemantics, WorkOfAStreamRunsInOrder) {
  for (unsigned char i = 0; i < 100; ++i) {
    set(i);
    ASSERT_CUDA(cudaMemcpyAsync(pinned + i, device, 1, cudaMemcpyDeviceToHost, stream));
  }
  synchronize();
  for (unsigned char i = 0; i < 100; ++i) EXPECT_EQ(pinned[i], i);
}

TEST_F(RuntimeSemantics, AStreamRunsBehindTheHost) {
  HostFunctionGate gate(stream);
  EXPECT_EQ(cudaStreamQuery(stream), cudaErrorNotReady);
  pinned[0] = 1;
  set(2);
  fetch(device, stream);
  EXPECT_EQ(pinned[0], 1);
  EXPECT_EQ(cudaStreamQuery(stream), cudaErrorNotReady);
  gate.open();
  synchronize();
  EXPECT_CUDA(cudaStreamQuery(stream));
  EXPECT_EQ(pinned[0], 2);
}

TEST_F(RuntimeSemantics, HostFunctionsRunInStreamOrder) {
  struct Seen {
    const unsigned char* from;
    int value;
  } seen{pinned, -1};
  set(7);
  fetch(device, stream);
  const auto look = [](void* data) {
    auto* const to = static_cast<Seen*>(data);
    to->value = to->from[bytes - 1];
  };
  ASSERT_CUDA(cudaLaunchHostFunc(stream, look, &seen));
  synchronize();
  EXPECT_EQ(seen.value, 7);
}

TEST_F(RuntimeSemantics, AStreamWaitsForAnotherOnlyIfOneIsLegacyAndTheOtherBlocks) {
  const cudaStream_t blocking = make_blocking_stream();
  const struct {
    const char* what;
    cudaStream_t ahead;
    cudaStream_t behind;
    bool waits;
  } rows[] = {
      {"non-blocking streams", stream, other, false},
      {"blocking, then legacy", blocking, cudaStreamLegacy, true},
      {"per thread, then legacy", cudaStreamPerThread, cudaStreamLegacy, true},
      {"legacy, then blocking", nullptr, blocking, true},
      {"legacy, then non-blocking", nullptr, stream, false},
      {"non-blocking, then legacy", stream, nullptr, false},
  };
  for (const auto& [what, ahead, behind, waits] : rows) {
    SCOPED_TRACE(what);
    HostFunctionGate gate(ahead);
    set(1, behind);
    const cudaEvent_t end = record(behind);
    EXPECT_TRUE(waits ? stays_incomplete(end) : completes(end));
    gate.open();
    EXPECT_CUDA(cudaEventSynchronize(end));
    EXPECT_CUDA(cudaDeviceSynchronize());
  }
}

TEST_F(RuntimeSemantics, EveryThreadHasItsOwnPerThreadStream) {
  const HostFunctionGate gate(cudaStreamPerThread);
  std::thread([] { EXPECT_CUDA(cudaStreamQuery(cudaStreamPerThread)); }).join();
  EXPECT_EQ(cudaStreamQuery(cudaStreamPerThread), cudaErrorNotReady);
}

TEST_F(RuntimeSemantics, ADestroyedStreamFinishesItsWork) {
  cudaStream_t doomed = nullptr;
  ASSERT_CUDA(cudaStreamCreateWithFlags(&doomed, cudaStreamNonBlocking));
  HostFunctionGate gate(doomed);
  pinned[0] = 1;
  set(2, doomed);
  fetch(device, doomed);
  const cudaEvent_t end = record(doomed);
  EXPECT_CUDA(cudaStreamDestroy(doomed));
  EXPECT_EQ(cudaEventQuery(end), cudaErrorNotReady);
  gate.open();
  EXPECT_CUDA(cudaEventSynchronize(end));
  EXPECT_EQ(pinned[0], 2);
}

TEST_F(RuntimeSemantics, DeviceSynchronizeWaitsForEveryStream) {
  HostFunctionGate gate(stream);
  gate.open(50ms);
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

TEST_F(RuntimeSemantics, ACopyToPageableMemoryIsDoneWhenItReturns) {
  const cudaStream_t blocking = make_blocking_stream();
  const auto copy_behind = [&](cudaStream_t busy, auto copy) {
    unsigned char pageable = 0;
    set(1, busy);
    HostFunctionGate gate(busy);
    set(2, busy);
    gate.open(50ms);
    EXPECT_CUDA(copy(&pageable));
    EXPECT_EQ(pageable, 2);
  };
  copy_behind(stream,
              [&](void* to) { return cudaMemcpyAsync(to, device, 1, cudaMemcpyDeviceToHost, stream); });
  copy_behind(blocking, [&](void* to) { return cudaMemcpy(to, device, 1, cudaMemcpyDeviceToHost); });
}

// --- events ------------------------------------------------------------------------------------------------

TEST_F(RuntimeSemantics, AnEventNeverRecordedIsComplete) {
  const cudaEvent_t event = make_event();
  EXPECT_CUDA(cudaEventQuery(event));
  EXPECT_CUDA(cudaEventSynchronize(event));
  EXPECT_CUDA(cudaStreamWaitEvent(stream, event, 0));
}

TEST_F(RuntimeSemantics, AnEventCompletesWithTheWorkBeforeIt) {
  HostFunctionGate gate(stream);
  const cudaEvent_t event = record(stream);
  EXPECT_EQ(cudaEventQuery(event), cudaErrorNotReady);
  gate.open();
  EXPECT_CUDA(cudaEventSynchronize(event));
  EXPECT_TRUE(gate.has_been_passed());
  EXPECT_CUDA(cudaEventQuery(event));
}

TEST_F(RuntimeSemantics, AWaitIsForTheRecordingThatThereWasAndOutlivesItsEvent) {
  const cudaStream_t third = make_blocking_stream();
  cudaEvent_t event = nullptr;
  ASSERT_CUDA(cudaEventCreateWithFlags(&event, cudaEventDisableTiming));
  HostFunctionGate gate(stream);
  set(5);
  EXPECT_CUDA(cudaEventRecord(event, stream));
  EXPECT_CUDA(cudaStreamWaitEvent(other, event, 0));
  EXPECT_CUDA(cudaEventRecord(event, third));
  EXPECT_TRUE(completes(event)) << "its newest recording";
  EXPECT_CUDA(cudaEventDestroy(event));
  fetch(device, other);
  EXPECT_TRUE(stays_incomplete(record(other)));
  gate.open();
  EXPECT_CUDA(cudaStreamSynchronize(other));
  EXPECT_EQ(pinned[bytes - 1], 5);
}

TEST_F(RuntimeSemantics, ElapsedTimeIsThatBetweenTwoEvents) {
  const cudaEvent_t start = make_timed_event();
  const cudaEvent_t end = make_timed_event();
  EXPECT_CUDA(cudaEventRecord(start, stream));
  HostFunctionGate gate(stream);
  EXPECT_CUDA(cudaEventRecord(end, stream));
  float ms = -1;
  EXPECT_EQ(cudaEventElapsedTime(&ms, start, end), cudaErrorNotReady);
  EXPECT_TRUE(completes(start));
  gate.open(50ms);
  EXPECT_CUDA(cudaEventSynchronize(end));
  EXPECT_CUDA(cudaEventElapsedTime(&ms, start, end));
  EXPECT_GE(ms, 45);
  EXPECT_LT(ms, 60'000);
  EXPECT_CUDA(cudaEventElapsedTime(&ms, start, start));
  EXPECT_EQ(ms, 0);
  EXPECT_EQ(cudaEventElapsedTime(&ms, start, make_timed_event()), cudaErrorInvalidResourceHandle)
      << "never recorded";
  const cudaEvent_t without_timing = record(stream);
  synchronize();
  EXPECT_EQ(cudaEventElapsedTime(&ms, start, without_timing), cudaErrorInvalidResourceHandle);
}

}  // namespace
}  // namespace daa::test
