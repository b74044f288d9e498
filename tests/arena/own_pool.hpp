// A separate CUDA memory pool on device 0.
#pragma once

#include <cuda_runtime_api.h>
#include <gtest/gtest.h>

#include <cstdint>

#include "daa/error.hpp"

namespace daa::test {

/// Its statistics show what is allocated from it; on destruction that must be nothing.
class OwnPool {
 public:
  /// `max_bytes`: limit on the memory that it takes from the device; 0 for none.
  explicit OwnPool(std::size_t max_bytes = 0) {
    cudaMemPoolProps props{};
    props.maxSize = max_bytes;
    props.allocType = cudaMemAllocationTypePinned;
    props.location.type = cudaMemLocationTypeDevice;
    DAA_CUDA_CHECK(cudaMemPoolCreate(&pool_, &props));
  }
  // Driver 580 crashes if a pool is destroyed while frees of its memory are pending and memory is short.
  ~OwnPool() {
    EXPECT_EQ(cudaDeviceSynchronize(), cudaSuccess);
    EXPECT_EQ(cudaMemPoolDestroy(pool_), cudaSuccess);
  }
  OwnPool(const OwnPool&) = delete;
  OwnPool& operator=(const OwnPool&) = delete;

  [[nodiscard]] cudaMemPool_t handle() const { return pool_; }
  [[nodiscard]] std::uint64_t bytes_used() const {
    std::uint64_t bytes = 0;
    DAA_CUDA_CHECK(cudaMemPoolGetAttribute(pool_, cudaMemPoolAttrUsedMemCurrent, &bytes));
    return bytes;
  }

 private:
  cudaMemPool_t pool_ = nullptr;
};

}  // namespace daa::test
