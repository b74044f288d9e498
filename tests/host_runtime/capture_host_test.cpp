// Captures and graphs of the host runtime: its calls, what it chooses where the documents of the real one
// leave it open, and captured launches, which stand for kernels.

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "host_capture_fixture.hpp"

namespace {

using namespace daa::test;

cudaError_t capture_info(cudaStream_t stream, cudaStreamCaptureStatus* status, cudaGraph_t* graph) {
#if CUDART_VERSION >= 13000
  return cudaStreamGetCaptureInfo(stream, status, nullptr, graph, nullptr, nullptr, nullptr);
#else
  return cudaStreamGetCaptureInfo(stream, status, nullptr, graph, nullptr, nullptr);
#endif
}

// --- calls -------------------------------------------------------------------------------------------------

using CaptureCalls = HostCaptureFixture;

TEST_F(CaptureCalls, AreLogged) {
  unsigned char* pointer = nullptr;
  launch(capture([&] {
    pointer = allocate(KiB);
    free(pointer);
  }));
  std::vector<std::string> names;
  for (const host::Call& call : host::calls()) names.emplace_back(call.function);
  EXPECT_EQ(names,
            (std::vector<std::string>{"cudaStreamBeginCapture", "cudaMallocAsync", "cudaFreeAsync",
                                      "cudaStreamEndCapture", "cudaGraphInstantiate", "cudaGraphLaunch"}));
  EXPECT_EQ(host::calls()[1].bytes, KiB);
  EXPECT_EQ(host::calls()[1].pointer, pointer);
  EXPECT_EQ(host::calls()[5].stream, stream);
}

TEST_F(CaptureCalls, AreAllStruckByFaultsAndThenDoNothing) {
  begin();
  free(allocate(KiB));
  cudaGraph_t graph = end();
  cudaGraphExec_t exec = instantiate(graph);
  std::array<cudaGraphNode_t, 2> nodes{};
  std::size_t count = 2;
  EXPECT_CUDA(cudaGraphGetNodes(graph, nodes.data(), &count));
  auto status = cudaStreamCaptureStatusNone;
  auto mode = cudaStreamCaptureModeRelaxed;
  auto type = cudaGraphNodeTypeCount;
  constexpr auto high = cudaGraphMemAttrUsedMemHigh;
  cudaMemAllocNodeParams params{};
  void* pointer = nullptr;
  unsigned long long flags = 0;
  std::uint64_t value = 0;
  const struct {
    const char* name;
    std::function<cudaError_t()> call;
  } rows[] = {
      {"cudaStreamBeginCapture", [&] { return cudaStreamBeginCapture(other, mode); }},
      {"cudaStreamEndCapture", [&] { return cudaStreamEndCapture(other, &graph); }},
      {"cudaStreamIsCapturing", [&] { return cudaStreamIsCapturing(other, &status); }},
      {"cudaStreamGetCaptureInfo", [&] { return capture_info(other, &status, nullptr); }},
      {"cudaThreadExchangeStreamCaptureMode", [&] { return cudaThreadExchangeStreamCaptureMode(&mode); }},
      {"cudaGraphCreate", [&] { return cudaGraphCreate(&graph, 0); }},
      {"cudaGraphDestroy", [&] { return cudaGraphDestroy(graph); }},
      {"cudaGraphGetNodes", [&] { return cudaGraphGetNodes(graph, nodes.data(), &count); }},
      {"cudaGraphNodeGetType", [&] { return cudaGraphNodeGetType(nodes[0], &type); }},
      {"cudaGraphMemAllocNodeGetParams", [&] { return cudaGraphMemAllocNodeGetParams(nodes[0], &params); }},
      {"cudaGraphMemFreeNodeGetParams", [&] { return cudaGraphMemFreeNodeGetParams(nodes[1], &pointer); }},
      {"cudaGraphInstantiate", [&] { return cudaGraphInstantiate(&exec, graph, 0); }},
      {"cudaGraphInstantiateWithFlags", [&] { return cudaGraphInstantiateWithFlags(&exec, graph, 0); }},
      {"cudaGraphExecGetFlags", [&] { return cudaGraphExecGetFlags(exec, &flags); }},
      {"cudaGraphUpload", [&] { return cudaGraphUpload(exec, stream); }},
      {"cudaGraphLaunch", [&] { return cudaGraphLaunch(exec, stream); }},
      {"cudaGraphExecDestroy", [&] { return cudaGraphExecDestroy(exec); }},
      {"cudaDeviceGetGraphMemAttribute", [&] { return cudaDeviceGetGraphMemAttribute(0, high, &value); }},
      {"cudaDeviceSetGraphMemAttribute", [&] { return cudaDeviceSetGraphMemAttribute(0, high, &value); }},
      {"cudaDeviceGraphMemTrim", [&] { return cudaDeviceGraphMemTrim(0); }},
  };
  for (const auto& [name, call] : rows) {
    host::fail_call(1, cudaErrorUnknown, name);
    EXPECT_EQ(call(), cudaErrorUnknown) << name;
    EXPECT_FALSE(host::clear_fault()) << name;
    EXPECT_EQ(host::calls().back().function, name);
  }
  EXPECT_EQ(host::mapped_bytes(), 0);
  EXPECT_EQ(params.dptr, nullptr);
  EXPECT_CUDA(cudaStreamIsCapturing(other, &status));
  EXPECT_EQ(status, cudaStreamCaptureStatusNone);
  run(exec);
  destroy(graph, exec);
}

TEST_F(CaptureCalls, RefuseWhatIsNull) {
  std::size_t count = 0;
  cudaGraphExec_t exec = nullptr;
  auto mode = static_cast<cudaStreamCaptureMode>(3);
  EXPECT_EQ(cudaStreamBeginCapture(stream, mode), cudaErrorInvalidValue);
  EXPECT_EQ(cudaThreadExchangeStreamCaptureMode(&mode), cudaErrorInvalidValue);
  EXPECT_EQ(cudaStreamEndCapture(stream, nullptr), cudaErrorInvalidValue);
  EXPECT_EQ(cudaStreamIsCapturing(stream, nullptr), cudaErrorInvalidValue);
  EXPECT_EQ(cudaGraphGetNodes(nullptr, nullptr, &count), cudaErrorInvalidValue);
  EXPECT_EQ(cudaGraphNodeGetType(nullptr, nullptr), cudaErrorInvalidValue);
  EXPECT_EQ(cudaGraphInstantiate(&exec, nullptr, 0), cudaErrorInvalidValue);
  EXPECT_EQ(cudaGraphInstantiate(nullptr, nullptr, 0), cudaErrorInvalidValue);
  EXPECT_EQ(cudaGraphLaunch(nullptr, stream), cudaErrorInvalidValue);
  EXPECT_EQ(cudaGraphExecDestroy(nullptr), cudaErrorInvalidValue);
  EXPECT_EQ(cudaGraphDestroy(nullptr), cudaErrorInvalidValue);
  EXPECT_EQ(cudaDeviceGraphMemTrim(1), cudaErrorInvalidDevice);
}

TEST_F(CaptureCalls, AreAllowedFromManyThreadsAtOnce) {
  std::vector<std::thread> threads;
  std::atomic<int> wrong{0};
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&wrong, t] {
      const cudaStream_t mine = make_stream();
      for (int i = 0; i < 20; ++i) {
        cudaGraph_t graph = nullptr;
        EXPECT_CUDA(cudaStreamBeginCapture(mine, cudaStreamCaptureModeThreadLocal));
        unsigned char* const pointer = allocate(16 * KiB, mine);
        EXPECT_CUDA(cudaMemsetAsync(pointer, t + 1, 16 * KiB, mine));
        EXPECT_CUDA(host::launch(mine, {{pointer, 16 * KiB}}, [&wrong, pointer, t] {
          if (*pointer != t + 1) ++wrong;
        }));
        EXPECT_CUDA(cudaFreeAsync(pointer, mine));
        EXPECT_CUDA(cudaStreamEndCapture(mine, &graph));
        const cudaGraphExec_t exec = instantiate(graph);
        for (int launches = 0; launches < 3; ++launches) EXPECT_CUDA(cudaGraphLaunch(exec, mine));
        destroy(graph, exec);
        EXPECT_CUDA(i % 5 == 0 ? cudaStreamSynchronize(mine) : cudaSuccess);
      }
      EXPECT_CUDA(cudaStreamSynchronize(mine));
      EXPECT_CUDA(cudaStreamDestroy(mine));
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(wrong, 0);
  EXPECT_CUDA(cudaDeviceGraphMemTrim(0));
  EXPECT_EQ(host::mapped_bytes(), 0);
}

TEST_F(CaptureCalls, AreForgottenByReset) {
  begin();
  set(allocate(KiB), 1);
  const cudaGraph_t graph = end();
  const cudaGraphExec_t exec = instantiate(graph);
  launch(exec);
  begin();
  static_cast<void>(allocate(KiB));
  host::reset();
  EXPECT_EQ(host::mapped_bytes(), 0);
  EXPECT_EQ(host::live_allocations(), 0);
  EXPECT_EQ(cudaGraphExecDestroy(exec), cudaErrorInvalidValue);
  EXPECT_EQ(cudaGraphDestroy(graph), cudaErrorInvalidValue);
  void* pointer = nullptr;
  EXPECT_CUDA(cudaMalloc(&pointer, KiB)) << "no capture forbids it";
  EXPECT_CUDA(cudaFree(pointer));
}

// --- rules -------------------------------------------------------------------------------------------------

using CaptureRules = HostCaptureFixture;

TEST_F(CaptureRules, SynchronousCopiesAndEventQueriesAreCallsThatACaptureWouldNotSee) {
  unsigned char* const pointer = allocate(KiB);
  synchronize();
  unsigned char here = 0;
  const cudaEvent_t event = make_event();
  EXPECT_CUDA(cudaEventRecord(event, other));
  const std::function<cudaError_t()> calls[] = {
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
  end();
  EXPECT_CUDA(cudaDeviceSynchronize());  // a cudaMemset of device memory waits for nothing
  free(pointer);
}

TEST_F(CaptureRules, OtherStreamsAndEventsNeverRecordedMayBeWaitedForAndBranchesWithoutWorkNeedNoJoin) {
  begin();
  EXPECT_CUDA(cudaStreamSynchronize(other));
  EXPECT_CUDA(cudaStreamQuery(other));
  EXPECT_CUDA(cudaStreamWaitEvent(stream, make_event(), 0));
  order(stream, other);
  end();
}

TEST_F(CaptureRules, WhatIsNotSupportedSaysSo) {
  const cudaEvent_t event = make_event();
  EXPECT_CUDA(cudaEventRecord(event, other));
  begin();
  EXPECT_EQ(cudaStreamWaitEvent(stream, event, cudaEventWaitExternal), cudaErrorNotSupported);
  end_invalid();
  begin();
  free(allocate(KiB));
  cudaGraphExec_t none = nullptr;
  EXPECT_EQ(cudaGraphInstantiate(&none, end(), cudaGraphInstantiateFlagDeviceLaunch), cudaErrorNotSupported);
}

TEST_F(CaptureRules, AStreamThatCapturesIsNotDestroyedNorItsGraph) {
  begin();
  auto status = cudaStreamCaptureStatusNone;
  cudaGraph_t graph = nullptr;
  EXPECT_CUDA(capture_info(stream, &status, &graph));
  EXPECT_EQ(cudaGraphDestroy(graph), cudaErrorInvalidValue);
  EXPECT_EQ(cudaStreamDestroy(stream), cudaErrorStreamCaptureUnsupported);
  end_invalid();
  EXPECT_EQ(cudaGraphDestroy(graph), cudaErrorInvalidValue);
  EXPECT_CUDA(cudaStreamDestroy(stream));
}

TEST_F(CaptureRules, AnEventOfACaptureThatIsOverOrInvalidIsNotWaitedFor) {
  const cudaEvent_t event = make_event();
  begin();
  EXPECT_CUDA(cudaEventRecord(event, stream));
  EXPECT_EQ(cudaStreamQuery(stream), cudaErrorStreamCaptureUnsupported);
  EXPECT_EQ(cudaStreamWaitEvent(other, event, 0), cudaErrorInvalidValue);
  end_invalid();
  EXPECT_EQ(cudaStreamWaitEvent(other, event, 0), cudaErrorInvalidValue);
  EXPECT_CUDA(cudaEventRecord(event, other));
  EXPECT_CUDA(cudaStreamWaitEvent(stream, event, 0));
}

TEST_F(CaptureRules, ARefusedCallLeavesTheCaptureValid) {
  int here = 0;
  begin();
  EXPECT_EQ(cudaMemsetAsync(&here, 1, sizeof here, stream), cudaErrorInvalidValue);
  EXPECT_TRUE(violates({"cudaMemsetAsync outside live memory"}));
  end();
}

// --- captured launches -------------------------------------------------------------------------------------

class CapturedTasks : public HostCaptureFixture {
 protected:
  void note(int number) { note(number, stream); }
  void note(int number, cudaStream_t on) {
    EXPECT_CUDA(host::launch(on, {}, [this, number] { noted.push_back(number); }));
  }

  std::vector<int> noted;
};

TEST_F(CapturedTasks, RunAtEachLaunchBehindTheHostInOrderOnWhicheverStream) {
  begin();
  note(1);
  note(2);
  const cudaGraph_t graph = end();
  const cudaGraphExec_t exec = instantiate(graph);
  std::array<cudaGraphNode_t, 2> nodes{};
  std::size_t count = nodes.size();
  EXPECT_CUDA(cudaGraphGetNodes(graph, nodes.data(), &count));
  for (const cudaGraphNode_t node : nodes) {
    auto type = cudaGraphNodeTypeCount;
    EXPECT_CUDA(cudaGraphNodeGetType(node, &type));
    EXPECT_EQ(type, cudaGraphNodeTypeKernel);
  }

  Gate gate(stream);
  launch(exec);
  note(3);
  launch(exec);
  EXPECT_CUDA(cudaGraphLaunch(exec, other));
  std::this_thread::sleep_for(std::chrono::milliseconds{20});
  EXPECT_EQ(cudaStreamQuery(other), cudaErrorNotReady) << "one launch at a time";
  EXPECT_TRUE(noted.empty());
  gate.open();
  EXPECT_CUDA(cudaDeviceSynchronize());
  EXPECT_EQ(noted, (std::vector{1, 2, 3, 1, 2, 1, 2}));
}

TEST_F(CapturedTasks, OfBranchesRunBehindWhatTheyDependOn) {
  run(capture([&] {
    note(1);
    order(stream, other);
    note(2, other);
    order(other, stream);
    note(3);
  }));
  EXPECT_EQ(noted, (std::vector{1, 2, 3}));
}

TEST_F(CapturedTasks, AreReleasedWithTheLastGraphThatHoldsThemOrACaptureThatFails) {
  const auto held = std::make_shared<int>();
  const auto hold = [&] { EXPECT_CUDA(host::launch(stream, {}, [held] {})); };
  begin();
  hold();
  const cudaGraph_t graph = end();
  const cudaGraphExec_t exec = instantiate(graph);
  run(exec);
  EXPECT_CUDA(cudaGraphDestroy(graph));
  EXPECT_GT(held.use_count(), 1);
  EXPECT_CUDA(cudaGraphExecDestroy(exec));
  EXPECT_EQ(held.use_count(), 1);
  begin();
  hold();
  EXPECT_EQ(cudaStreamSynchronize(stream), cudaErrorStreamCaptureUnsupported);
  end_invalid();
  EXPECT_EQ(held.use_count(), 1);
}

TEST_F(CapturedTasks, OfADestroyedGraphStillRunIfTheyWereLaunched) {
  begin();
  note(1);
  const cudaGraph_t graph = end();
  const cudaGraphExec_t exec = instantiate(graph);
  {
    const Gate gate(stream);
    launch(exec);
    destroy(graph, exec);
  }
  synchronize();
  EXPECT_EQ(noted, std::vector{1});
  EXPECT_EQ(cudaGraphLaunch(exec, stream), cudaErrorInvalidValue);
  EXPECT_EQ(cudaGraphExecDestroy(exec), cudaErrorInvalidValue);
  EXPECT_EQ(cudaGraphDestroy(graph), cudaErrorInvalidValue);
}

TEST_F(CapturedTasks, ThatThrowAreReportedAndTheOthersRun) {
  run(capture([&] {
    EXPECT_CUDA(host::launch(stream, {}, [] { throw std::runtime_error("no"); }));
    note(1);
  }));
  EXPECT_EQ(noted, std::vector{1});
  EXPECT_TRUE(violates({"threw an exception: no"}));
}

TEST_F(CapturedTasks, SeeAPageableSourceAsItIsWhenTheGraphRuns) {
  unsigned char* const pointer = allocate(KiB);
  std::vector<unsigned char> source(KiB, 1);
  std::vector<unsigned char> target(KiB);
  const cudaGraphExec_t exec = capture([&] {
    EXPECT_CUDA(cudaMemcpyAsync(pointer, source.data(), KiB, cudaMemcpyHostToDevice, stream));
    EXPECT_CUDA(cudaMemcpyAsync(target.data(), pointer, KiB, cudaMemcpyDeviceToHost, stream));
  });
  std::fill(source.begin(), source.end(), 2);
  run(exec);
  EXPECT_EQ(target, source);
  free(pointer);
}

}  // namespace
