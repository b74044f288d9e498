// A 2-D heat solver that reads its residual after every step, and so synchronises with each phase.
//
//   build/release/bin/heat_2d [picture.ppm]        default: heat.ppm
//
// Advances the heat equation by explicit steps on a plate whose rim has fixed temperatures, until the root
// mean square of the residual is small. Verifies field and residual against a CPU reference with the same
// number of steps. Exits with 0 if they are right and the picture is written, 1 if not, 2 without a GPU.
//
// Shows: one phase per step, reset() before the synchronisation, and no CUDA call for memory after the second
// step (except with DAA_SANITIZER=1). CUDA calls involved: cudaMallocAsync, cudaFreeAsync and
// cudaStreamGetCaptureInfo by the arena; cudaMemcpyAsync and cudaStreamSynchronize in each step.

#include <cuda_runtime.h>

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <cstdio>
#include <filesystem>
#include <iterator>
#include <stdexcept>
#include <string>
#include <vector>

#include "daa/device_async_arena.hpp"

namespace {

using daa::alloc;
using daa::DeviceAsyncArena;

constexpr int width = 256, height = 192, cells = width * height;
constexpr int block = 256, grid = (cells + block - 1) / block;
constexpr float coldest = 20, hottest = 100;  // degrees
constexpr float rate = 0.125f;                // fraction of the residual per step; stable up to 0.25
constexpr double tolerance = 0.01;            // degrees
constexpr int most_steps = 20'000;

// Cold, except for three heat waves along the rim.
std::vector<float> initial_field() {
  std::vector<float> field(cells, coldest);
  for (int i = 0; i < cells; ++i) {
    const int x = i % width, y = i / width;
    if (x > 0 && x < width - 1 && y > 0 && y < height - 1) continue;
    const double angle = std::atan2(y - (height - 1) / 2.0, x - (width - 1) / 2.0);
    field[i] = static_cast<float>(coldest + (hottest - coldest) * (0.5 + 0.5 * std::sin(3 * angle)));
  }
  return field;
}

// --- CPU reference ---

// Advances `field` by one step; returns the residual before it.
double reference_step(std::vector<float>& field, std::vector<float>& residual) {
  double squares = 0;
  for (int y = 1; y < height - 1; ++y) {
    for (int i = y * width + 1; i < y * width + width - 1; ++i) {
      residual[i] = ((field[i - 1] + field[i + 1]) + (field[i - width] + field[i + width])) - 4 * field[i];
      squares += static_cast<double>(residual[i]) * residual[i];
    }
  }
  for (int i = 0; i < cells; ++i) field[i] += rate * residual[i];
  return std::sqrt(squares / cells);
}

// --- kernels ---

// Returns the sum over the thread block in thread 0.
__device__ double sum_of_block(double value) {
  __shared__ double sums[block];
  sums[threadIdx.x] = value;
  __syncthreads();
  for (unsigned half = block / 2; half > 0; half /= 2) {
    if (threadIdx.x < half) sums[threadIdx.x] += sums[threadIdx.x + half];
    __syncthreads();
  }
  return sums[0];
}

__global__ void find_residual(const float* field, float* residual, double* block_squares) {
  const int i = static_cast<int>(blockIdx.x * block + threadIdx.x);
  const int x = i % width, y = i / width;
  float r = 0;
  if (x > 0 && x < width - 1 && y > 0 && y < height - 1) {
    r = ((field[i - 1] + field[i + 1]) + (field[i - width] + field[i + width])) - 4 * field[i];
  }
  if (i < cells) residual[i] = r;
  const double squares = sum_of_block(static_cast<double>(r) * r);
  if (threadIdx.x == 0) block_squares[blockIdx.x] = squares;
}

// Runs in one thread block.
__global__ void sum_blocks(const double* block_squares, double* squares) {
  double mine = 0;
  for (int i = static_cast<int>(threadIdx.x); i < grid; i += block) mine += block_squares[i];
  const double sum = sum_of_block(mine);
  if (threadIdx.x == 0) *squares = sum;
}

__global__ void advance(const float* residual, float* field) {
  const int i = static_cast<int>(blockIdx.x * block + threadIdx.x);
  if (i < cells) field[i] += rate * residual[i];
}

// --- one phase ---

// Returns the residual before the step.
double step(DeviceAsyncArena& scratch, float* field) {
  const cudaStream_t stream = scratch.stream();
  auto residual = alloc<float>(scratch, cells);
  auto block_squares = alloc<double>(scratch, grid);
  auto squares = alloc<double>(scratch, 1);
  find_residual<<<grid, block, 0, stream>>>(field, residual, block_squares);
  DAA_CUDA_CHECK(cudaGetLastError());
  sum_blocks<<<1, block, 0, stream>>>(block_squares, squares);
  DAA_CUDA_CHECK(cudaGetLastError());
  advance<<<grid, block, 0, stream>>>(residual, field);
  DAA_CUDA_CHECK(cudaGetLastError());
  double sum = 0;
  DAA_CUDA_CHECK(cudaMemcpyAsync(&sum, squares, sizeof sum, cudaMemcpyDeviceToHost, stream));
  scratch.reset();                                // after the copy in stream order
  DAA_CUDA_CHECK(cudaStreamSynchronize(stream));  // the host reads the residual
  return std::sqrt(sum / cells);
}

// --- the picture ---

// Writes a binary PPM in the viridis colours, whose lightness increases, so that colour-blind readers can
// tell them apart. The file appears under its name only when it is complete.
void write_picture(const std::string& path, const std::vector<float>& field) {
  constexpr double anchors[][3] = {{68, 1, 84},    {70, 50, 127},  {54, 92, 141},  {39, 127, 142},
                                   {31, 161, 135}, {74, 193, 109}, {160, 218, 57}, {253, 231, 37}};
  constexpr int last = static_cast<int>(std::size(anchors)) - 1;
  std::string image = "P6\n" + std::to_string(width) + " " + std::to_string(height) + "\n255\n";
  for (const float t : field) {
    const double at = std::clamp((t - coldest) / (hottest - coldest), 0.0f, 1.0f) * last;
    const int k = std::min(static_cast<int>(at), last - 1);
    for (int c = 0; c < 3; ++c) {
      image += static_cast<char>(std::lround(anchors[k][c] + (at - k) * (anchors[k + 1][c] - anchors[k][c])));
    }
  }
  const std::string partial = path + ".partial";
  std::FILE* const file = std::fopen(partial.c_str(), "wb");
  const bool written = file != nullptr && std::fwrite(image.data(), image.size(), 1, file) == 1;
  std::error_code error{written ? 0 : errno, std::generic_category()};
  if (file != nullptr && std::fclose(file) != 0 && !error) error = {errno, std::generic_category()};
  if (!error) std::filesystem::rename(partial, path, error);
  if (!error) return;
  if (file != nullptr) std::remove(partial.c_str());
  throw std::runtime_error("heat_2d: cannot write the picture " + path + ": " + error.message());
}

int run(const std::string& picture) {
  std::vector<float> expected = initial_field(), field(cells), residual(cells);
  const std::size_t bytes = cells * sizeof(float);
  cudaStream_t stream = nullptr;
  float* device_field = nullptr;
  DAA_CUDA_CHECK(cudaStreamCreate(&stream));
  DAA_CUDA_CHECK(cudaMalloc(reinterpret_cast<void**>(&device_field), bytes));
  DAA_CUDA_CHECK(cudaMemcpyAsync(device_field, expected.data(), bytes, cudaMemcpyHostToDevice, stream));

  daa::ArenaStats after_two_steps, stats;
  double norm = 0;
  int steps = 0;
  {
    DeviceAsyncArena scratch{stream};
    do {
      norm = step(scratch, device_field);
      if (++steps == 2) after_two_steps = scratch.stats();
    } while (norm > tolerance && steps < most_steps);
    stats = scratch.stats();
  }
  DAA_CUDA_CHECK(cudaMemcpyAsync(field.data(), device_field, bytes, cudaMemcpyDeviceToHost, stream));
  DAA_CUDA_CHECK(cudaStreamSynchronize(stream));
  DAA_CUDA_CHECK(cudaFree(device_field));
  DAA_CUDA_CHECK(cudaStreamDestroy(stream));
  std::printf("%d steps to a residual of %.6f: %zu CUDA calls for memory, %zu bytes reserved, %zu used\n",
              steps, norm, stats.runtime_calls, stats.bytes_reserved, stats.high_water_bytes);

  // The fields must be equal: 4 * field and rate * residual are exact in binary, so it makes no difference
  // whether a compiler fuses these products with their sums. The residual is a sum of 49,152 squares in
  // another order; each order has a relative error below 49,152 * 2^-53 < 1e-11.
  double expected_norm = 0;
  for (int k = 0; k < steps; ++k) expected_norm = reference_step(expected, residual);
  const auto wrong = std::mismatch(field.begin(), field.end(), expected.begin());
  if (wrong.first != field.end()) {
    std::printf("wrong: cell %td is %.9g, expected %.9g\n", wrong.first - field.begin(), *wrong.first,
                *wrong.second);
  } else if (!(norm <= tolerance && std::abs(norm - expected_norm) <= 1e-10 * expected_norm)) {
    std::printf("wrong: the residual is %.17g, expected %.17g, under %g\n", norm, expected_norm, tolerance);
  } else if (stats.runtime_calls != after_two_steps.runtime_calls) {
    std::printf("wrong: %zu CUDA calls for memory after two steps, %zu at the end\n",
                after_two_steps.runtime_calls, stats.runtime_calls);
  } else {
    write_picture(picture, field);
    std::printf("written: %s\nverified: %d cells\n", picture.c_str(), cells);
    return 0;
  }
  return 1;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc > 2 || (argc == 2 && argv[1][0] == '-')) {
    std::fprintf(stderr, "heat_2d: unknown argument %s; usage: heat_2d [picture.ppm]\n", argv[argc - 1]);
    return 1;
  }
  int count = 0;
  const cudaError_t found = cudaGetDeviceCount(&count);
  if (found == cudaErrorNoDevice || found == cudaErrorInsufficientDriver) {
    std::printf("waived: no GPU: %s\n", cudaGetErrorString(found));
    return 2;
  }
  try {
    DAA_CUDA_CHECK(found);
    return run(argc == 2 ? argv[1] : "heat.ppm");
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
}
