// What holds of stream capture and graphs on any CUDA runtime. Built twice, on the host runtime and on a
// GPU's. No kernels: sets, copies, host functions and memory.

#include <cuda_runtime_api.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <thread>
#include <vector>

namespace {

#define ASSERT_CUDA(call) ASSERT_EQ((call), cudaSuccess)
#define EXPECT_CUDA(call) EXPECT_EQ((call), cudaSuccess)

/// What cudaStreamGetCaptureInfo says.
struct CaptureInfo {
  explicit CaptureInfo(cudaStream_t of) {
#if CUDART_VERSION >= 13000
    const cudaGraphEdgeData* edges = nullptr;
    EXPECT_CUDA(cudaStreamGetCaptureInfo(of, &status, &id, &graph, &last, &edges, &last_count));
#else
    EXPECT_CUDA(cudaStreamGetCaptureInfo(of, &status, &id, &graph, &last, &last_count));
#endif
  }

  cudaStreamCaptureStatus status = cudaStreamCaptureStatusInvalidated;
  unsigned long long id = 0;
  cudaGraph_t graph = nullptr;
  const cudaGraphNode_t* last = nullptr;
  std::size_t last_count = 77;
};

/// Device 0, streams that do not synchronise with the legacy default stream, device and pinned memory. Skips
/// where there is no device.
class GraphSemantics : public ::testing::Test {
 protected:
  static constexpr std::size_t bytes = 4096;

  void SetUp() override {
    int count = 0;
    const cudaError_t error = cudaGetDeviceCount(&count);
    if (error != cudaSuccess || count == 0) GTEST_SKIP() << "no GPU: " << cudaGetErrorString(error);
    ASSERT_CUDA(cudaSetDevice(0));
    ASSERT_CUDA(cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking));
    ASSERT_CUDA(cudaStreamCreateWithFlags(&other, cudaStreamNonBlocking));
    ASSERT_CUDA(cudaMalloc(&device, bytes));
    void* host = nullptr;
    ASSERT_CUDA(cudaMallocHost(&host, bytes));
    pinned = static_cast<unsigned char*>(host);
    set(1);
    synchronize();
  }

  void TearDown() override {
    if (stream == nullptr) return;
    for (const cudaGraphExec_t exec : execs_) EXPECT_CUDA(cudaGraphExecDestroy(exec));
    for (const cudaGraph_t graph : graphs_) EXPECT_CUDA(cudaGraphDestroy(graph));
    EXPECT_CUDA(cudaDeviceSynchronize());
    for (const cudaEvent_t event : events_) EXPECT_CUDA(cudaEventDestroy(event));
    EXPECT_CUDA(cudaFreeHost(pinned));
    EXPECT_CUDA(cudaFree(device));
    EXPECT_CUDA(cudaStreamDestroy(stream));
    EXPECT_CUDA(cudaStreamDestroy(other));
    EXPECT_CUDA(cudaDeviceGraphMemTrim(0));
    cudaGetLastError();
  }

  // --- capturing

  void begin(cudaStreamCaptureMode mode = cudaStreamCaptureModeGlobal) const {
    ASSERT_CUDA(cudaStreamBeginCapture(stream, mode));
  }
  /// The graph, which the fixture destroys.
  cudaGraph_t end() {
    cudaGraph_t graph = nullptr;
    EXPECT_CUDA(cudaStreamEndCapture(stream, &graph));
    if (graph != nullptr) graphs_.push_back(graph);
    return graph;
  }
  /// Ends a capture that must have become invalid.
  void end_invalid() const {
    cudaStreamCaptureStatus status = cudaStreamCaptureStatusNone;
    EXPECT_CUDA(cudaStreamIsCapturing(stream, &status));
    EXPECT_EQ(status, cudaStreamCaptureStatusInvalidated);
    auto graph = reinterpret_cast<cudaGraph_t>(this->pinned);
    EXPECT_EQ(cudaStreamEndCapture(stream, &graph), cudaErrorStreamCaptureInvalidated);
    EXPECT_EQ(graph, nullptr);
    EXPECT_EQ(this->status(), cudaStreamCaptureStatusNone);
    cudaGetLastError();
  }
  /// For where it is left open whether there is a graph.
  static void discard(cudaGraph_t graph) {
    if (graph != nullptr) {
      EXPECT_CUDA(cudaGraphDestroy(graph));
    }
    cudaGetLastError();
  }
  [[nodiscard]] cudaStreamCaptureStatus status() const { return status(stream); }
  static cudaStreamCaptureStatus status(cudaStream_t of) {
    auto result = cudaStreamCaptureStatusInvalidated;
    EXPECT_CUDA(cudaStreamIsCapturing(of, &result));
    return result;
  }
  static std::vector<cudaGraphNode_t> nodes(cudaGraph_t graph) {
    std::size_t count = 0;
    EXPECT_CUDA(cudaGraphGetNodes(graph, nullptr, &count));
    std::vector<cudaGraphNode_t> result(count);
    EXPECT_CUDA(cudaGraphGetNodes(graph, result.data(), &count));
    return result;
  }
  static cudaGraphNodeType type(cudaGraphNode_t node) {
    auto result = cudaGraphNodeTypeCount;
    EXPECT_CUDA(cudaGraphNodeGetType(node, &result));
    return result;
  }
  /// The only node of this type; null if there are none or several.
  static cudaGraphNode_t node_of(cudaGraph_t graph, cudaGraphNodeType wanted) {
    std::vector<cudaGraphNode_t> found = nodes(graph);
    std::erase_if(found, [&](cudaGraphNode_t node) { return type(node) != wanted; });
    return found.size() == 1 ? found[0] : nullptr;
  }

  // --- launching

  /// The executable graph, which the fixture destroys.
  cudaGraphExec_t instantiate(cudaGraph_t graph, unsigned long long flags = 0) {
    cudaGraphExec_t exec = nullptr;
    EXPECT_CUDA(cudaGraphInstantiate(&exec, graph, flags));
    if (exec != nullptr) execs_.push_back(exec);
    return exec;
  }
  void launch(cudaGraphExec_t exec) const { EXPECT_CUDA(cudaGraphLaunch(exec, stream)); }
  void destroy(cudaGraphExec_t exec) {
    std::erase(execs_, exec);
    EXPECT_CUDA(cudaGraphExecDestroy(exec));
  }
  void destroy(cudaGraph_t graph) {
    std::erase(graphs_, graph);
    EXPECT_CUDA(cudaGraphDestroy(graph));
  }

  // --- work

  cudaEvent_t make_event() {
    cudaEvent_t event = nullptr;
    EXPECT_CUDA(cudaEventCreateWithFlags(&event, cudaEventDisableTiming));
    events_.push_back(event);
    return event;
  }
  /// Makes `to` wait for what is in `from`.
  void order(cudaStream_t from, cudaStream_t to) {
    const cudaEvent_t event = make_event();
    EXPECT_CUDA(cudaEventRecord(event, from));
    EXPECT_CUDA(cudaStreamWaitEvent(to, event, 0));
  }
  void set(void* pointer, int value) const { EXPECT_CUDA(cudaMemsetAsync(pointer, value, bytes, stream)); }
  void set(int value) const { set(device, value); }
  void copy_to_device(const void* from) const {
    EXPECT_CUDA(cudaMemcpyAsync(device, from, bytes, cudaMemcpyDeviceToDevice, stream));
  }
  [[nodiscard]] void* allocate() const {
    void* pointer = nullptr;
    EXPECT_CUDA(cudaMallocAsync(&pointer, bytes, stream));
    return pointer;
  }
  void free(void* pointer) const { EXPECT_CUDA(cudaFreeAsync(pointer, stream)); }
  void synchronize() const { EXPECT_CUDA(cudaStreamSynchronize(stream)); }
  /// What the first and the last byte of the device's memory are, if they are the same. Synchronises.
  [[nodiscard]] int value() const { return value(device); }
  [[nodiscard]] int value(const void* of) const {
    EXPECT_CUDA(cudaMemcpyAsync(pinned, of, bytes, cudaMemcpyDeviceToHost, stream));
    synchronize();
    return pinned[0] == pinned[bytes - 1] ? pinned[0] : -1;
  }
  static std::uint64_t graph_memory(cudaGraphMemAttributeType attribute) {
    std::uint64_t result = 0;
    EXPECT_CUDA(cudaDeviceGetGraphMemAttribute(0, attribute, &result));
    return result;
  }

  cudaStream_t stream = nullptr;
  cudaStream_t other = nullptr;
  void* device = nullptr;
  unsigned char* pinned = nullptr;

 private:
  std::vector<cudaGraph_t> graphs_;
  std::vector<cudaGraphExec_t> execs_;
  std::vector<cudaEvent_t> events_;
};

void CUDART_CB count_up(void* counter) {
  ++*static_cast<int*>(counter);
}

// --- recording and running
// -----------------------------------------------------------------------------------

using Graphs = GraphSemantics;

TEST_F(Graphs, CapturedWorkRunsWhenTheGraphIsLaunchedAndNotBefore) {
  begin();
  set(2);
  const cudaGraph_t graph = end();
  EXPECT_EQ(value(), 1);
  const cudaGraphExec_t exec = instantiate(graph);
  EXPECT_EQ(value(), 1);
  launch(exec);
  EXPECT_EQ(value(), 2);
}

TEST_F(Graphs, RunAnyNumberOfTimes) {
  int runs = 0;
  begin();
  EXPECT_CUDA(cudaLaunchHostFunc(stream, count_up, &runs));
  const cudaGraphExec_t exec = instantiate(end());
  for (int i = 0; i < 5; ++i) launch(exec);
  synchronize();
  EXPECT_EQ(runs, 5);
}

TEST_F(Graphs, RunInTheOrderOfTheirStream) {
  void* target = nullptr;
  ASSERT_CUDA(cudaMallocAsync(&target, bytes, stream));
  begin();
  EXPECT_CUDA(cudaMemcpyAsync(target, device, bytes, cudaMemcpyDeviceToDevice, stream));
  const cudaGraphExec_t exec = instantiate(end());
  set(3);
  launch(exec);
  set(4);
  EXPECT_EQ(value(target), 3);
  launch(exec);
  EXPECT_EQ(value(target), 4);
  free(target);
}

TEST_F(Graphs, RunTheirNodesInTheOrderOfTheCapture) {
  begin();
  set(5);
  EXPECT_CUDA(cudaMemcpyAsync(pinned, device, bytes, cudaMemcpyDeviceToHost, stream));
  set(6);
  const cudaGraphExec_t exec = instantiate(end());
  launch(exec);
  synchronize();
  EXPECT_EQ(pinned[0], 5);
  EXPECT_EQ(value(), 6);
}

TEST_F(Graphs, MayBeLaunchedOnAnyStreamOneLaunchAfterTheOther) {
  int runs = 0;
  begin();
  EXPECT_CUDA(cudaLaunchHostFunc(stream, count_up, &runs));
  const cudaGraphExec_t exec = instantiate(end());
  for (int i = 0; i < 20; ++i) EXPECT_CUDA(cudaGraphLaunch(exec, i % 2 == 0 ? stream : other));
  EXPECT_CUDA(cudaDeviceSynchronize());
  EXPECT_EQ(runs, 20);
}

TEST_F(Graphs, AreCopiedWhenTheyAreInstantiated) {
  begin();
  set(7);
  const cudaGraph_t graph = end();
  const cudaGraphExec_t first = instantiate(graph);
  const cudaGraphExec_t second = instantiate(graph);
  destroy(graph);
  launch(first);
  EXPECT_EQ(value(), 7);
  set(1);
  launch(second);
  EXPECT_EQ(value(), 7);
}

TEST_F(Graphs, MayBeEmpty) {
  begin();
  const cudaGraph_t captured = end();
  EXPECT_TRUE(nodes(captured).empty());
  launch(instantiate(captured));
  cudaGraph_t made = nullptr;
  EXPECT_CUDA(cudaGraphCreate(&made, 0));
  EXPECT_TRUE(nodes(made).empty());
  EXPECT_CUDA(cudaGraphDestroy(made));
  synchronize();
}

TEST_F(Graphs, HaveANodeForEachCall) {
  int runs = 0;
  begin();
  void* const pointer = allocate();
  set(pointer, 1);
  copy_to_device(pointer);
  EXPECT_CUDA(cudaLaunchHostFunc(stream, count_up, &runs));
  free(pointer);
  std::vector<cudaGraphNodeType> types;
  for (const cudaGraphNode_t node : nodes(end())) types.push_back(type(node));
  std::sort(types.begin(), types.end());
  EXPECT_EQ(types, (std::vector<cudaGraphNodeType>{cudaGraphNodeTypeMemcpy, cudaGraphNodeTypeMemset,
                                                   cudaGraphNodeTypeHost, cudaGraphNodeTypeMemAlloc,
                                                   cudaGraphNodeTypeMemFree}));
}

TEST_F(Graphs, GiveAsManyNodesAsThereAreAndNullsBeyond) {
  begin();
  set(1);
  set(2);
  const cudaGraph_t graph = end();
  std::vector<cudaGraphNode_t> found(3, reinterpret_cast<cudaGraphNode_t>(pinned));
  std::size_t count = 3;
  EXPECT_CUDA(cudaGraphGetNodes(graph, found.data(), &count));
  EXPECT_EQ(count, 2);
  EXPECT_EQ(found[2], nullptr);
}

TEST_F(Graphs, LaunchedIntoACaptureAreANodeOfTheGraph) {
  begin();
  set(8);
  const cudaGraphExec_t inner = instantiate(end());
  begin();
  launch(inner);
  const cudaGraph_t outer = end();
  EXPECT_NE(node_of(outer, cudaGraphNodeTypeGraph), nullptr);
  launch(instantiate(outer));
  EXPECT_EQ(value(), 8);
}

TEST_F(Graphs, HaveFlags) {
  begin();
  set(1);
  const cudaGraph_t graph = end();
  cudaGraphExec_t exec = nullptr;
  EXPECT_CUDA(cudaGraphInstantiateWithFlags(&exec, graph, cudaGraphInstantiateFlagAutoFreeOnLaunch));
  unsigned long long flags = 0;
  EXPECT_CUDA(cudaGraphExecGetFlags(exec, &flags));
  EXPECT_EQ(flags, cudaGraphInstantiateFlagAutoFreeOnLaunch);
  EXPECT_CUDA(cudaGraphExecDestroy(exec));
  EXPECT_EQ(cudaGraphInstantiate(&exec, graph, 1ULL << 20), cudaErrorInvalidValue);
}

// --- capture's state
// -----------------------------------------------------------------------------------------

using Captures = GraphSemantics;

TEST_F(Captures, HaveAnIdAGraphAndANewestNode) {
  EXPECT_EQ(CaptureInfo(stream).status, cudaStreamCaptureStatusNone);
  EXPECT_EQ(status(), cudaStreamCaptureStatusNone);

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

  begin();
  EXPECT_NE(CaptureInfo(stream).id, info.id);
  end();
}

TEST_F(Captures, AllowQuestionsThatDoNotWait) {
  begin();
  int number = -1;
  unsigned long long id = 0;
  std::size_t free_bytes = 0;
  std::size_t total_bytes = 0;
  EXPECT_CUDA(cudaGetDevice(&number));
  EXPECT_CUDA(cudaStreamGetDevice(stream, &number));
  EXPECT_CUDA(cudaStreamGetId(stream, &id));
  EXPECT_CUDA(cudaMemGetInfo(&free_bytes, &total_bytes));
  EXPECT_CUDA(cudaGetLastError());
  EXPECT_EQ(status(), cudaStreamCaptureStatusActive);
  EXPECT_EQ(status(other), cudaStreamCaptureStatusNone);
  end();
}

TEST_F(Captures, LeaveOtherStreamsAlone) {
  begin();
  EXPECT_CUDA(cudaMemsetAsync(device, 9, bytes, other));
  EXPECT_CUDA(cudaMemcpyAsync(pinned, device, bytes, cudaMemcpyDeviceToHost, other));
  end();
  EXPECT_CUDA(cudaStreamSynchronize(other));
  EXPECT_EQ(pinned[0], 9);
}

TEST_F(Captures, AreNotOfTheLegacyStream) {
  EXPECT_EQ(cudaStreamBeginCapture(nullptr, cudaStreamCaptureModeGlobal), cudaErrorStreamCaptureUnsupported);
  EXPECT_EQ(cudaStreamBeginCapture(cudaStreamLegacy, cudaStreamCaptureModeRelaxed),
            cudaErrorStreamCaptureUnsupported);
}

TEST_F(Captures, AreOfThePerThreadStreamToo) {
  cudaGraph_t graph = nullptr;
  EXPECT_CUDA(cudaStreamBeginCapture(cudaStreamPerThread, cudaStreamCaptureModeGlobal));
  EXPECT_CUDA(cudaMemsetAsync(device, 1, bytes, cudaStreamPerThread));
  EXPECT_CUDA(cudaStreamEndCapture(cudaStreamPerThread, &graph));
  EXPECT_EQ(nodes(graph).size(), 1);
  EXPECT_CUDA(cudaGraphDestroy(graph));
}

TEST_F(Captures, CannotBeWaitedFor) {
  begin();
  EXPECT_EQ(cudaStreamSynchronize(stream), cudaErrorStreamCaptureUnsupported);
  end_invalid();
  begin();
  EXPECT_EQ(cudaStreamQuery(stream), cudaErrorStreamCaptureUnsupported);
  end_invalid();
  begin();
  EXPECT_EQ(cudaDeviceSynchronize(), cudaErrorStreamCaptureUnsupported);
  end_invalid();
  set(2);
  EXPECT_EQ(value(), 2);
}

TEST_F(Captures, ThatAreInvalidTakeNoMoreWork) {
  begin();
  EXPECT_EQ(cudaStreamQuery(stream), cudaErrorStreamCaptureUnsupported);
  EXPECT_EQ(cudaMemsetAsync(device, 1, bytes, stream), cudaErrorStreamCaptureInvalidated);
  end_invalid();
}

TEST_F(Captures, EndOnceAndOnTheStreamWhereTheyBegan) {
  cudaGraph_t graph = nullptr;
  EXPECT_EQ(cudaStreamEndCapture(stream, &graph), cudaErrorIllegalState);
  begin();
  set(1);
  order(stream, other);
  EXPECT_EQ(status(other), cudaStreamCaptureStatusActive);
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

// --- calls that a capture forbids
// ----------------------------------------------------------------------------

TEST_F(Captures, ForbidCallsThatTheyWouldNotSeeUnlessRelaxed) {
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
  }
  void* pointer = nullptr;
  begin(cudaStreamCaptureModeRelaxed);
  EXPECT_CUDA(cudaMalloc(&pointer, bytes));
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
      EXPECT_CUDA(cudaFree(result == cudaSuccess ? pointer : nullptr));
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
  EXPECT_EQ(cudaThreadExchangeStreamCaptureMode(nullptr), cudaErrorInvalidValue);
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

// --- more streams than one
// -----------------------------------------------------------------------------------

TEST_F(Captures, ForkAndJoinThroughEvents) {
  void* buffer = nullptr;
  ASSERT_CUDA(cudaMalloc(&buffer, bytes));
  begin();
  set(10);
  order(stream, other);
  EXPECT_EQ(status(other), cudaStreamCaptureStatusActive);
  EXPECT_CUDA(cudaMemcpyAsync(buffer, device, bytes, cudaMemcpyDeviceToDevice, other));
  order(other, stream);
  set(11);
  const cudaGraph_t graph = end();
  EXPECT_EQ(status(other), cudaStreamCaptureStatusNone);
  EXPECT_EQ(nodes(graph).size(), 3);
  launch(instantiate(graph));
  EXPECT_EQ(value(buffer), 10);
  EXPECT_EQ(value(), 11);
  EXPECT_CUDA(cudaFree(buffer));
}

TEST_F(Captures, DependOnAllBranchesAfterAJoin) {
  begin();
  set(1);
  order(stream, other);
  set(2);
  EXPECT_CUDA(cudaMemsetAsync(static_cast<char*>(device) + bytes / 2, 3, 1, other));
  order(other, stream);
  EXPECT_EQ(CaptureInfo(stream).last_count, 2);
  end();
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

TEST_F(Captures, DoNotWaitForWhatIsOutside) {
  const cudaEvent_t event = make_event();
  EXPECT_CUDA(cudaEventRecord(event, other));
  begin();
  EXPECT_EQ(cudaStreamWaitEvent(stream, event, 0), cudaErrorStreamCaptureIsolation);
  end_invalid();
}

TEST_F(Captures, DoNotMerge) {
  const cudaEvent_t event = make_event();
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
  begin();
  EXPECT_CUDA(cudaEventRecord(event, stream));
  EXPECT_EQ(cudaEventQuery(event), cudaErrorCapturedEvent);
  end_invalid();
  EXPECT_CUDA(cudaEventRecord(event, stream));
  EXPECT_CUDA(cudaEventSynchronize(event));
  begin();
  EXPECT_CUDA(cudaEventRecord(event, stream));
  EXPECT_EQ(cudaEventSynchronize(event), cudaErrorCapturedEvent);
  end_invalid();
}

// --- memory
// --------------------------------------------------------------------------------------------------

using GraphMemory = GraphSemantics;

TEST_F(GraphMemory, HasAnAddressFromCaptureOn) {
  begin();
  void* const pointer = allocate();
  set(pointer, 12);
  copy_to_device(pointer);
  free(pointer);
  const cudaGraph_t graph = end();
  ASSERT_NE(pointer, nullptr);
  EXPECT_EQ(reinterpret_cast<std::uintptr_t>(pointer) % 256, 0);

  cudaMemAllocNodeParams made{};
  EXPECT_CUDA(cudaGraphMemAllocNodeGetParams(node_of(graph, cudaGraphNodeTypeMemAlloc), &made));
  EXPECT_EQ(made.dptr, pointer);
  EXPECT_GE(made.bytesize, bytes);
  EXPECT_EQ(made.poolProps.location.type, cudaMemLocationTypeDevice);
  EXPECT_EQ(made.poolProps.location.id, 0);
  void* freed = nullptr;
  EXPECT_CUDA(cudaGraphMemFreeNodeGetParams(node_of(graph, cudaGraphNodeTypeMemFree), &freed));
  EXPECT_EQ(freed, pointer);

  const cudaGraphExec_t exec = instantiate(graph);
  for (int i = 0; i < 3; ++i) {
    set(1);
    launch(exec);
    EXPECT_EQ(value(), 12);
  }
}

TEST_F(GraphMemory, IsTheGraphsAndNotThePools) {
  cudaMemPoolProps props{};
  props.allocType = cudaMemAllocationTypePinned;
  props.location.type = cudaMemLocationTypeDevice;
  cudaMemPool_t pool = nullptr;
  ASSERT_CUDA(cudaMemPoolCreate(&pool, &props));
  begin();
  void* pointer = nullptr;
  EXPECT_CUDA(cudaMallocFromPoolAsync(&pointer, bytes, pool, stream));
  set(pointer, 13);
  copy_to_device(pointer);
  free(pointer);
  launch(instantiate(end()));
  EXPECT_EQ(value(), 13);
  std::uint64_t high = 1;
  EXPECT_CUDA(cudaMemPoolGetAttribute(pool, cudaMemPoolAttrUsedMemHigh, &high));
  EXPECT_EQ(high, 0);
  EXPECT_CUDA(cudaMemPoolDestroy(pool));
}

TEST_F(GraphMemory, NotFreedInTheGraphOutlivesTheLaunchUntilItIsFreed) {
  begin();
  void* const pointer = allocate();
  set(pointer, 14);
  const cudaGraphExec_t exec = instantiate(end());
  launch(exec);
  EXPECT_EQ(value(pointer), 14);
  set(pointer, 15);
  EXPECT_EQ(value(pointer), 15);
  EXPECT_EQ(cudaGraphLaunch(exec, stream), cudaErrorInvalidValue);
  free(pointer);
  launch(exec);
  EXPECT_EQ(value(pointer), 14);
  EXPECT_CUDA(cudaFree(pointer));
  launch(exec);
  EXPECT_EQ(value(pointer), 14);
  free(pointer);
}

TEST_F(GraphMemory, NotFreedInTheGraphIsFreedByTheNextLaunchIfAsked) {
  begin();
  void* const pointer = allocate();
  set(pointer, 16);
  const cudaGraphExec_t exec = instantiate(end(), cudaGraphInstantiateFlagAutoFreeOnLaunch);
  for (int i = 0; i < 3; ++i) {
    launch(exec);
    EXPECT_EQ(value(pointer), 16);
    set(pointer, 17);
  }
  free(pointer);
}

TEST_F(GraphMemory, OutlivesItsGraph) {
  begin();
  void* const pointer = allocate();
  set(pointer, 18);
  const cudaGraph_t graph = end();
  const cudaGraphExec_t exec = instantiate(graph);
  launch(exec);
  destroy(exec);
  destroy(graph);
  EXPECT_EQ(value(pointer), 18);
  free(pointer);
}

TEST_F(GraphMemory, CannotBeFreedBeforeALaunchHasMadeIt) {
  begin();
  void* const pointer = allocate();
  const cudaGraph_t graph = end();
  EXPECT_EQ(cudaFreeAsync(pointer, stream), cudaErrorInvalidValue);
  instantiate(graph);
  EXPECT_EQ(cudaFreeAsync(pointer, stream), cudaErrorInvalidValue);
}

TEST_F(GraphMemory, FreedInTheGraphCannotBeFreedOutside) {
  begin();
  void* const pointer = allocate();
  free(pointer);
  launch(instantiate(end()));
  EXPECT_EQ(cudaFreeAsync(pointer, stream), cudaErrorInvalidValue);
}

TEST_F(GraphMemory, MayBeFreedByAnotherGraph) {
  begin();
  void* const pointer = allocate();
  set(pointer, 19);
  const cudaGraphExec_t making = instantiate(end());
  begin();
  copy_to_device(pointer);
  free(pointer);
  const cudaGraphExec_t freeing = instantiate(end());
  for (int i = 0; i < 3; ++i) {
    set(1);
    launch(making);
    launch(freeing);
    EXPECT_EQ(value(), 19);
  }
}

TEST_F(GraphMemory, AloneIsFreedInACapture) {
  void* const ordinary = allocate();
  begin();
  EXPECT_EQ(cudaFreeAsync(ordinary, stream), cudaErrorInvalidValue);
  cudaGraph_t graph = nullptr;
  cudaStreamEndCapture(stream, &graph);
  discard(graph);
  free(ordinary);
}

TEST_F(GraphMemory, IsFreedOnceInACapture) {
  begin();
  void* const pointer = allocate();
  free(pointer);
  EXPECT_EQ(cudaFreeAsync(pointer, stream), cudaErrorInvalidValue);
  cudaGraph_t graph = nullptr;
  cudaStreamEndCapture(stream, &graph);
  discard(graph);
}

TEST_F(GraphMemory, AllowsOneExecutableGraphAtATime) {
  begin();
  free(allocate());
  const cudaGraph_t graph = end();
  const cudaGraphExec_t first = instantiate(graph);
  cudaGraphExec_t second = nullptr;
  EXPECT_NE(cudaGraphInstantiate(&second, graph, 0), cudaSuccess);
  destroy(first);
  launch(instantiate(graph));
  synchronize();
}

TEST_F(GraphMemory, IsUsedFromTheFirstLaunchAndReservedUntilItIsTrimmed) {
  EXPECT_CUDA(cudaDeviceGraphMemTrim(0));
  const std::uint64_t reserved = graph_memory(cudaGraphMemAttrReservedMemCurrent);
  begin();
  free(allocate());
  const cudaGraph_t graph = end();
  const cudaGraphExec_t exec = instantiate(graph);
  launch(exec);
  synchronize();
  EXPECT_GE(graph_memory(cudaGraphMemAttrUsedMemCurrent), bytes);
  EXPECT_GE(graph_memory(cudaGraphMemAttrReservedMemCurrent), reserved + bytes);
  destroy(exec);
  destroy(graph);
  EXPECT_CUDA(cudaDeviceGraphMemTrim(0));
  EXPECT_EQ(graph_memory(cudaGraphMemAttrReservedMemCurrent), reserved);
}

TEST_F(GraphMemory, MayBeTrimmedBetweenLaunches) {
  begin();
  void* const pointer = allocate();
  set(pointer, 20);
  copy_to_device(pointer);
  free(pointer);
  const cudaGraphExec_t exec = instantiate(end());
  for (int i = 0; i < 2; ++i) {
    set(1);
    launch(exec);
    EXPECT_EQ(value(), 20);
    EXPECT_CUDA(cudaDeviceGraphMemTrim(0));
  }
}

TEST_F(GraphMemory, HasWatermarksThatCanBeReset) {
  begin();
  free(allocate());
  launch(instantiate(end()));
  synchronize();
  EXPECT_GE(graph_memory(cudaGraphMemAttrUsedMemHigh), bytes);
  std::uint64_t zero = 0;
  EXPECT_CUDA(cudaDeviceSetGraphMemAttribute(0, cudaGraphMemAttrReservedMemHigh, &zero));
  EXPECT_EQ(graph_memory(cudaGraphMemAttrReservedMemHigh), graph_memory(cudaGraphMemAttrReservedMemCurrent));
}

}  // namespace
