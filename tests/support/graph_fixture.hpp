// A stream to capture, graphs to launch, and memory that shows the result, on any runtime. Uses only the CUDA
// runtime API and no kernels: sets, copies and host functions.
#pragma once

#include <cuda_runtime_api.h>
#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "why_no_device.hpp"

#define ASSERT_CUDA(call) ASSERT_EQ((call), cudaSuccess)
#define EXPECT_CUDA(call) EXPECT_EQ((call), cudaSuccess)

namespace daa::test {

/// The result of cudaStreamGetCaptureInfo.
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
/// if there is no device.
class GraphFixture : public ::testing::Test {
 protected:
  static constexpr std::size_t bytes = 4096;

  void SetUp() override {
    if (const std::string why = why_no_device(); !why.empty()) GTEST_SKIP() << why;
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
    EXPECT_CUDA(cudaDeviceSynchronize());
    for (const cudaGraphExec_t exec : execs_) EXPECT_CUDA(cudaGraphExecDestroy(exec));
    for (const cudaGraph_t graph : graphs_) EXPECT_CUDA(cudaGraphDestroy(graph));
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
  /// Ends the capture and returns the graph, which the fixture destroys.
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
  /// Destroys a graph that may be null.
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
  /// Makes `to` wait for the work enqueued on `from`.
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
  /// The value of the first and the last byte of the device memory, if they are equal. Synchronises.
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

}  // namespace daa::test
