// The host runtime as at program start, with a stream to capture into graphs.
#pragma once

#include "host_runtime_fixture.hpp"

#define ASSERT_CUDA(call) ASSERT_EQ((call), cudaSuccess)

namespace daa::test {

class HostCaptureFixture : public HostRuntime {
 protected:
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
  void set(void* pointer, int value, std::size_t bytes) const {
    EXPECT_CUDA(cudaMemsetAsync(pointer, value, bytes, stream));
  }
};

}  // namespace daa::test
