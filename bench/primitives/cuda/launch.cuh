// Grid sizes, and sums over a block of threads.
#pragma once

#include <cstddef>

namespace daa::bench::primitives {

inline constexpr unsigned block_threads = 256;

/// Blocks for one thread an element. Below 2^31 for every count up to max_count.
inline unsigned blocks_for(std::size_t count) {
  return static_cast<unsigned>((count + block_threads - 1) / block_threads);
}

/// This thread's element in a grid of blocks_for() blocks; beyond the last for some threads of the last
/// block.
__device__ inline std::size_t thread_element() {
  return std::size_t{blockIdx.x} * block_threads + threadIdx.x;
}

/// The sum of `value` over the block's block_threads threads, in thread 0; undefined in the others. Once a
/// kernel: its shared memory is not guarded for a second use.
template <class T>
__device__ T block_sum(T value) {
  constexpr unsigned warp = 32, warps = block_threads / warp, all_lanes = 0xffffffffu;
  __shared__ T warp_sums[warps];
  for (unsigned distance = warp / 2; distance > 0; distance /= 2) {
    value += __shfl_down_sync(all_lanes, value, distance);
  }
  if (threadIdx.x % warp == 0) warp_sums[threadIdx.x / warp] = value;
  __syncthreads();
  if (threadIdx.x < warp) {
    value = threadIdx.x < warps ? warp_sums[threadIdx.x] : T{0};
    for (unsigned distance = warps / 2; distance > 0; distance /= 2) {
      value += __shfl_down_sync(all_lanes, value, distance);
    }
  }
  return value;
}

}  // namespace daa::bench::primitives
