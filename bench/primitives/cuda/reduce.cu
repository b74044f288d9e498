#include <cub/device/device_reduce.cuh>

#include "daa/error.hpp"
#include "primitives/cuda/launch.cuh"
#include "primitives/primitives.hpp"

namespace daa::bench::primitives {

namespace {

__global__ void __launch_bounds__(block_threads)
    sum_squares_of_share(const std::uint32_t* in, std::size_t count, std::uint64_t* partials) {
  const std::size_t stride = std::size_t{gridDim.x} * block_threads;
  std::uint64_t sum = 0;
  for (std::size_t i = thread_element(); i < count; i += stride) sum += std::uint64_t{in[i]} * in[i];
  sum = block_sum(sum);
  if (threadIdx.x == 0) partials[blockIdx.x] = sum;
}

__global__ void __launch_bounds__(block_threads)
    sum_in_one_block(const std::uint64_t* partials, std::size_t count, std::uint64_t* out) {
  std::uint64_t sum = 0;
  for (std::size_t i = threadIdx.x; i < count; i += block_threads) sum += partials[i];
  sum = block_sum(sum);
  if (threadIdx.x == 0) *out = sum;
}

__global__ void __launch_bounds__(block_threads)
    square_each(const std::uint32_t* in, std::size_t count, std::uint64_t* out) {
  const std::size_t i = thread_element();
  if (i < count) out[i] = std::uint64_t{in[i]} * in[i];
}

}  // namespace

void sum_squares_to_partials(const std::uint32_t* in, std::size_t count, std::uint64_t* partials,
                             cudaStream_t stream) {
  const auto blocks = static_cast<unsigned>(partial_count(count));
  sum_squares_of_share<<<blocks, block_threads, 0, stream>>>(in, count, partials);
  DAA_CUDA_CHECK(cudaGetLastError());
}

void sum_partials(const std::uint64_t* partials, std::size_t partials_count, std::uint64_t* out,
                  cudaStream_t stream) {
  sum_in_one_block<<<1, block_threads, 0, stream>>>(partials, partials_count, out);
  DAA_CUDA_CHECK(cudaGetLastError());
}

// The type of the output is the type in which CUB accumulates: 64 bits, so nothing wraps.
void sum(Storage storage, const std::uint32_t* in, std::size_t count, std::uint64_t* out,
         cudaStream_t stream) {
  DAA_CUDA_CHECK(cub::DeviceReduce::Sum(storage.data, storage.bytes, in, out,
                                        static_cast<std::uint32_t>(count), stream));
}

std::size_t sum_storage_bytes(std::size_t count) {
  std::size_t bytes = 0;
  DAA_CUDA_CHECK(cub::DeviceReduce::Sum(nullptr, bytes, static_cast<const std::uint32_t*>(nullptr),
                                        static_cast<std::uint64_t*>(nullptr),
                                        static_cast<std::uint32_t>(count)));
  return bytes;
}

void square(const std::uint32_t* in, std::size_t count, std::uint64_t* out, cudaStream_t stream) {
  square_each<<<blocks_for(count), block_threads, 0, stream>>>(in, count, out);
  DAA_CUDA_CHECK(cudaGetLastError());
}

}  // namespace daa::bench::primitives
