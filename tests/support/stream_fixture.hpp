// A stream for tests, on the runtime that the test is linked with, and functions that read device memory.
#pragma once

#include <cuda_runtime_api.h>
#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "daa/error.hpp"
#include "why_no_device.hpp"

namespace daa::test {

/// Skips the test if there is no device; otherwise provides stream() on device 0, synchronised at the end.
class StreamFixture : public ::testing::Test {
 protected:
  void SetUp() override {
    if (const std::string why = why_no_device(); !why.empty()) GTEST_SKIP() << why;
    DAA_CUDA_CHECK(cudaSetDevice(0));
    DAA_CUDA_CHECK(cudaStreamCreateWithFlags(&stream_, cudaStreamNonBlocking));
  }

  void TearDown() override {
    if (stream_ == nullptr) return;
    EXPECT_EQ(cudaStreamSynchronize(stream_), cudaSuccess);
    EXPECT_EQ(cudaStreamDestroy(stream_), cudaSuccess);
    EXPECT_EQ(cudaGetLastError(), cudaSuccess) << "the test left an error in the runtime";
  }

  [[nodiscard]] cudaStream_t stream() const { return stream_; }

  void fill(void* pointer, std::uint8_t value, std::size_t bytes) const {
    DAA_CUDA_CHECK(cudaMemsetAsync(pointer, value, bytes, stream_));
  }

  /// The content of device memory after the work enqueued so far. Synchronises the stream.
  [[nodiscard]] std::vector<std::uint8_t> read(const void* pointer, std::size_t bytes) const {
    std::vector<std::uint8_t> result(bytes);
    DAA_CUDA_CHECK(cudaMemcpyAsync(result.data(), pointer, bytes, cudaMemcpyDeviceToHost, stream_));
    DAA_CUDA_CHECK(cudaStreamSynchronize(stream_));
    return result;
  }

  [[nodiscard]] ::testing::AssertionResult holds(const void* pointer, std::uint8_t value,
                                                 std::size_t bytes) const {
    const std::vector<std::uint8_t> content = read(pointer, bytes);
    for (std::size_t i = 0; i < bytes; ++i) {
      if (content[i] != value) {
        return ::testing::AssertionFailure()
               << "byte " << i << " of " << bytes << " is " << int{content[i]} << ", not " << int{value};
      }
    }
    return ::testing::AssertionSuccess();
  }

 private:
  cudaStream_t stream_ = nullptr;
};

}  // namespace daa::test
