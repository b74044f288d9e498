// What holds of captures on any CUDA runtime: how they begin, fork, join and end, and what they forbid.

#include <functional>
#include <optional>
#include <thread>

#include "graph_fixture.hpp"

namespace {

using namespace daa::test;
using Captures = GraphFixture;

TEST_F(Captures, HaveAnIdAGraphAndANewestNode) {
  EXPECT_EQ(CaptureInfo(stream).status, cudaStreamCaptureStatusNone);
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
  EXPECT_EQ(status(), cudaStreamCaptureStatusNone);

  begin();
  EXPECT_NE(CaptureInfo(stream).id, info.id);
  end();
}

TEST_F(Captures, AllowQuestionsThatDoNotWaitAndLeaveOtherStreamsAlone) {
  int number = -1;
  unsigned long long id = 0;
  std::size_t free_bytes = 0;
  std::size_t total_bytes = 0;
  begin();
  EXPECT_CUDA(cudaGetDevice(&number));
  EXPECT_CUDA(cudaMemGetInfo(&free_bytes, &total_bytes));
  EXPECT_CUDA(cudaGetLastError());
  EXPECT_EQ(status(), cudaStreamCaptureStatusActive);
  EXPECT_EQ(status(other), cudaStreamCaptureStatusNone);
  EXPECT_EQ(status(nullptr), cudaStreamCaptureStatusNone);
  EXPECT_CUDA(cudaStreamGetId(other, &id));
  EXPECT_CUDA(cudaStreamGetDevice(other, &number));
  EXPECT_CUDA(cudaMemsetAsync(static_cast<char*>(device) + bytes / 2, 1, 1, nullptr));
  EXPECT_CUDA(cudaMemsetAsync(device, 9, 1, other));
  EXPECT_CUDA(cudaMemcpyAsync(pinned, device, 1, cudaMemcpyDeviceToHost, other));
  end();
  EXPECT_CUDA(cudaStreamSynchronize(other));
  EXPECT_EQ(pinned[0], 9);
}

TEST_F(Captures, AreOfThePerThreadStreamTooButNotOfTheLegacyStream) {
  for (const cudaStream_t legacy : {cudaStream_t{nullptr}, cudaStreamLegacy}) {
    EXPECT_EQ(cudaStreamBeginCapture(legacy, cudaStreamCaptureModeRelaxed),
              cudaErrorStreamCaptureUnsupported);
  }
  cudaGraph_t graph = nullptr;
  EXPECT_CUDA(cudaStreamBeginCapture(cudaStreamPerThread, cudaStreamCaptureModeGlobal));
  EXPECT_CUDA(cudaMemsetAsync(device, 1, bytes, cudaStreamPerThread));
  EXPECT_CUDA(cudaStreamEndCapture(cudaStreamPerThread, &graph));
  EXPECT_EQ(nodes(graph).size(), 1);
  EXPECT_CUDA(cudaGraphDestroy(graph));
}

// --- what they forbid --------------------------------------------------------------------------------------

TEST_F(Captures, BecomeInvalidByCallsThatWaitForThemOrThatTheyWouldNotSee) {
  void* pointer = nullptr;
  void* allocated = nullptr;
  void* host = nullptr;
  int number = -1;
  unsigned long long id = 0;
  std::uint64_t used = 0;
  cudaMemPool_t pool = nullptr;
  cudaMemPool_t created = nullptr;
  cudaMemPoolProps props{};
  props.allocType = cudaMemAllocationTypePinned;
  props.location.type = cudaMemLocationTypeDevice;
  ASSERT_CUDA(cudaDeviceGetDefaultMemPool(&pool, 0));
  ASSERT_CUDA(cudaMalloc(&allocated, bytes));
  begin();
  set(8);
  const cudaGraphExec_t exec = instantiate(end());

  constexpr auto refused = cudaErrorStreamCaptureUnsupported;
  const struct {
    const char* what;
    std::function<cudaError_t()> call;
    std::optional<cudaError_t> if_relaxed;  // nothing where that is left open
  } rows[] = {
      {"cudaStreamSynchronize", [&] { return cudaStreamSynchronize(stream); }, std::nullopt},
      {"cudaStreamQuery", [&] { return cudaStreamQuery(stream); }, std::nullopt},
      {"cudaDeviceSynchronize", [&] { return cudaDeviceSynchronize(); }, std::nullopt},
      {"cudaStreamGetDevice", [&] { return cudaStreamGetDevice(stream, &number); }, refused},
      {"cudaStreamGetId", [&] { return cudaStreamGetId(stream, &id); }, refused},
      {"cudaGraphLaunch", [&] { return cudaGraphLaunch(exec, stream); }, refused},
      {"cudaMalloc", [&] { return cudaMalloc(&pointer, bytes); }, cudaSuccess},
      {"cudaFree", [&] { return cudaFree(allocated); }, std::nullopt},
      {"cudaFree of null", [] { return cudaFree(nullptr); }, cudaSuccess},
      {"cudaMallocHost", [&] { return cudaMallocHost(&host, bytes); }, std::nullopt},
      {"cudaMemPoolGetAttribute",
       [&] { return cudaMemPoolGetAttribute(pool, cudaMemPoolAttrUsedMemCurrent, &used); }, cudaSuccess},
      {"cudaMemPoolTrimTo", [&] { return cudaMemPoolTrimTo(pool, 0); }, cudaSuccess},
      {"cudaMemPoolCreate", [&] { return cudaMemPoolCreate(&created, &props); }, std::nullopt},
  };
  for (const auto& [what, call, if_relaxed] : rows) {
    SCOPED_TRACE(what);
    for (const auto mode : {cudaStreamCaptureModeGlobal, cudaStreamCaptureModeThreadLocal}) {
      begin(mode);
      EXPECT_EQ(call(), refused);
      EXPECT_EQ(cudaMemsetAsync(device, 1, bytes, stream), cudaErrorStreamCaptureInvalidated);
      end_invalid();
    }
    if (!if_relaxed) continue;
    begin(cudaStreamCaptureModeRelaxed);
    EXPECT_EQ(call(), *if_relaxed);
    *if_relaxed == cudaSuccess ? static_cast<void>(end()) : end_invalid();
  }
  EXPECT_CUDA(cudaFree(pointer));
  EXPECT_CUDA(cudaFree(allocated));
  set(2);
  EXPECT_EQ(value(), 2) << "the stream works on";
}

TEST_F(Captures, ForbidCallsOfOtherThreadsIfBothAreGlobal) {
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

TEST_F(Captures, AllowWhatTheModeOfTheThreadAllows) {
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
  const auto set_on_legacy = [&] { return cudaMemsetAsync(device, 1, bytes, nullptr); };
  const std::function<cudaError_t()> calls[] = {
      set_on_legacy, [&] { return cudaMemcpy(pinned, device, bytes, cudaMemcpyDeviceToHost); }};
  for (const auto& call : calls) {
    cudaGraph_t graph = nullptr;
    auto of_legacy = cudaStreamCaptureStatusNone;
    ASSERT_CUDA(cudaStreamBeginCapture(blocking, cudaStreamCaptureModeRelaxed));
    EXPECT_EQ(cudaStreamIsCapturing(cudaStreamLegacy, &of_legacy), cudaErrorStreamCaptureImplicit);
    EXPECT_EQ(status(blocking), cudaStreamCaptureStatusActive);
    EXPECT_EQ(call(), cudaErrorStreamCaptureImplicit);
    EXPECT_EQ(cudaStreamEndCapture(blocking, &graph), cudaErrorStreamCaptureInvalidated);
  }
  EXPECT_CUDA(set_on_legacy());
  EXPECT_CUDA(cudaStreamDestroy(blocking));
}

// --- how they fork, join and end ---------------------------------------------------------------------------

TEST_F(Captures, ForkAndJoinThroughEvents) {
  void* buffer = nullptr;
  ASSERT_CUDA(cudaMalloc(&buffer, 2 * bytes));
  begin();
  set(10);
  order(stream, other);
  EXPECT_EQ(status(other), cudaStreamCaptureStatusActive);
  EXPECT_CUDA(cudaMemcpyAsync(buffer, device, bytes, cudaMemcpyDeviceToDevice, other));
  set(static_cast<char*>(buffer) + bytes, 12);
  order(other, stream);
  EXPECT_EQ(CaptureInfo(stream).last_count, 2) << "both branches";
  set(11);
  const cudaGraph_t graph = end();
  EXPECT_EQ(status(other), cudaStreamCaptureStatusNone);
  EXPECT_EQ(nodes(graph).size(), 4);
  launch(instantiate(graph));
  EXPECT_EQ(value(buffer), 10);
  EXPECT_EQ(value(), 11);
  EXPECT_CUDA(cudaFree(buffer));
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

TEST_F(Captures, WaitNeitherForWhatIsOutsideNorForAnotherCapture) {
  const cudaEvent_t event = make_event();
  EXPECT_CUDA(cudaEventRecord(event, other));
  begin();
  EXPECT_EQ(cudaStreamWaitEvent(stream, event, 0), cudaErrorStreamCaptureIsolation);
  end_invalid();

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
  for (const auto wait : {cudaEventQuery, cudaEventSynchronize}) {
    begin();
    EXPECT_CUDA(cudaEventRecord(event, stream));
    EXPECT_EQ(wait(event), cudaErrorCapturedEvent);
    end_invalid();
    EXPECT_CUDA(cudaEventRecord(event, stream));
    EXPECT_CUDA(cudaEventSynchronize(event));
  }
}

TEST_F(Captures, EndOnceAndOnTheStreamWhereTheyBegan) {
  cudaGraph_t graph = nullptr;
  EXPECT_NE(cudaStreamEndCapture(stream, &graph), cudaSuccess);
  begin();
  set(1);
  order(stream, other);
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
