// CUB takes its temporaries from an arena, in each form that the CCCL of this build supports.

#include <cub/device/device_reduce.cuh>
#include <cub/device/device_scan.cuh>
#if CCCL_VERSION >= 3005000
#include <cuda/buffer>
#endif

#include "phase_fixture.hpp"
#include "resource_concepts.hpp"

static_assert(CCCL_VERSION == DAA_EXPECTED_CCCL_VERSION,
              "CCCL on the include path differs from the one that CMake found");

namespace daa::test {
namespace {

class MemoryResource : public PhaseFixture {
  void SetUp() override {
    RecordProperty("cccl", CCCL_VERSION);
    std::cout << "CCCL " << CCCL_MAJOR_VERSION << "." << CCCL_MINOR_VERSION << "." << CCCL_PATCH_VERSION
              << std::endl;
    PhaseFixture::SetUp();
  }
};

TEST_F(MemoryResource, ServesBothCallsOfCub) {
  const ArenaResource resource = arena().resource();
  std::size_t asked = 0;
  DAA_CUDA_CHECK(cub::DeviceReduce::Sum(nullptr, asked, in, out, n, stream()));
  expect_temporaries_from_the_arena(asked, [&] {
    std::size_t bytes = asked;
    void* const temporary = resource.allocate(stream(), bytes);
    DAA_CUDA_CHECK(cub::DeviceReduce::Sum(temporary, bytes, in, out, n, stream()));
    resource.deallocate(stream(), temporary, bytes);
  });
  EXPECT_EQ(read_out(1).front(), sum());
}

#if CCCL_VERSION < 3001000
TEST_F(MemoryResource, ServesAnAsyncResourceRef) {
  ArenaResource resource = arena().resource();
  cuda::mr::async_resource_ref<cuda::mr::device_accessible> ref{resource};
  std::size_t asked = 0;
  DAA_CUDA_CHECK(cub::DeviceScan::ExclusiveSum(nullptr, asked, in, out, n, stream()));
  expect_temporaries_from_the_arena(asked, [&] {
    std::size_t bytes = asked;
    void* const temporary = ref.allocate_async(bytes, stream());
    DAA_CUDA_CHECK(cub::DeviceScan::ExclusiveSum(temporary, bytes, in, out, n, stream()));
    ref.deallocate_async(temporary, bytes, stream());
  });
  EXPECT_EQ(read_out(n), prefix_sums());
}
#endif

#if CCCL_VERSION >= 3001000
TEST_F(MemoryResource, IsAnEnvironmentOfCub) {
  expect_temporaries_from_the_arena(
      1, [&] { DAA_CUDA_CHECK(cub::DeviceReduce::Sum(in, out, n, arena().resource())); });
  EXPECT_EQ(read_out(1).front(), sum());
}

TEST_F(MemoryResource, IsAPartOfAnEnvironmentOfCub) {
  const cuda::std::execution::env environment{cuda::stream_ref{stream()}, arena().resource()};
  expect_temporaries_from_the_arena(1,
                                    [&] { DAA_CUDA_CHECK(cub::DeviceReduce::Sum(in, out, n, environment)); });
  EXPECT_EQ(read_out(1).front(), sum());
}

TEST_F(MemoryResource, WithoutItCubAllocatesFromThePool) {
  const cuda::std::execution::env environment{cuda::stream_ref{stream()}};
  EXPECT_GT(bytes_from_the_pool([&] { DAA_CUDA_CHECK(cub::DeviceReduce::Sum(in, out, n, environment)); }),
            0u);
  EXPECT_EQ(arena().stats().life.allocations, 0u);
}

TEST_F(MemoryResource, AnEnvironmentOnAForeignStreamIsRefused) {
  const cuda::std::execution::env environment{cuda::stream_ref{cudaStreamPerThread}, arena().resource()};
  EXPECT_EQ(cub::DeviceReduce::Sum(in, out, n, environment), cudaErrorMemoryAllocation);
  EXPECT_EQ(arena().stats().life.allocations, 0u);
}
#endif

#if CCCL_VERSION >= 3003000
TEST_F(MemoryResource, IsAnEnvironmentOfAScan) {
  expect_temporaries_from_the_arena(
      1, [&] { DAA_CUDA_CHECK(cub::DeviceScan::ExclusiveSum(in, out, n, arena().resource())); });
  EXPECT_EQ(read_out(n), prefix_sums());
}
#endif

#if CCCL_VERSION >= 3005000
TEST_F(MemoryResource, ServesACcclBuffer) {
  expect_temporaries_from_the_arena(n * sizeof(int), [&] {
    auto buffer = cuda::make_buffer<int>(cuda::stream_ref{stream()}, arena().resource(), n, cuda::no_init);
    DAA_CUDA_CHECK(cudaMemcpyAsync(buffer.data(), in, n * sizeof(int), cudaMemcpyDeviceToDevice, stream()));
    DAA_CUDA_CHECK(cudaMemcpyAsync(out, buffer.data(), n * sizeof(int), cudaMemcpyDeviceToDevice, stream()));
  });
  EXPECT_EQ(read_out(n), host_in);
}
#endif

}  // namespace
}  // namespace daa::test
