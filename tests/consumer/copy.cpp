// Copies numbers to the device and back through scratch memory. Exits with 0, 1 (wrong) or 2 (no GPU).

#include <daa/device_async_arena.hpp>

#include <cstdio>
#include <exception>
#include <numeric>
#include <vector>

int main() try {
  int devices = 0;
  if (cudaGetDeviceCount(&devices) != cudaSuccess || devices == 0) return 2;

  std::vector<int> numbers(1000);
  std::iota(numbers.begin(), numbers.end(), 1);
  std::vector<int> copied(numbers.size());
  const std::size_t bytes = numbers.size() * sizeof(int);

  cudaStream_t stream = nullptr;
  DAA_CUDA_CHECK(cudaStreamCreate(&stream));
  {
    daa::DeviceAsyncArena scratch{stream};
    const auto there = daa::alloc<int>(scratch, numbers.size());
    DAA_CUDA_CHECK(cudaMemcpyAsync(there, numbers.data(), bytes, cudaMemcpyHostToDevice, stream));
    DAA_CUDA_CHECK(cudaMemcpyAsync(copied.data(), there, bytes, cudaMemcpyDeviceToHost, stream));
    scratch.reset();
  }
  DAA_CUDA_CHECK(cudaStreamSynchronize(stream));
  DAA_CUDA_CHECK(cudaStreamDestroy(stream));
  return copied == numbers ? 0 : 1;
} catch (const std::exception& error) {
  std::fprintf(stderr, "%s\n", error.what());
  return 1;
}
