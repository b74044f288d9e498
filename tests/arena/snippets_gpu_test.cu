// The C++ snippets of README.md and arena/README.md; tests/scripts/snippets_test.py compares them.

#include <daa/device_async_arena.hpp>

#include <daa/arena_pool.hpp>

#include "stream_fixture.hpp"

namespace {

__global__ void square(const float* in, float* out, std::size_t n) {
  const std::size_t i = blockIdx.x * std::size_t{blockDim.x} + threadIdx.x;
  if (i < n) out[i] = in[i] * in[i];
}

__global__ void add(const float* a, const float* b, float* out, std::size_t n) {
  const std::size_t i = blockIdx.x * std::size_t{blockDim.x} + threadIdx.x;
  if (i < n) out[i] = a[i] + b[i];
}

__global__ void average(const float* in, float* out, std::size_t n) {
  const std::size_t i = blockIdx.x * std::size_t{blockDim.x} + threadIdx.x;
  if (i < n) out[i] = in[i] / 2;
}

__global__ void kernel(float* a, int* b) {
  a[threadIdx.x] = 1;
  b[threadIdx.x] = 2;
}

// clang-format off
void step(daa::DeviceAsyncArena& scratch, const float* in, float* out, std::size_t n) {
  auto squares = daa::alloc<float>(scratch, n);  // DeviceBufferView<float>
  auto sums = daa::alloc<float>(scratch, n);

  const auto blocks = static_cast<unsigned>((n + 255) / 256);
  square<<<blocks, 256, 0, scratch.stream()>>>(in, squares, n);
  add<<<blocks, 256, 0, scratch.stream()>>>(in, squares, sums, n);
  average<<<blocks, 256, 0, scratch.stream()>>>(sums, out, n);

  scratch.reset();  // asynchronous, in stream order: the memory serves the next phase
}
// clang-format on

class Snippets : public daa::test::StreamFixture {};

TEST_F(Snippets, OfTheReadmeComputesItsResult) {
  constexpr std::size_t n = 1000;
  daa::DeviceAsyncArena outside{stream()}, scratch{stream()};
  auto in = daa::alloc<float>(outside, n);
  auto out = daa::alloc<float>(outside, n);
  std::vector<float> values(n), results(n);
  for (std::size_t i = 0; i < n; ++i) values[i] = static_cast<float>(i % 7);
  DAA_CUDA_CHECK(cudaMemcpyAsync(in, values.data(), in.size_bytes(), cudaMemcpyHostToDevice, stream()));
  step(scratch, in, out, n);
  DAA_CUDA_CHECK(cudaGetLastError());
  DAA_CUDA_CHECK(cudaMemcpyAsync(results.data(), out, out.size_bytes(), cudaMemcpyDeviceToHost, stream()));
  DAA_CUDA_CHECK(cudaStreamSynchronize(stream()));
  for (std::size_t i = 0; i < n; ++i) ASSERT_EQ(results[i], (values[i] + values[i] * values[i]) / 2) << i;
}

TEST_F(Snippets, OfTheManualRuns) {
  const std::size_t n = 256, m = 256;
  const unsigned blocks = 1;
  const cudaStream_t stream = this->stream();
  // clang-format off
daa::DeviceAsyncArena scratch{stream};

auto a = daa::alloc<float>(scratch, n);  // DeviceBufferView<float>
auto b = daa::alloc<int>(scratch, m);

kernel<<<blocks, 256, 0, stream>>>(a, b);  // as float*, as the view, as cuda::std::span<float>

{
  daa::ArenaScope scope{scratch};  // a nested phase
  auto inner = daa::alloc<float>(scratch, n);
  kernel<<<blocks, 256, 0, stream>>>(inner, b);
}  // inner is free again here; a and b are not

scratch.recycle(a);  // frees one allocation early

daa::ArenaPool pool;  // <daa/arena_pool.hpp>; used by any number of threads

{
  auto lease = pool.lease(stream);  // an arena for this stream: the one that it had before, if there is one
  auto tmp = daa::alloc<float>(*lease, n);
  kernel<<<blocks, 256, 0, stream>>>(tmp, b);
}  // the phase ends in stream order, and the arena returns to the pool

pool.release(stream);  // frees its memory; before cudaStreamDestroy()

scratch.reset();  // asynchronous, in stream order: the memory serves the next phase
  // clang-format on
  EXPECT_EQ(cudaGetLastError(), cudaSuccess);
}

}  // namespace
