// Usage queries for a cudaMemPool_t, and its RAII owner.
#pragma once

#include <cuda_runtime_api.h>

#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <type_traits>

#include "daa/error.hpp"

namespace daa::bench {

[[nodiscard]] inline std::uint64_t pool_attribute(cudaMemPool_t pool, cudaMemPoolAttr name) {
  std::uint64_t value = 0;
  DAA_CUDA_CHECK(cudaMemPoolGetAttribute(pool, name, &value));
  return value;
}

/// Idle memory and the driver's rounding included.
[[nodiscard]] inline std::size_t bytes_mapped(cudaMemPool_t pool) {
  return pool_attribute(pool, cudaMemPoolAttrReservedMemCurrent);
}

[[nodiscard]] inline std::size_t bytes_used(cudaMemPool_t pool) {
  return pool_attribute(pool, cudaMemPoolAttrUsedMemCurrent);
}

class MemoryPool {
 public:
  /// A pool on the current device with default attributes, its release threshold apart: most bytes of idle
  /// memory that the pool keeps at a synchronisation. The driver's default is 0.
  explicit MemoryPool(std::uint64_t release_threshold_bytes = 0) {
    int device = 0;
    DAA_CUDA_CHECK(cudaGetDevice(&device));
    cudaMemPoolProps props{};
    props.allocType = cudaMemAllocationTypePinned;
    props.location.type = cudaMemLocationTypeDevice;
    props.location.id = device;
    cudaMemPool_t pool = nullptr;
    DAA_CUDA_CHECK(cudaMemPoolCreate(&pool, &props));
    pool_.reset(pool);
    if (release_threshold_bytes == 0) return;
    DAA_CUDA_CHECK(cudaMemPoolSetAttribute(pool, cudaMemPoolAttrReleaseThreshold, &release_threshold_bytes));
  }

  [[nodiscard]] cudaMemPool_t handle() const noexcept { return pool_.get(); }

  [[nodiscard]] std::size_t bytes_mapped() const { return bench::bytes_mapped(handle()); }
  [[nodiscard]] std::size_t bytes_used() const { return bench::bytes_used(handle()); }

 private:
  struct Destroy {
    // Synchronises first: driver 580 crashes at the next synchronisation if a pool is destroyed while frees
    // of its memory are pending and memory is short.
    void operator()(cudaMemPool_t pool) const noexcept {
      static_cast<void>(cudaDeviceSynchronize());
      static_cast<void>(cudaMemPoolDestroy(pool));
    }
  };
  std::unique_ptr<std::remove_pointer_t<cudaMemPool_t>, Destroy> pool_;
};

inline constexpr std::uint64_t keep_all = std::numeric_limits<std::uint64_t>::max();

}  // namespace daa::bench
