#include "daa/error.hpp"
#include "primitives/cuda/launch.cuh"
#include "primitives/primitives.hpp"

namespace daa::bench::primitives {

namespace {

__global__ void __launch_bounds__(block_threads)
    flag_element(const std::uint32_t* in, std::size_t count, std::uint32_t threshold, std::uint32_t* flags) {
  const std::size_t i = thread_element();
  if (i <= count) flags[i] = i < count && in[i] < threshold ? 1 : 0;
}

__global__ void __launch_bounds__(block_threads)
    scatter_element(const std::uint32_t* in, std::size_t count, const std::uint32_t* flags,
                    const std::uint32_t* offsets, std::uint32_t* out, std::size_t out_count) {
  const std::size_t i = thread_element();
  if (i >= count || flags[i] != 1) return;
  const std::uint32_t offset = offsets[i];
  if (offset < out_count) out[offset] = in[i];
}

}  // namespace

void flag_below(const std::uint32_t* in, std::size_t count, std::uint32_t threshold, std::uint32_t* flags,
                cudaStream_t stream) {
  flag_element<<<blocks_for(count + 1), block_threads, 0, stream>>>(in, count, threshold, flags);
  DAA_CUDA_CHECK(cudaGetLastError());
}

void scatter_flagged(const std::uint32_t* in, std::size_t count, const std::uint32_t* flags,
                     const std::uint32_t* offsets, std::uint32_t* out, std::size_t out_count,
                     cudaStream_t stream) {
  scatter_element<<<blocks_for(count), block_threads, 0, stream>>>(in, count, flags, offsets, out, out_count);
  DAA_CUDA_CHECK(cudaGetLastError());
}

}  // namespace daa::bench::primitives
