// The API as users write it: both examples of the specification, word for word, and the ways to pass a view
// to a kernel.

#include <cuda/std/span>
#include <span>
#include <type_traits>

#include "daa/device_async_arena.hpp"
#include "stream_fixture.hpp"

namespace daa::test {
namespace {

class SeedApi : public StreamFixture {};

constexpr std::size_t n = 1000, m = 500;

__global__ void kernel(float* a, int* b) {
  for (std::size_t i = threadIdx.x; i < n; i += blockDim.x) a[i] = static_cast<float>(i);
  for (std::size_t i = threadIdx.x; i < m; i += blockDim.x) b[i] = -static_cast<int>(i);
}
__global__ void kernel(DeviceBufferView<float> view) {
  for (std::size_t i = threadIdx.x; i < view.size(); i += blockDim.x) view[i] = static_cast<float>(i);
}
__global__ void set_bytes(void* bytes, const void* from, std::size_t count) {
  const auto* const read = static_cast<const unsigned char*>(from);
  for (std::size_t i = threadIdx.x; i < count; i += blockDim.x)
    static_cast<unsigned char*>(bytes)[i] = read[i];
}
__global__ void fill_span(cuda::std::span<float> span) {
  for (std::size_t i = threadIdx.x; i < span.size(); i += blockDim.x) span[i] = static_cast<float>(i);
}
__global__ void sum_view(DeviceBufferView<const float> view, float* sum) {
  float total = 0;
  for (const float x : view) total += x;
  *sum = total;
}
__global__ void sum_span(cuda::std::span<const float> span, float* sum) {
  float total = 0;
  for (const float x : span) total += x;
  *sum = total;
}

TEST_F(SeedApi, TheFirstExampleRunsAsWritten) {
  const cudaStream_t stream = this->stream();
  const dim3 grid{1}, block{128};

  DeviceAsyncArena scratch{stream};

  auto tmpA = alloc<float>(scratch, n);
  auto tmpB = alloc<int>(scratch, m);

  kernel<<<grid, block, 0, stream>>>(tmpA, tmpB);
  DAA_CUDA_CHECK(cudaGetLastError());
  std::vector<float> a(n);
  std::vector<int> b(m);
  DAA_CUDA_CHECK(cudaMemcpyAsync(a.data(), tmpA, tmpA.size_bytes(), cudaMemcpyDeviceToHost, stream));
  DAA_CUDA_CHECK(cudaMemcpyAsync(b.data(), tmpB, tmpB.size_bytes(), cudaMemcpyDeviceToHost, stream));

  scratch.reset();  // async, stream-ordered

  DAA_CUDA_CHECK(cudaStreamSynchronize(stream));
  for (std::size_t i = 0; i < n; ++i) ASSERT_EQ(a[i], static_cast<float>(i));
  for (std::size_t i = 0; i < m; ++i) ASSERT_EQ(b[i], -static_cast<int>(i));
}

TEST_F(SeedApi, TheDestructorFreesTheScratch) {
  const cudaStream_t stream = this->stream();
  std::vector<float> result(n);
  {
    DeviceAsyncArena scratch{stream};
    auto tmp = alloc<float>(scratch, n);
    kernel<<<1, 128, 0, stream>>>(tmp);
    DAA_CUDA_CHECK(cudaGetLastError());
    DAA_CUDA_CHECK(cudaMemcpyAsync(result.data(), tmp, tmp.size_bytes(), cudaMemcpyDeviceToHost, stream));
  }  // frees enqueued asynchronously
  DAA_CUDA_CHECK(cudaStreamSynchronize(stream));
  for (std::size_t i = 0; i < n; ++i) ASSERT_EQ(result[i], static_cast<float>(i));
}

TEST_F(SeedApi, AKernelTakesAViewAsAnyPointer) {
  DeviceAsyncArena scratch{stream()};
  const auto from = alloc<float>(scratch, n);
  const auto to = alloc<int>(scratch, n);
  kernel<<<1, 128, 0, stream()>>>(from);
  DAA_CUDA_CHECK(cudaGetLastError());
  set_bytes<<<1, 128, 0, stream()>>>(to, from, to.size_bytes());
  DAA_CUDA_CHECK(cudaGetLastError());
  std::vector<float> result(n);
  DAA_CUDA_CHECK(cudaMemcpyAsync(result.data(), to, to.size_bytes(), cudaMemcpyDeviceToHost, stream()));
  DAA_CUDA_CHECK(cudaStreamSynchronize(stream()));
  for (std::size_t i = 0; i < n; ++i) ASSERT_EQ(result[i], static_cast<float>(i));
}

TEST_F(SeedApi, AKernelTakesAViewAsPointerViewSpanAndConst) {
  DeviceAsyncArena scratch{stream()};
  auto view = alloc<float>(scratch, 100);
  auto sums = alloc<float>(scratch, 2);
  const float expected = 4950.0f;

  fill_span<<<1, 32, 0, stream()>>>(view);
  DAA_CUDA_CHECK(cudaGetLastError());
  sum_view<<<1, 1, 0, stream()>>>(view, sums);
  DAA_CUDA_CHECK(cudaGetLastError());
  sum_span<<<1, 1, 0, stream()>>>(view, sums + 1);
  DAA_CUDA_CHECK(cudaGetLastError());
  float result[2] = {};
  DAA_CUDA_CHECK(cudaMemcpyAsync(result, sums, sizeof(result), cudaMemcpyDeviceToHost, stream()));
  DAA_CUDA_CHECK(cudaStreamSynchronize(stream()));
  EXPECT_EQ(result[0], expected);
  EXPECT_EQ(result[1], expected);

  fill_span<<<1, 32, 0, stream()>>>(alloc<float>(scratch, 100));  // from an rvalue view too
  DAA_CUDA_CHECK(cudaGetLastError());
}

using View = DeviceBufferView<float>;
using ConstView = DeviceBufferView<const float>;
static_assert(std::is_trivially_copyable_v<View>);
static_assert(std::is_same_v<decltype(View{}[std::int64_t{1}]), float&> &&
              std::is_same_v<decltype(View{}[std::size_t{1}]), float&> &&
              std::is_same_v<decltype(View{}[1]), float&>);
static_assert(std::is_convertible_v<View, float*> && !std::is_convertible_v<ConstView, float*>);
static_assert(std::is_convertible_v<View, ConstView> && !std::is_convertible_v<ConstView, View>);
static_assert(!std::is_convertible_v<DeviceBufferView<int>, View>);
static_assert(std::is_convertible_v<View, cuda::std::span<float>>);
static_assert(std::is_convertible_v<View, cuda::std::span<const float>>);
static_assert(std::is_convertible_v<View&, cuda::std::span<float>>);
static_assert(std::is_convertible_v<const View&, cuda::std::span<float>>);
static_assert(std::is_convertible_v<const View&, cuda::std::span<const float>>);
static_assert(std::is_convertible_v<View, std::span<float>> &&
              std::is_convertible_v<View&, std::span<float>>);
static_assert(std::is_convertible_v<const View&, std::span<const float>>);
static_assert(std::is_constructible_v<std::span<float>, const View&>);
static_assert(std::is_convertible_v<ConstView, cuda::std::span<const float>>);
static_assert(!std::is_convertible_v<ConstView, cuda::std::span<float>>);

}  // namespace
}  // namespace daa::test
