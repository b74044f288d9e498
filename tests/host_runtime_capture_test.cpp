// What the host runtime adds to stream capture: tasks, a log, faults; and what it chooses where the documents
// of the real one leave it open.

#include <cuda_runtime_api.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "daa/host_runtime.hpp"
#include "host_capture_fixture.hpp"

namespace {

using namespace daa::test;

// --- launches stand for kernels ----------------------------------------------------------------------------

using CapturedTasks = HostCaptureFixture;

TEST_F(CapturedTasks, RunAtEachLaunchBehindTheHostInOrder) {
  std::vector<int> order;
  begin();
  EXPECT_CUDA(host::launch(stream, {}, [&] { order.push_back(1); }));
  EXPECT_CUDA(host::launch(stream, {}, [&] { order.push_back(2); }));
  const cudaGraph_t graph = end();
  const cudaGraphExec_t exec = instantiate(graph);
  std::vector<cudaGraphNode_t> nodes(2);
  std::size_t count = 2;
  EXPECT_CUDA(cudaGraphGetNodes(graph, nodes.data(), &count));
  for (const cudaGraphNode_t node : nodes) {
    auto type = cudaGraphNodeTypeCount;
    EXPECT_CUDA(cudaGraphNodeGetType(node, &type));
    EXPECT_EQ(type, cudaGraphNodeTypeKernel);
  }

  Gate gate(stream);
  launch(exec);
  EXPECT_CUDA(host::launch(stream, {}, [&] { order.push_back(3); }));
  launch(exec);
  EXPECT_TRUE(order.empty());
  gate.open();
  synchronize();
  EXPECT_EQ(order, (std::vector{1, 2, 3, 1, 2}));
}

TEST_F(CapturedTasks, AreReleasedWithTheLastGraphThatHoldsThem) {
  const auto held = std::make_shared<int>();
  begin();
  EXPECT_CUDA(host::launch(stream, {}, [held] {}));
  const cudaGraph_t graph = end();
  const cudaGraphExec_t exec = instantiate(graph);
  launch(exec);
  synchronize();
  EXPECT_CUDA(cudaGraphDestroy(graph));
  EXPECT_GT(held.use_count(), 1);
  EXPECT_CUDA(cudaGraphExecDestroy(exec));
  EXPECT_EQ(held.use_count(), 1);
}

TEST_F(CapturedTasks, AreReleasedWithACaptureThatFails) {
  const auto held = std::make_shared<int>();
  begin();
  EXPECT_CUDA(host::launch(stream, {}, [held] {}));
  EXPECT_EQ(cudaStreamSynchronize(stream), cudaErrorStreamCaptureUnsupported);
  end_invalid();
  EXPECT_EQ(held.use_count(), 1);
}

TEST_F(CapturedTasks, OfADestroyedGraphStillRunIfTheyWereLaunched) {
  int runs = 0;
  begin();
  EXPECT_CUDA(host::launch(stream, {}, [&] { ++runs; }));
  const cudaGraph_t graph = end();
  const cudaGraphExec_t exec = instantiate(graph);
  {
    const Gate gate(stream);
    launch(exec);
    EXPECT_CUDA(cudaGraphDestroy(graph));
    EXPECT_CUDA(cudaGraphExecDestroy(exec));
  }
  synchronize();
  EXPECT_EQ(runs, 1);
  EXPECT_EQ(cudaGraphLaunch(exec, stream), cudaErrorInvalidValue);
  EXPECT_EQ(cudaGraphExecDestroy(exec), cudaErrorInvalidValue);
  EXPECT_EQ(cudaGraphDestroy(graph), cudaErrorInvalidValue);
}

TEST_F(CapturedTasks, OfOneExecutableGraphRunOneLaunchAtATimeOnWhicheverStream) {
  int runs = 0;
  begin();
  EXPECT_CUDA(host::launch(stream, {}, [&] { ++runs; }));
  const cudaGraphExec_t exec = instantiate(end());
  Gate gate(stream);
  launch(exec);
  EXPECT_CUDA(cudaGraphLaunch(exec, other));
  EXPECT_EQ(cudaStreamQuery(other), cudaErrorNotReady);
  gate.open();
  EXPECT_CUDA(cudaStreamSynchronize(other));
  EXPECT_EQ(runs, 2);
}

TEST_F(CapturedTasks, ThatThrowAreReportedAndTheOthersRun) {
  int runs = 0;
  begin();
  EXPECT_CUDA(host::launch(stream, {}, [] { throw std::runtime_error("no"); }));
  EXPECT_CUDA(host::launch(stream, {}, [&] { ++runs; }));
  launch(instantiate(end()));
  synchronize();
  EXPECT_EQ(runs, 1);
  EXPECT_TRUE(violates({"threw an exception: no"}));
}

TEST_F(CapturedTasks, OfBranchesRunBehindWhatTheyDependOn) {
  std::vector<int> order;
  cudaEvent_t fork = nullptr;
  cudaEvent_t join = nullptr;
  ASSERT_CUDA(cudaEventCreate(&fork));
  ASSERT_CUDA(cudaEventCreate(&join));
  begin();
  EXPECT_CUDA(host::launch(stream, {}, [&] { order.push_back(1); }));
  EXPECT_CUDA(cudaEventRecord(fork, stream));
  EXPECT_CUDA(cudaStreamWaitEvent(other, fork, 0));
  EXPECT_CUDA(host::launch(other, {}, [&] { order.push_back(2); }));
  EXPECT_CUDA(cudaEventRecord(join, other));
  EXPECT_CUDA(cudaStreamWaitEvent(stream, join, 0));
  EXPECT_CUDA(host::launch(stream, {}, [&] { order.push_back(3); }));
  launch(instantiate(end()));
  synchronize();
  EXPECT_EQ(order, (std::vector{1, 2, 3}));
}

TEST_F(CapturedTasks, SeeAPageableSourceAsItIsWhenTheGraphRuns) {
  unsigned char* const pointer = allocate(KiB);
  std::vector<unsigned char> source(KiB, 1);
  std::vector<unsigned char> target(KiB);
  begin();
  EXPECT_CUDA(cudaMemcpyAsync(pointer, source.data(), KiB, cudaMemcpyHostToDevice, stream));
  EXPECT_CUDA(cudaMemcpyAsync(target.data(), pointer, KiB, cudaMemcpyDeviceToHost, stream));
  const cudaGraphExec_t exec = instantiate(end());
  std::fill(source.begin(), source.end(), 2);
  launch(exec);
  synchronize();
  EXPECT_EQ(target, source);
  free(pointer);
}

// --- rules that the documents leave open -------------------------------------------------------------------

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

// --- log, faults, reset ------------------------------------------------------------------------------------

using CaptureCalls = HostCaptureFixture;

TEST_F(CaptureCalls, AreLogged) {
  begin();
  unsigned char* const pointer = allocate(KiB);
  free(pointer);
  const cudaGraph_t graph = end();
  launch(instantiate(graph));
  std::vector<std::string> names;
  for (const host::Call& call : host::calls()) names.emplace_back(call.function);
  EXPECT_EQ(names,
            (std::vector<std::string>{"cudaStreamBeginCapture", "cudaMallocAsync", "cudaFreeAsync",
                                      "cudaStreamEndCapture", "cudaGraphInstantiate", "cudaGraphLaunch"}));
  EXPECT_EQ(host::calls()[1].bytes, KiB);
  EXPECT_EQ(host::calls()[1].pointer, pointer);
  EXPECT_EQ(host::calls()[5].stream, stream);
  synchronize();
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
  cudaMemAllocNodeParams params{};
  void* pointer = nullptr;
  unsigned long long flags = 0;
  std::uint64_t value = 0;
  const std::vector<std::pair<const char*, std::function<cudaError_t()>>> calls = {
      {"cudaStreamBeginCapture", [&] { return cudaStreamBeginCapture(other, mode); }},
      {"cudaStreamEndCapture", [&] { return cudaStreamEndCapture(other, &graph); }},
      {"cudaStreamIsCapturing", [&] { return cudaStreamIsCapturing(other, &status); }},
      {"cudaStreamGetCaptureInfo",
       [&] {
#if CUDART_VERSION >= 13000
         return cudaStreamGetCaptureInfo(other, &status, nullptr, nullptr, nullptr, nullptr, nullptr);
#else
         return cudaStreamGetCaptureInfo(other, &status, nullptr, nullptr, nullptr, nullptr);
#endif
       }},
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
      {"cudaDeviceGetGraphMemAttribute",
       [&] { return cudaDeviceGetGraphMemAttribute(0, cudaGraphMemAttrUsedMemHigh, &value); }},
      {"cudaDeviceSetGraphMemAttribute",
       [&] { return cudaDeviceSetGraphMemAttribute(0, cudaGraphMemAttrUsedMemHigh, &value); }},
      {"cudaDeviceGraphMemTrim", [&] { return cudaDeviceGraphMemTrim(0); }},
  };
  for (const auto& [name, call] : calls) {
    host::fail_call(1, cudaErrorUnknown, name);
    EXPECT_EQ(call(), cudaErrorUnknown) << name;
    EXPECT_FALSE(host::clear_fault()) << name;
    EXPECT_EQ(host::calls().back().function, name);
  }
  EXPECT_EQ(host::mapped_bytes(), 0);
  EXPECT_EQ(params.dptr, nullptr);
  EXPECT_CUDA(cudaStreamIsCapturing(other, &status));
  EXPECT_EQ(status, cudaStreamCaptureStatusNone);
  launch(exec);
  EXPECT_CUDA(cudaGraphExecDestroy(exec));
  EXPECT_CUDA(cudaGraphDestroy(graph));
  synchronize();
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
      cudaStream_t mine = nullptr;
      EXPECT_CUDA(cudaStreamCreateWithFlags(&mine, cudaStreamNonBlocking));
      for (int i = 0; i < 20; ++i) {
        cudaGraph_t graph = nullptr;
        cudaGraphExec_t exec = nullptr;
        void* pointer = nullptr;
        EXPECT_CUDA(cudaStreamBeginCapture(mine, cudaStreamCaptureModeThreadLocal));
        EXPECT_CUDA(cudaMallocAsync(&pointer, 16 * KiB, mine));
        EXPECT_CUDA(cudaMemsetAsync(pointer, t + 1, 16 * KiB, mine));
        EXPECT_CUDA(host::launch(mine, {{pointer, 16 * KiB}}, [&wrong, pointer, t] {
          if (*static_cast<unsigned char*>(pointer) != t + 1) ++wrong;
        }));
        EXPECT_CUDA(cudaFreeAsync(pointer, mine));
        EXPECT_CUDA(cudaStreamEndCapture(mine, &graph));
        EXPECT_CUDA(cudaGraphInstantiate(&exec, graph, 0));
        for (int launches = 0; launches < 3; ++launches) EXPECT_CUDA(cudaGraphLaunch(exec, mine));
        EXPECT_CUDA(cudaGraphDestroy(graph));
        EXPECT_CUDA(cudaGraphExecDestroy(exec));
        if (i % 5 == 0) {
          EXPECT_CUDA(cudaStreamSynchronize(mine));
        }
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
  set(allocate(KiB), 1, KiB);
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
  EXPECT_CUDA(cudaMalloc(&pointer, KiB));
  EXPECT_CUDA(cudaFree(pointer));
}

}  // namespace
