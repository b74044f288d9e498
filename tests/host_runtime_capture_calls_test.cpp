// The calls of stream capture and graphs in the host runtime: log, faults, threads, reset.

#include <array>
#include <atomic>
#include <functional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "host_capture_fixture.hpp"

namespace {

using namespace daa::test;

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
