// The host runtime as at program start, with a stream to capture, and eyes for its violations.
#pragma once

#include <cuda_runtime_api.h>
#include <gtest/gtest.h>

#include <cstddef>
#include <future>
#include <string>
#include <utility>
#include <vector>

#include "daa/host_runtime.hpp"

#define ASSERT_CUDA(call) ASSERT_EQ((call), cudaSuccess)
#define EXPECT_CUDA(call) EXPECT_EQ((call), cudaSuccess)

namespace daa::test {

namespace host = daa::host_runtime;

inline constexpr std::size_t KiB = 1024;
inline constexpr std::size_t MiB = 1024 * KiB;

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
class HostCaptureFixture : public ::testing::Test {
 protected:
  HostCaptureFixture() {
    host::reset();
    EXPECT_CUDA(cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking));
    EXPECT_CUDA(cudaStreamCreateWithFlags(&other, cudaStreamNonBlocking));
    host::clear_calls();
  }
  ~HostCaptureFixture() override {
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
  static ::testing::AssertionResult violates(const std::vector<std::string>& saying) {
    const std::vector<std::string> found = host::violations();
    host::clear_violations();
    if (found.size() != 1) return ::testing::AssertionFailure() << found.size() << " violations";
    for (const std::string& part : saying) {
      if (found[0].find(part) == std::string::npos) {
        return ::testing::AssertionFailure() << "\"" << found[0] << "\" does not say \"" << part << "\"";
      }
    }
    return ::testing::AssertionSuccess();
  }

  cudaStream_t stream = nullptr;
  cudaStream_t other = nullptr;
};

}  // namespace daa::test
