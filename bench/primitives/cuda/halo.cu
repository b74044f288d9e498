#include <bit>

#include "daa/error.hpp"
#include "primitives/cuda/launch.cuh"
#include "primitives/primitives.hpp"

namespace daa::bench::primitives {

namespace {

__device__ float beyond(const float* halo, std::size_t place, float centre) {
  return halo != nullptr ? halo[place] : centre;
}

// The width is 2^width_bits: no cell divides.
__global__ void __launch_bounds__(block_threads)
    diffuse_cell(const float* in, Grid grid, unsigned width_bits, Halos halos, float* out) {
  const std::size_t i = thread_element();
  if (i >= grid.count) return;
  const std::size_t column = i & (grid.width - 1), row = i >> width_bits;
  const float centre = in[i];
  const float left = column > 0 ? in[i - 1] : beyond(halos.left, row, centre);
  const float right = column + 1 < grid.width ? in[i + 1] : beyond(halos.right, row, centre);
  const float up = row > 0 ? in[i - grid.width] : beyond(halos.up, column, centre);
  const float down = i + grid.width < grid.count ? in[i + grid.width] : beyond(halos.down, column, centre);
  out[i] = 0.5f * centre + 0.125f * ((left + right) + (up + down));
}

__global__ void __launch_bounds__(block_threads)
    pack_row(const float* in, std::size_t width, std::size_t rows, float* left, float* right) {
  const std::size_t row = thread_element();
  if (row >= rows) return;
  if (left != nullptr) left[row] = in[row * width];
  if (right != nullptr) right[row] = in[(row + 1) * width - 1];
}

}  // namespace

void diffuse_part(const float* in, Grid grid, const Halos& halos, float* out, cudaStream_t stream) {
  const auto width_bits = static_cast<unsigned>(std::countr_zero(grid.width));
  diffuse_cell<<<blocks_for(grid.count), block_threads, 0, stream>>>(in, grid, width_bits, halos, out);
  DAA_CUDA_CHECK(cudaGetLastError());
}

void pack_columns(const float* in, Grid grid, float* left, float* right, cudaStream_t stream) {
  const std::size_t rows = grid.count / grid.width;
  pack_row<<<blocks_for(rows), block_threads, 0, stream>>>(in, grid.width, rows, left, right);
  DAA_CUDA_CHECK(cudaGetLastError());
}

}  // namespace daa::bench::primitives
