// The host runtime as at program start, with a stream to capture into graphs.
#pragma once

#include "host_runtime_fixture.hpp"

namespace daa::test {

class HostCaptureFixture : public HostRuntime {
 protected:
  void begin(cudaStreamCaptureMode mode = cudaStreamCaptureModeGlobal) const {
    EXPECT_CUDA(cudaStreamBeginCapture(stream, mode));
  }
  cudaGraph_t end() const {
    cudaGraph_t graph = nullptr;
    EXPECT_CUDA(cudaStreamEndCapture(stream, &graph));
    EXPECT_NE(graph, nullptr);
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
  /// An executable graph of what `work` enqueues.
  template <class Work>
  cudaGraphExec_t capture(const Work& work, unsigned long long flags = 0) const {
    begin();
    work();
    return instantiate(end(), flags);
  }
  void launch(cudaGraphExec_t exec) const { EXPECT_CUDA(cudaGraphLaunch(exec, stream)); }
  void run(cudaGraphExec_t exec) const {
    launch(exec);
    synchronize();
  }
  static void destroy(cudaGraph_t graph, cudaGraphExec_t exec) {
    EXPECT_CUDA(cudaGraphDestroy(graph));
    EXPECT_CUDA(cudaGraphExecDestroy(exec));
  }

  void set(void* pointer, int value, std::size_t bytes = KiB) const {
    EXPECT_CUDA(cudaMemsetAsync(pointer, value, bytes, stream));
  }
  static cudaEvent_t make_event() {
    cudaEvent_t event = nullptr;
    EXPECT_CUDA(cudaEventCreate(&event));
    return event;
  }
  /// Makes `to` wait for what is in `from`.
  static void order(cudaStream_t from, cudaStream_t to) {
    const cudaEvent_t event = make_event();
    EXPECT_CUDA(cudaEventRecord(event, from));
    EXPECT_CUDA(cudaStreamWaitEvent(to, event, 0));
  }
};

}  // namespace daa::test
