#include <algorithm>
#include <vector>

#include "daa/error.hpp"
#include "primitives/primitives.hpp"

namespace daa::bench::primitives {

namespace {

// Memory that is taken so that others cannot have it.
struct Ballast {
  std::vector<void*> pieces;

  ~Ballast() {
    for (void* const piece : pieces) static_cast<void>(cudaFree(piece));
  }
};

std::size_t free_bytes() {
  std::size_t free = 0, total = 0;
  DAA_CUDA_CHECK(cudaMemGetInfo(&free, &total));
  return free;
}

}  // namespace

std::shared_ptr<void> limit_memory(std::size_t bytes) {
  if (bytes >= free_bytes()) return nullptr;
  auto ballast = std::make_shared<Ballast>();
  // In one piece as a rule; in smaller ones where the driver has none that large.
  for (std::size_t most = ~std::size_t{0};;) {
    const std::size_t free = free_bytes();
    const std::size_t excess = free > bytes ? (free - bytes) / memory_granularity * memory_granularity : 0;
    const std::size_t piece = std::min(most, excess);
    if (piece < memory_granularity) return ballast;
    ballast->pieces.push_back(nullptr);
    const cudaError_t error = cudaMalloc(&ballast->pieces.back(), piece);
    if (error == cudaSuccess) {
      // Mapping it takes memory as well.
      const std::size_t left = free_bytes();
      if (left >= bytes) continue;
      static_cast<void>(cudaFree(ballast->pieces.back()));
      ballast->pieces.pop_back();
      const std::size_t missing = (bytes - left + memory_granularity - 1) / memory_granularity;
      most = piece - std::min(piece, missing * memory_granularity);
      continue;
    }
    ballast->pieces.pop_back();
    if (error != cudaErrorMemoryAllocation) throw_if_failed(error, "cudaMalloc", __FILE__, __LINE__);
    static_cast<void>(cudaGetLastError());  // dealt with here
    most = piece / 2 / memory_granularity * memory_granularity;
  }
}

}  // namespace daa::bench::primitives
