// Thrust's algorithms take their temporaries from an arena.

#define THRUST_FORCE_32_BIT_OFFSET_TYPE  // halves the number of kernels to compile
#include <thrust/execution_policy.h>
#include <thrust/reduce.h>
#include <thrust/scan.h>
#include <thrust/sort.h>

#include <algorithm>
#include <iostream>

#include "daa/thrust_allocator.hpp"
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

}  // namespace
}  // namespace daa::test
