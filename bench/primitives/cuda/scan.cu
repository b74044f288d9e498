#include <cub/device/device_scan.cuh>

#include "daa/error.hpp"
#include "primitives/cuda/launch.cuh"
#include "primitives/primitives.hpp"

namespace daa::bench::primitives {

namespace {

constexpr unsigned items = scan_tile / block_threads;  // consecutive elements a thread
static_assert(items == 8, "load() and store() move two vectors of four");

__device__ void load(const std::uint32_t* in, std::size_t first, std::size_t count,
                     std::uint32_t (&values)[items]) {
  if (first + items <= count) {
    const uint4 low = *reinterpret_cast<const uint4*>(in + first);
    const uint4 high = *reinterpret_cast<const uint4*>(in + first + 4);
    values[0] = low.x, values[1] = low.y, values[2] = low.z, values[3] = low.w;
    values[4] = high.x, values[5] = high.y, values[6] = high.z, values[7] = high.w;
  } else {
    for (unsigned k = 0; k < items; ++k) values[k] = first + k < count ? in[first + k] : 0;
  }
}

__device__ void store(std::uint32_t* out, std::size_t first, std::size_t count,
                      const std::uint32_t (&values)[items]) {
  if (first + items <= count) {
    *reinterpret_cast<uint4*>(out + first) = make_uint4(values[0], values[1], values[2], values[3]);
    *reinterpret_cast<uint4*>(out + first + 4) = make_uint4(values[4], values[5], values[6], values[7]);
  } else {
    for (unsigned k = 0; k < items; ++k) {
      if (first + k < count) out[first + k] = values[k];
    }
  }
}

/// The sum of `value` over the threads of the block before this one.
__device__ std::uint32_t block_prefix(std::uint32_t value) {
  constexpr unsigned warp = 32, warps = block_threads / warp;
  __shared__ std::uint32_t warp_sums[warps];
  const unsigned lane = threadIdx.x % warp, this_warp = threadIdx.x / warp;
  std::uint32_t inclusive = value;
  for (unsigned distance = 1; distance < warp; distance *= 2) {
    const std::uint32_t before = __shfl_up_sync(0xffffffffu, inclusive, distance);
    if (lane >= distance) inclusive += before;
  }
  if (lane == warp - 1) warp_sums[this_warp] = inclusive;
  __syncthreads();
  std::uint32_t prefix = inclusive - value;
  for (unsigned w = 0; w < this_warp; ++w) prefix += warp_sums[w];
  return prefix;
}

__global__ void __launch_bounds__(block_threads)
    sum_tile(const std::uint32_t* in, std::size_t count, std::uint32_t* tile_sums) {
  const std::size_t tile = std::size_t{blockIdx.x} * scan_tile;
  std::uint32_t sum = 0;
  for (unsigned k = 0; k < items; ++k) {
    const std::size_t i = tile + k * block_threads + threadIdx.x;
    if (i < count) sum += in[i];
  }
  sum = block_sum(sum);
  if (threadIdx.x == 0) tile_sums[blockIdx.x] = sum;
}

__global__ void __launch_bounds__(block_threads)
    scan_tile_from_offset(const std::uint32_t* in, std::size_t count, const std::uint32_t* tile_offsets,
                          std::uint32_t* out) {
  const std::size_t first = std::size_t{blockIdx.x} * scan_tile + threadIdx.x * items;
  std::uint32_t values[items];
  load(in, first, count, values);
  std::uint32_t sum = 0;
  for (const std::uint32_t value : values) sum += value;
  std::uint32_t running = tile_offsets[blockIdx.x] + block_prefix(sum);
  for (std::uint32_t& value : values) {
    const std::uint32_t next = running + value;
    value = running;
    running = next;
  }
  store(out, first, count, values);
}

}  // namespace

void exclusive_sum(Storage storage, const std::uint32_t* in, std::size_t count, std::uint32_t* out,
                   cudaStream_t stream) {
  DAA_CUDA_CHECK(cub::DeviceScan::ExclusiveSum(storage.data, storage.bytes, in, out,
                                               static_cast<std::uint32_t>(count), stream));
}

std::size_t exclusive_sum_storage_bytes(std::size_t count) {
  std::size_t bytes = 0;
  DAA_CUDA_CHECK(cub::DeviceScan::ExclusiveSum(nullptr, bytes, static_cast<const std::uint32_t*>(nullptr),
                                               static_cast<std::uint32_t*>(nullptr),
                                               static_cast<std::uint32_t>(count)));
  return bytes;
}

void sum_tiles(const std::uint32_t* in, std::size_t count, std::uint32_t* tile_sums, cudaStream_t stream) {
  const auto blocks = static_cast<unsigned>(tile_count(count));
  sum_tile<<<blocks, block_threads, 0, stream>>>(in, count, tile_sums);
  DAA_CUDA_CHECK(cudaGetLastError());
}

void exclusive_sum_tiles(const std::uint32_t* in, std::size_t count, const std::uint32_t* tile_offsets,
                         std::uint32_t* out, cudaStream_t stream) {
  const auto blocks = static_cast<unsigned>(tile_count(count));
  scan_tile_from_offset<<<blocks, block_threads, 0, stream>>>(in, count, tile_offsets, out);
  DAA_CUDA_CHECK(cudaGetLastError());
}

}  // namespace daa::bench::primitives
