// The library on one page: temporaries for two kernels, freed in stream order, phase after phase.
//
//   build/release/bin/scratch_example
//
// Scales a vector and counts its elements per bucket in scratch memory, then combines both into the result.
// Verifies against a CPU reference. Exits with 0 if it is right, 1 if it is wrong, 2 without a GPU.
//
// Shows: DeviceAsyncArena, alloc<T>, views passed to kernels, reset() as the end of a phase, the destructor
// as the end of scratch memory. CUDA calls involved: cudaMallocAsync, cudaFreeAsync and
// cudaStreamGetCaptureInfo by the arena; no synchronisation until the result is read.

#include <cuda_runtime.h>

#include <cstdio>
#include <vector>

#include "daa/device_async_arena.hpp"

namespace {

using daa::alloc;
using daa::DeviceAsyncArena;
using daa::DeviceBufferView;

constexpr int buckets = 16;
constexpr int block = 256;

// --- CPU reference ---

std::vector<float> reference(const std::vector<float>& in) {
  std::vector<int> counts(buckets, 0);
  for (const float x : in) ++counts[static_cast<int>(x * buckets)];
  std::vector<float> out(in.size());
  for (std::size_t i = 0; i < in.size(); ++i) {
    out[i] = 2.0f * in[i] + static_cast<float>(counts[static_cast<int>(in[i] * buckets)]);
  }
  return out;
}

// --- kernels: take scratch memory as a pointer or as a view ---

__global__ void scale_and_count(const float* in, std::size_t n, float* scaled, DeviceBufferView<int> counts) {
  const std::size_t i = blockIdx.x * std::size_t{block} + threadIdx.x;
  if (i >= n) return;
  scaled[i] = 2.0f * in[i];
  atomicAdd(&counts[static_cast<std::size_t>(in[i] * buckets)], 1);
}

__global__ void combine(const float* in, DeviceBufferView<const float> scaled,
                        DeviceBufferView<const int> counts, float* out) {
  const std::size_t i = blockIdx.x * std::size_t{block} + threadIdx.x;
  if (i >= scaled.size()) return;
  out[i] = scaled[i] + static_cast<float>(counts[static_cast<std::size_t>(in[i] * buckets)]);
}

// --- one phase ---

void run_phase(DeviceAsyncArena& scratch, const float* in, std::size_t n, float* out) {
  const cudaStream_t stream = scratch.stream();
  const auto grid = static_cast<unsigned>((n + block - 1) / block);

  auto scaled = alloc<float>(scratch, n);
  auto counts = alloc<int>(scratch, buckets);
  DAA_CUDA_CHECK(cudaMemsetAsync(counts, 0, counts.size_bytes(), stream));
  scale_and_count<<<grid, block, 0, stream>>>(in, n, scaled, counts);
  DAA_CUDA_CHECK(cudaGetLastError());
  combine<<<grid, block, 0, stream>>>(in, scaled, counts, out);
  DAA_CUDA_CHECK(cudaGetLastError());
}

int run() {
  const std::size_t n = 1'000'003;
  std::vector<float> in(n), out(n);
  for (std::size_t i = 0; i < n; ++i) in[i] = static_cast<float>(i * 7919 % 100'003) / 100'003.0f;

  cudaStream_t stream = nullptr;
  float *device_in = nullptr, *device_out = nullptr;
  DAA_CUDA_CHECK(cudaStreamCreate(&stream));
  DAA_CUDA_CHECK(cudaMalloc(reinterpret_cast<void**>(&device_in), n * sizeof(float)));
  DAA_CUDA_CHECK(cudaMalloc(reinterpret_cast<void**>(&device_out), n * sizeof(float)));
  DAA_CUDA_CHECK(cudaMemcpyAsync(device_in, in.data(), n * sizeof(float), cudaMemcpyHostToDevice, stream));

  {
    DeviceAsyncArena scratch{stream};
    for (int phase = 0; phase < 100; ++phase) {
      run_phase(scratch, device_in, n, device_out);
      scratch.reset();  // asynchronous, in stream order
    }
    const daa::ArenaStats stats = scratch.stats();
    std::printf(
        "100 phases of 2 allocations: %zu CUDA calls for memory, %zu bytes reserved, high-water mark %zu\n",
        stats.runtime_calls, stats.bytes_reserved, stats.high_water_bytes);
  }  // the frees are enqueued; nothing waits

  DAA_CUDA_CHECK(cudaMemcpyAsync(out.data(), device_out, n * sizeof(float), cudaMemcpyDeviceToHost, stream));
  DAA_CUDA_CHECK(cudaStreamSynchronize(stream));
  DAA_CUDA_CHECK(cudaFree(device_in));
  DAA_CUDA_CHECK(cudaFree(device_out));
  DAA_CUDA_CHECK(cudaStreamDestroy(stream));

  const std::vector<float> expected = reference(in);
  for (std::size_t i = 0; i < n; ++i) {
    if (out[i] != expected[i]) {
      std::printf("wrong: element %zu is %g, expected %g\n", i, out[i], expected[i]);
      return 1;
    }
  }
  std::printf("verified: %zu elements\n", n);
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc > 1) {
    std::fprintf(stderr, "scratch_example: unknown argument %s; it takes none\n", argv[1]);
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
    return run();
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
}
