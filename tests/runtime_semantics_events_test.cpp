// What holds of any CUDA runtime: events.

#include <cuda_runtime_api.h>
#include <gtest/gtest.h>

#include <chrono>

#include "runtime_semantics_fixture.hpp"

namespace daa::test {
namespace {

using namespace std::chrono_literals;

TEST_F(RuntimeSemantics, AnEventNeverRecordedIsComplete) {
  const cudaEvent_t event = make_event();
  EXPECT_CUDA(cudaEventQuery(event));
  EXPECT_CUDA(cudaEventSynchronize(event));
  EXPECT_CUDA(cudaStreamWaitEvent(stream, event, 0));
}

TEST_F(RuntimeSemantics, AnEventCompletesWithTheWorkBeforeIt) {
  Gate gate;
  gate.hold(stream);
  const cudaEvent_t event = record(stream);
  EXPECT_EQ(cudaEventQuery(event), cudaErrorNotReady);
  gate.open();
  EXPECT_CUDA(cudaEventSynchronize(event));
  EXPECT_TRUE(gate.has_been_passed());
  EXPECT_CUDA(cudaEventQuery(event));
}

TEST_F(RuntimeSemantics, AStreamWaitsForAnEventOfAnother) {
  Gate gate;
  gate.hold(stream);
  EXPECT_CUDA(cudaMemsetAsync(device, 5, bytes, stream));
  EXPECT_CUDA(cudaStreamWaitEvent(other, record(stream), 0));
  EXPECT_CUDA(cudaMemcpyAsync(pinned, device, bytes, cudaMemcpyDeviceToHost, other));
  EXPECT_TRUE(stays_incomplete(record(other)));
  gate.open();
  EXPECT_CUDA(cudaStreamSynchronize(other));
  EXPECT_EQ(pinned[bytes - 1], 5);
}

TEST_F(RuntimeSemantics, AWaitIsForTheRecordingThatThereWasWhenItWasMade) {
  const cudaStream_t third = make_blocking_stream();
  Gate gate;
  gate.hold(stream);
  const cudaEvent_t event = record(stream);
  EXPECT_CUDA(cudaStreamWaitEvent(other, event, 0));
  EXPECT_CUDA(cudaEventRecord(event, third));
  EXPECT_TRUE(completes(event));
  EXPECT_TRUE(stays_incomplete(record(other)));
  gate.open();
  EXPECT_CUDA(cudaStreamSynchronize(other));
}

TEST_F(RuntimeSemantics, AWaitOutlivesItsEvent) {
  Gate gate;
  gate.hold(stream);
  cudaEvent_t event = nullptr;
  ASSERT_CUDA(cudaEventCreateWithFlags(&event, cudaEventDisableTiming));
  EXPECT_CUDA(cudaEventRecord(event, stream));
  EXPECT_CUDA(cudaStreamWaitEvent(other, event, 0));
  EXPECT_CUDA(cudaEventDestroy(event));
  EXPECT_TRUE(stays_incomplete(record(other)));
  gate.open();
  EXPECT_CUDA(cudaStreamSynchronize(other));
}

TEST_F(RuntimeSemantics, ElapsedTimeIsThatBetweenTwoEvents) {
  const cudaEvent_t start = make_event();
  const cudaEvent_t end = make_event();
  EXPECT_CUDA(cudaEventRecord(start, stream));
  Gate gate;
  gate.hold(stream);
  EXPECT_CUDA(cudaEventRecord(end, stream));
  float ms = -1;
  EXPECT_EQ(cudaEventElapsedTime(&ms, start, end), cudaErrorNotReady);
  EXPECT_TRUE(completes(start));
  gate.open_in(50ms);
  EXPECT_CUDA(cudaEventSynchronize(end));
  EXPECT_CUDA(cudaEventElapsedTime(&ms, start, end));
  EXPECT_GE(ms, 45);
  EXPECT_LT(ms, 60'000);
  EXPECT_CUDA(cudaEventElapsedTime(&ms, start, start));
  EXPECT_EQ(ms, 0);
}

TEST_F(RuntimeSemantics, ElapsedTimeNeedsTwoRecordedEventsWithTiming) {
  const cudaEvent_t recorded = make_event();
  const cudaEvent_t never_recorded = make_event();
  EXPECT_CUDA(cudaEventRecord(recorded, stream));
  const cudaEvent_t without_timing = record(stream);
  EXPECT_CUDA(cudaStreamSynchronize(stream));
  float ms = 0;
  EXPECT_EQ(cudaEventElapsedTime(&ms, recorded, never_recorded), cudaErrorInvalidResourceHandle);
  EXPECT_EQ(cudaEventElapsedTime(&ms, recorded, without_timing), cudaErrorInvalidResourceHandle);
}

}  // namespace
}  // namespace daa::test
