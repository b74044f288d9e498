// What the host runtime adds to stream capture and graphs: misuse that shows, a log, faults, limits; and what
// it chooses where the documents of the real one leave it open.

#include "daa/host_runtime.hpp"

#include <cuda_runtime_api.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstring>
#include <functional>
#include <future>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace {

namespace host = daa::host_runtime;
using ::testing::AssertionFailure;
using ::testing::AssertionResult;
using ::testing::AssertionSuccess;

constexpr std::size_t KiB = 1024;
constexpr std::size_t MiB = 1024 * KiB;
constexpr std::size_t granule = 2 * MiB;

#define ASSERT_CUDA(call) ASSERT_EQ((call), cudaSuccess)
#define EXPECT_CUDA(call) EXPECT_EQ((call), cudaSuccess)

/// Holds a stream up from its construction to open().
class Gate {
 public:
  explicit Gate(cudaStream_t stream) {
    EXPECT_CUDA(host::launch(stream, {}, [opened = opened_.get_future().share()] { opened.wait(); }));
  }
  Gate(const Gate&) = delete;
  Gate& operator=(const Gate&) = delete;
  ~Gate() { open(); }
  void open() {
    if (!std::exchange(is_open_, true)) opened_.set_value();
  }

 private:
  std::promise<void> opened_;
  bool is_open_ = false;
};

/// A host runtime as at program start and two streams. At the end there must be no violation that the test
/// has not asked for.
class HostRuntimeCapture : public ::testing::Test {
 protected:
  HostRuntimeCapture() {
    host::reset();
    EXPECT_CUDA(cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking));
    EXPECT_CUDA(cudaStreamCreateWithFlags(&other, cudaStreamNonBlocking));
    host::clear_calls();
  }
  ~HostRuntimeCapture() override {
    host::clear_fault();
    EXPECT_TRUE(host::violations().empty()) << host::violations().front();
    host::reset();
  }

  void begin(cudaStreamCaptureMode mode = cudaStreamCaptureModeGlobal) const {
    EXPECT_CUDA(cudaStreamBeginCapture(stream, mode));
  }
  [[nodiscard]] cudaGraph_t end() const {
    cudaGraph_t graph = nullptr;
    EXPECT_CUDA(cudaStreamEndCapture(stream, &graph));
    return graph;
  }
  void end_invalid() const {
    cudaGraph_t graph = nullptr;
    EXPECT_EQ(cudaStreamEndCapture(stream, &graph), cudaErrorStreamCaptureInvalidated);
    EXPECT_EQ(graph, nullptr);
  }
  static cudaGraphExec_t instantiate(cudaGraph_t graph, unsigned long long flags = 0) {
    cudaGraphExec_t exec = nullptr;
    EXPECT_CUDA(cudaGraphInstantiate(&exec, graph, flags));
    return exec;
  }
  void launch(cudaGraphExec_t exec) const { EXPECT_CUDA(cudaGraphLaunch(exec, stream)); }

  [[nodiscard]] unsigned char* allocate(std::size_t bytes) const {
    void* pointer = nullptr;
    EXPECT_CUDA(cudaMallocAsync(&pointer, bytes, stream));
    return static_cast<unsigned char*>(pointer);
  }
  void free(void* pointer) const { EXPECT_CUDA(cudaFreeAsync(pointer, stream)); }
  void set(void* pointer, int value, std::size_t bytes) const {
    EXPECT_CUDA(cudaMemsetAsync(pointer, value, bytes, stream));
  }
  void synchronize() const { EXPECT_CUDA(cudaStreamSynchronize(stream)); }
  /// Writes behind the runtime's back, in stream order.
  void scribble(unsigned char* at) const {
    EXPECT_CUDA(host::launch(stream, {}, [at] { *at = static_cast<unsigned char>(~*at); }));
  }

  /// One violation, which says all of this; it is then forgotten.
  static AssertionResult violates(const std::vector<std::string>& saying) {
    const std::vector<std::string> found = host::violations();
    host::clear_violations();
    if (found.size() != 1) return AssertionFailure() << found.size() << " violations";
    for (const std::string& part : saying) {
      if (found[0].find(part) == std::string::npos) {
        return AssertionFailure() << "\"" << found[0] << "\" does not say \"" << part << "\"";
      }
    }
    return AssertionSuccess();
  }

  cudaStream_t stream = nullptr;
  cudaStream_t other = nullptr;
};

// --- launches stand for kernels
// ------------------------------------------------------------------------------

using CapturedTasks = HostRuntimeCapture;

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

// --- misuse shows
// --------------------------------------------------------------------------------------------

using CapturedMisuse = HostRuntimeCapture;

TEST_F(CapturedMisuse, OfMemoryFreedSinceTheCaptureIsReportedAtTheLaunch) {
  unsigned char* const pointer = allocate(KiB);
  begin();
  set(pointer, 1, KiB);
  const cudaGraphExec_t exec = instantiate(end());
  launch(exec);
  synchronize();
  EXPECT_TRUE(host::violations().empty());
  free(pointer);
  launch(exec);
  synchronize();
  EXPECT_TRUE(violates({"cudaMemsetAsync outside live memory", "1024 bytes"}));
}

TEST_F(CapturedMisuse, OfGraphMemoryBeforeItsLaunchIsReported) {
  begin();
  unsigned char* const pointer = allocate(KiB);
  const cudaGraphExec_t exec = instantiate(end());
  set(pointer, 1, KiB);
  synchronize();
  EXPECT_TRUE(violates({"cudaMemsetAsync outside live memory"}));
  launch(exec);
  set(pointer, 1, KiB);
  free(pointer);
  set(pointer, 1, KiB);
  synchronize();
  EXPECT_TRUE(violates({"cudaMemsetAsync outside live memory"}));
}

TEST_F(CapturedMisuse, OfGraphMemoryAfterItsFreeInTheGraphIsReported) {
  begin();
  unsigned char* const pointer = allocate(KiB);
  set(pointer, 1, KiB);
  free(pointer);
  set(pointer, 2, KiB);
  const cudaGraphExec_t exec = instantiate(end());
  launch(exec);
  synchronize();
  EXPECT_TRUE(violates({"cudaMemsetAsync outside live memory"}));
  set(pointer, 3, KiB);
  synchronize();
  EXPECT_TRUE(violates({"cudaMemsetAsync outside live memory"}));
}

TEST_F(CapturedMisuse, ByAWriteAfterTheFreeIsFoundAtTheNextLaunch) {
  begin();
  unsigned char* const pointer = allocate(KiB);
  free(pointer);
  const cudaGraphExec_t exec = instantiate(end());
  launch(exec);
  scribble(pointer + 100);
  synchronize();
  EXPECT_TRUE(host::violations().empty());
  launch(exec);
  synchronize();
  EXPECT_TRUE(violates({"written after its free", "byte 100 ", "a graph's cudaMallocAsync on stream",
                        "a graph's cudaFreeAsync on stream"}));
}

TEST_F(CapturedMisuse, ByAWriteAfterTheFreeIsFoundWhenTheGraphIsGone) {
  begin();
  unsigned char* const pointer = allocate(KiB);
  free(pointer);
  const cudaGraph_t graph = end();
  const cudaGraphExec_t exec = instantiate(graph);
  launch(exec);
  scribble(pointer);
  synchronize();
  EXPECT_CUDA(cudaGraphDestroy(graph));
  EXPECT_CUDA(cudaGraphExecDestroy(exec));
  EXPECT_TRUE(violates({"written after its free", "byte 0 "}));
}

TEST_F(CapturedMisuse, MemoryOfAGraphIsFreshAtEachLaunch) {
  std::array<int, 2> seen{};
  int runs = 0;
  begin();
  unsigned char* const pointer = allocate(KiB);
  EXPECT_CUDA(
      host::launch(stream, {{pointer, KiB}}, [&] { seen[static_cast<std::size_t>(runs++)] = *pointer; }));
  set(pointer, 7, KiB);
  free(pointer);
  const cudaGraphExec_t exec = instantiate(end());
  launch(exec);
  launch(exec);
  synchronize();
  EXPECT_EQ(seen[0], seen[1]);
  EXPECT_NE(seen[0], 0);
  EXPECT_NE(seen[1], 7);
}

TEST_F(CapturedMisuse, AFreeThatIsNotBehindTheAllocationIsRefused) {
  cudaEvent_t event = nullptr;
  ASSERT_CUDA(cudaEventCreate(&event));
  begin();
  EXPECT_CUDA(cudaEventRecord(event, stream));
  EXPECT_CUDA(cudaStreamWaitEvent(other, event, 0));
  unsigned char* const pointer = allocate(KiB);
  EXPECT_EQ(cudaFreeAsync(pointer, other), cudaErrorInvalidValue);
  EXPECT_TRUE(violates({"cudaFreeAsync", "not behind the allocation"}));
  end_invalid();
}

TEST_F(CapturedMisuse, AFreeOfWhatIsNoGraphsOrIsFreedAlreadyIsReportedAndEndsTheCapture) {
  unsigned char* const ordinary = allocate(KiB);
  begin();
  EXPECT_EQ(cudaFreeAsync(ordinary, stream), cudaErrorInvalidValue);
  EXPECT_TRUE(violates({"cudaFreeAsync", "no allocation of a graph"}));
  end_invalid();
  free(ordinary);
  begin();
  unsigned char* const pointer = allocate(KiB);
  free(pointer);
  EXPECT_EQ(cudaFreeAsync(pointer, stream), cudaErrorInvalidValue);
  EXPECT_TRUE(violates({"cudaFreeAsync", "frees it already"}));
  end_invalid();
}

TEST_F(CapturedMisuse, ALaunchThatIsNotBehindTheFreeOfWhatTheLastOneMadeIsReported) {
  begin();
  unsigned char* const pointer = allocate(KiB);
  const cudaGraphExec_t exec = instantiate(end());
  launch(exec);
  synchronize();
  {
    const Gate gate(other);
    EXPECT_CUDA(cudaFreeAsync(pointer, other));
    launch(exec);
    synchronize();
  }
  EXPECT_CUDA(cudaStreamSynchronize(other));
  EXPECT_TRUE(violates({"allocated again before its free"}));
  free(pointer);
  synchronize();
}

TEST_F(CapturedMisuse, ALaunchThatFreesWhatIsNotThereIsRefused) {
  begin();
  unsigned char* const pointer = allocate(KiB);
  const cudaGraphExec_t making = instantiate(end());
  begin();
  free(pointer);
  const cudaGraphExec_t freeing = instantiate(end());
  EXPECT_EQ(cudaGraphLaunch(freeing, stream), cudaErrorInvalidValue);
  launch(making);
  launch(freeing);
  EXPECT_EQ(cudaGraphLaunch(freeing, stream), cudaErrorInvalidValue);
}

// --- memory
// --------------------------------------------------------------------------------------------------

using CapturedMemory = HostRuntimeCapture;

TEST_F(CapturedMemory, IsMappedAtTheFirstLaunchAndUnmappedByATrimOnceNothingUsesIt) {
  begin();
  unsigned char* const pointer = allocate(3 * MiB);
  set(pointer, 1, 3 * MiB);
  free(pointer);
  const cudaGraph_t graph = end();
  const cudaGraphExec_t exec = instantiate(graph);
  EXPECT_EQ(host::mapped_bytes(), 0);
  {
    const Gate gate(stream);
    launch(exec);
    EXPECT_EQ(host::mapped_bytes(), 2 * granule);
    EXPECT_CUDA(cudaDeviceGraphMemTrim(0));
    EXPECT_EQ(host::mapped_bytes(), 2 * granule);
  }
  synchronize();
  EXPECT_EQ(host::mapped_bytes(), 2 * granule);
  EXPECT_CUDA(cudaDeviceGraphMemTrim(0));
  EXPECT_EQ(host::mapped_bytes(), 0);
  launch(exec);
  synchronize();
  EXPECT_CUDA(cudaGraphDestroy(graph));
  EXPECT_CUDA(cudaGraphExecDestroy(exec));
  EXPECT_EQ(host::mapped_bytes(), 2 * granule);
  EXPECT_CUDA(cudaDeviceGraphMemTrim(0));
  EXPECT_EQ(host::mapped_bytes(), 0);
}

TEST_F(CapturedMemory, IsMappedByAnUpload) {
  begin();
  free(allocate(KiB));
  const cudaGraphExec_t exec = instantiate(end());
  EXPECT_CUDA(cudaGraphUpload(exec, stream));
  EXPECT_EQ(host::mapped_bytes(), granule);
  launch(exec);
  synchronize();
  EXPECT_EQ(host::mapped_bytes(), granule);
}

TEST_F(CapturedMemory, OfAGraphThatIsGoneServesTheNext) {
  for (int i = 0; i < 5; ++i) {
    begin();
    free(allocate(KiB));
    const cudaGraph_t graph = end();
    const cudaGraphExec_t exec = instantiate(graph);
    launch(exec);
    synchronize();
    EXPECT_EQ(host::mapped_bytes(), granule);
    EXPECT_CUDA(cudaGraphExecDestroy(exec));
    EXPECT_CUDA(cudaGraphDestroy(graph));
  }
}

TEST_F(CapturedMemory, StaysMappedWhileAnAllocationOfALaunchIsNotFreed) {
  begin();
  unsigned char* const pointer = allocate(KiB);
  const cudaGraph_t graph = end();
  const cudaGraphExec_t exec = instantiate(graph);
  launch(exec);
  EXPECT_CUDA(cudaGraphExecDestroy(exec));
  EXPECT_CUDA(cudaGraphDestroy(graph));
  synchronize();
  EXPECT_CUDA(cudaDeviceGraphMemTrim(0));
  EXPECT_EQ(host::mapped_bytes(), granule);
  set(pointer, 1, KiB);
  free(pointer);
  synchronize();
  EXPECT_CUDA(cudaDeviceGraphMemTrim(0));
  EXPECT_EQ(host::mapped_bytes(), 0);
}

TEST_F(CapturedMemory, BeyondTheLimitCannotBeLaunchedOrUploaded) {
  host::set_memory_limit(4 * MiB);
  begin();
  unsigned char* const pointer = allocate(6 * MiB);
  free(pointer);
  const cudaGraphExec_t exec = instantiate(end());
  EXPECT_EQ(cudaGraphLaunch(exec, stream), cudaErrorMemoryAllocation);
  EXPECT_EQ(cudaGraphUpload(exec, stream), cudaErrorMemoryAllocation);
  EXPECT_EQ(host::mapped_bytes(), 0);
  std::uint64_t used = 1;
  EXPECT_CUDA(cudaDeviceGetGraphMemAttribute(0, cudaGraphMemAttrUsedMemCurrent, &used));
  EXPECT_EQ(used, 0);
  host::set_memory_limit(6 * MiB);
  launch(exec);
  synchronize();
}

TEST_F(CapturedMemory, IsTakenFromIdlePoolsAndIdleGraphsBeforeALaunchFails) {
  host::set_memory_limit(4 * MiB);
  free(allocate(4 * MiB));
  begin();
  free(allocate(4 * MiB));
  const cudaGraphExec_t first = instantiate(end());
  begin();
  free(allocate(4 * MiB));
  const cudaGraphExec_t second = instantiate(end());
  for (int i = 0; i < 3; ++i) {
    launch(first);
    launch(second);
  }
  synchronize();
  EXPECT_EQ(host::mapped_bytes(), 4 * MiB);
  void* pointer = nullptr;
  EXPECT_EQ(cudaMallocAsync(&pointer, 4 * MiB, stream), cudaErrorMemoryAllocation);
  EXPECT_CUDA(cudaDeviceGraphMemTrim(0));
  free(allocate(4 * MiB));
}

TEST_F(CapturedMemory, IsLiveFromTheLaunchOnUnlessTheGraphFreesIt) {
  begin();
  unsigned char* const kept = allocate(KiB);
  free(allocate(KiB));
  const cudaGraphExec_t exec = instantiate(end(), cudaGraphInstantiateFlagAutoFreeOnLaunch);
  EXPECT_EQ(host::live_allocations(), 0);
  launch(exec);
  EXPECT_EQ(host::live_allocations(), 1);
  launch(exec);
  EXPECT_EQ(host::live_allocations(), 1);
  free(kept);
  EXPECT_EQ(host::live_allocations(), 0);
  synchronize();
}

TEST_F(CapturedMemory, HasAnAddressOfItsOwnForEachAllocation) {
  begin();
  std::vector<unsigned char*> pointers;
  for (int i = 0; i < 10; ++i) {
    pointers.push_back(allocate(KiB));
    free(pointers.back());
  }
  launch(instantiate(end()));
  synchronize();
  std::sort(pointers.begin(), pointers.end());
  EXPECT_EQ(std::adjacent_find(pointers.begin(), pointers.end()), pointers.end());
  EXPECT_EQ(host::mapped_bytes(), granule);
}

TEST_F(CapturedMemory, IsOfTheDeviceOfTheStreamOrOfThePool) {
  host::set_device_count(2);
  cudaMemPool_t pool = nullptr;
  ASSERT_CUDA(cudaDeviceGetDefaultMemPool(&pool, 1));
  void* pointer = nullptr;
  begin();
  free(allocate(KiB));
  EXPECT_CUDA(cudaMallocFromPoolAsync(&pointer, 3 * MiB, pool, stream));
  free(pointer);
  launch(instantiate(end()));
  EXPECT_EQ(host::mapped_bytes(0), granule);
  EXPECT_EQ(host::mapped_bytes(1), 2 * granule);
  synchronize();
}

TEST_F(CapturedMemory, MoreThanThereAreAddressesForIsRefusedAtOnce) {
  constexpr std::size_t petabyte = std::size_t{1} << 50;
  void* pointer = nullptr;
  begin();
  EXPECT_EQ(cudaMallocAsync(&pointer, petabyte, stream), cudaErrorMemoryAllocation);
  EXPECT_EQ(cudaMallocAsync(&pointer, ~std::size_t{0}, stream), cudaErrorMemoryAllocation);
  free(allocate(KiB));
  launch(instantiate(end()));
  synchronize();
}

// --- rules that the documents leave open
// ---------------------------------------------------------------------

using CaptureRules = HostRuntimeCapture;

TEST_F(CaptureRules, SynchronousCopiesAndEventQueriesAreCallsThatACaptureWouldNotSee) {
  unsigned char* const pointer = allocate(KiB);
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
  const cudaGraphExec_t exec = instantiate(graph);
  begin();
  EXPECT_EQ(cudaGraphLaunch(exec, stream), cudaErrorNotSupported);
  end_invalid();

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

// --- log, faults, reset
// --------------------------------------------------------------------------------------

using CaptureCalls = HostRuntimeCapture;

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
