// Two streams to lease arenas for; on any runtime. Uses only the CUDA runtime API and the library.
#pragma once

#include "daa/arena_pool.hpp"
#include "stream_fixture.hpp"

namespace daa::test {

inline constexpr std::size_t MiB = std::size_t{1} << 20;

inline cudaStream_t make_stream() {
  cudaStream_t made = nullptr;
  DAA_CUDA_CHECK(cudaStreamCreateWithFlags(&made, cudaStreamNonBlocking));
  return made;
}

class ArenaPools : public StreamFixture {
 protected:
  void SetUp() override {
    StreamFixture::SetUp();
    if (!IsSkipped()) other_ = make_stream();
  }
  void TearDown() override {
    if (other_ != nullptr) {
      EXPECT_EQ(cudaStreamSynchronize(other_), cudaSuccess);
      EXPECT_EQ(cudaStreamDestroy(other_), cudaSuccess);
    }
    StreamFixture::TearDown();
  }
  [[nodiscard]] cudaStream_t other() const { return other_; }

  static ArenaPoolOptions bounded(std::size_t max_bytes) {
    ArenaPoolOptions options;
    options.max_bytes = max_bytes;
    return options;
  }

 private:
  cudaStream_t other_ = nullptr;
};

}  // namespace daa::test
