// Thrust's algorithms take their temporaries from an arena. The C++ snippet of arena/README.md that needs
// CCCL is here too; tests/scripts/snippets_test.py compares it.

#define THRUST_FORCE_32_BIT_OFFSET_TYPE  // halves the number of kernels to compile
// clang-format off
#include <daa/memory_resource.hpp>  // the one header that includes CCCL
#include <daa/thrust_allocator.hpp>
// clang-format on
#include <thrust/execution_policy.h>
#include <thrust/reduce.h>
#include <thrust/scan.h>
#include <thrust/sort.h>

#include <algorithm>
#include <iostream>

#include "phase_fixture.hpp"

static_assert(CCCL_VERSION == DAA_EXPECTED_CCCL_VERSION,
              "CCCL on the include path differs from the one that CMake found");

namespace daa::test {
namespace {

class ThrustAllocator : public PhaseFixture {
  void SetUp() override {
    RecordProperty("cccl", CCCL_VERSION);
    std::cout << "CCCL " << CCCL_MAJOR_VERSION << "." << CCCL_MINOR_VERSION << "." << CCCL_PATCH_VERSION
              << std::endl;
    PhaseFixture::SetUp();
  }
};

TEST_F(ThrustAllocator, ServesASort) {
  expect_temporaries_from_the_arena(n * sizeof(int), [&] {
    DAA_CUDA_CHECK(cudaMemcpyAsync(out, in, n * sizeof(int), cudaMemcpyDeviceToDevice, stream()));
    thrust::sort(thrust::cuda::par_nosync(thrust_allocator<char>{arena()}).on(stream()), out, out + n);
  });
  std::sort(host_in.begin(), host_in.end());
  EXPECT_EQ(read_out(n), host_in);
}

TEST_F(ThrustAllocator, ServesAReduction) {
  int result = 0;
  expect_temporaries_from_the_arena(1, [&] {
    result =
        thrust::reduce(thrust::cuda::par_nosync(thrust_allocator<char>{arena()}).on(stream()), in, in + n);
  });
  EXPECT_EQ(result, sum());
}

TEST_F(ThrustAllocator, ServesAScanByReferenceAndInOtherUnits) {
  thrust_allocator<double> allocator{arena()};
  expect_temporaries_from_the_arena(
      1, [&] { thrust::exclusive_scan(thrust::cuda::par_nosync(allocator).on(stream()), in, in + n, out); });
  EXPECT_EQ(read_out(n), prefix_sums());
}

TEST_F(ThrustAllocator, SortsInTheSnippetOfTheManual) {
  constexpr int n = 5;
  daa::DeviceAsyncArena outside{stream()}, scratch{stream()};
  auto values = daa::alloc<int>(outside, n);
  const int unsorted[n]{4, 1, 5, 2, 3};
  DAA_CUDA_CHECK(cudaMemcpyAsync(values, unsorted, sizeof unsorted, cudaMemcpyHostToDevice, stream()));
  int* const keys = values;
  // clang-format off
auto resource = scratch.resource();  // a copyable handle

thrust::sort(thrust::cuda::par_nosync(daa::thrust_allocator<char>{scratch}).on(scratch.stream()), keys, keys + n);
  // clang-format on
  void* const pointer = resource.allocate(cuda::stream_ref{stream()}, 100, 256);
  resource.deallocate(cuda::stream_ref{stream()}, pointer, 100, 256);
  int sorted[n]{};
  DAA_CUDA_CHECK(cudaMemcpyAsync(sorted, values, sizeof sorted, cudaMemcpyDeviceToHost, stream()));
  DAA_CUDA_CHECK(cudaStreamSynchronize(stream()));
  for (int i = 0; i < n; ++i) EXPECT_EQ(sorted[i], i + 1);
  scratch.reset();
}

}  // namespace
}  // namespace daa::test
