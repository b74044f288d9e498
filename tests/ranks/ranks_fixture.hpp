// A stream, and a transport between the ranks that run a test.
#pragma once

#include <cuda_runtime_api.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "device/handles.hpp"
#include "ranks.hpp"

namespace daa::test {

/// One transport for all tests of a suite. Skips if there are not as many devices as ranks.
class RanksFixture : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    why_not_ = why_no_ranks();
    if (why_not_.empty()) transport_ = make_transport();
  }
  static void TearDownTestSuite() { transport_.reset(); }

  void SetUp() override {
    if (!why_not_.empty()) GTEST_SKIP() << why_not_;
    stream_ = bench::make_stream();
  }
  void TearDown() override {
    if (!stream_) return;
    EXPECT_EQ(cudaStreamSynchronize(stream()), cudaSuccess);
    expect_no_misuse();
  }

  [[nodiscard]] cudaStream_t stream() const { return stream_.get(); }
  [[nodiscard]] static bench::Transport& transport() { return *transport_; }
  [[nodiscard]] static std::size_t rank() { return transport_->rank(); }
  [[nodiscard]] static std::size_t ranks() { return transport_->size(); }
  [[nodiscard]] static std::size_t next_rank() { return (rank() + 1) % ranks(); }
  [[nodiscard]] static std::size_t previous_rank() { return (rank() + ranks() - 1) % ranks(); }

 private:
  inline static std::string why_not_;
  inline static std::unique_ptr<bench::Transport> transport_;
  bench::Stream stream_;
};

}  // namespace daa::test
