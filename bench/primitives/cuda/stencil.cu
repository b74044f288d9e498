#include "daa/error.hpp"
#include "primitives/cuda/launch.cuh"
#include "primitives/primitives.hpp"

namespace daa::bench::primitives {

namespace {

struct Fields {
  const float* field[mean_fields];
};

__global__ void __launch_bounds__(block_threads) diffuse_cell(const float* in, Grid grid, float* out) {
  const std::size_t i = thread_element();
  if (i >= grid.count) return;
  const std::size_t column = i & (grid.width - 1);
  const float centre = in[i];
  const float left = column > 0 ? in[i - 1] : centre;
  const float right = column + 1 < grid.width && i + 1 < grid.count ? in[i + 1] : centre;
  const float up = i >= grid.width ? in[i - grid.width] : centre;
  const float down = i + grid.width < grid.count ? in[i + grid.width] : centre;
  out[i] = 0.5f * centre + 0.125f * ((left + right) + (up + down));
}

__global__ void __launch_bounds__(block_threads) mean_cell(Fields fields, std::size_t count, float* out) {
  const std::size_t i = thread_element();
  if (i >= count) return;
  float sum = 0;
  for (const float* const field : fields.field) sum += field[i];
  out[i] = sum * (1.0f / mean_fields);
}

}  // namespace

void diffuse(const float* in, Grid grid, float* out, cudaStream_t stream) {
  diffuse_cell<<<blocks_for(grid.count), block_threads, 0, stream>>>(in, grid, out);
  DAA_CUDA_CHECK(cudaGetLastError());
}

void mean(const std::array<const float*, mean_fields>& fields, std::size_t count, float* out,
          cudaStream_t stream) {
  Fields by_value;
  for (std::size_t k = 0; k < mean_fields; ++k) by_value.field[k] = fields[k];
  mean_cell<<<blocks_for(count), block_threads, 0, stream>>>(by_value, count, out);
  DAA_CUDA_CHECK(cudaGetLastError());
}

}  // namespace daa::bench::primitives
