#include "daa/error.hpp"
#include "primitives/cuda/launch.cuh"
#include "primitives/primitives.hpp"

namespace daa::bench::primitives {

namespace {

__global__ void __launch_bounds__(block_threads)
    take_sample(const std::uint32_t* in, std::size_t count, std::uint32_t* samples,
                std::size_t samples_count) {
  const std::size_t i = thread_element();
  if (i < samples_count) samples[i] = in[i * count / samples_count];
}

/// The first of the keys that is at least `bound`. Within 0 and `count` whatever the keys are.
__device__ std::size_t lower_bound(const std::uint32_t* keys, std::size_t count, std::uint32_t bound) {
  std::size_t begin = 0;
  while (count > 0) {
    const std::size_t half = count / 2;
    if (keys[begin + half] < bound) {
      begin += half + 1;
      count -= half + 1;
    } else {
      count = half;
    }
  }
  return begin;
}

// A thread a part, in one block; part p begins where the thread finds it.
__global__ void __launch_bounds__(max_parts)
    count_part(const std::uint32_t* keys, std::size_t count, const std::uint32_t* splitters,
               std::size_t stride, std::uint32_t* counts) {
  const unsigned part = threadIdx.x, parts = blockDim.x;
  __shared__ std::size_t begins[max_parts + 1];
  begins[part] = part == 0 ? 0 : lower_bound(keys, count, splitters[part * stride]);
  if (part == 0) begins[parts] = count;
  __syncthreads();
  counts[part] = static_cast<std::uint32_t>(begins[part + 1] - begins[part]);
}

}  // namespace

void take_samples(const std::uint32_t* in, std::size_t count, std::uint32_t* samples,
                  std::size_t samples_count, cudaStream_t stream) {
  take_sample<<<blocks_for(samples_count), block_threads, 0, stream>>>(in, count, samples, samples_count);
  DAA_CUDA_CHECK(cudaGetLastError());
}

void count_parts(const std::uint32_t* keys, std::size_t count, const std::uint32_t* splitters,
                 std::size_t stride, std::size_t parts, std::uint32_t* counts, cudaStream_t stream) {
  count_part<<<1, static_cast<unsigned>(parts), 0, stream>>>(keys, count, splitters, stride, counts);
  DAA_CUDA_CHECK(cudaGetLastError());
}

}  // namespace daa::bench::primitives
