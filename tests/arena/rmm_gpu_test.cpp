// RMM containers allocate from an arena.

#include <rmm/device_uvector.hpp>
#include <rmm/resource_ref.hpp>
#include <rmm/version_config.hpp>

#include "phase_fixture.hpp"
#include "resource_concepts.hpp"

static_assert(CCCL_VERSION == DAA_EXPECTED_CCCL_VERSION,
              "CCCL on the include path differs from the one that CMake found");
static_assert(std::is_constructible_v<rmm::device_async_resource_ref, daa::ArenaResource&>);

namespace daa::test {
namespace {

class Rmm : public PhaseFixture {
  void SetUp() override {
    std::cout << "RMM " << RMM_VERSION_MAJOR << "." << RMM_VERSION_MINOR << ", CCCL " << CCCL_VERSION
              << std::endl;
    PhaseFixture::SetUp();
  }
};

TEST_F(Rmm, AContainerAllocatesFromTheArenaAndDeallocates) {
  ArenaResource resource = arena().resource();
  const rmm::device_async_resource_ref ref{resource};
  expect_temporaries_from_the_arena(n * sizeof(int), [&] {
    rmm::device_uvector<int> numbers(n, stream(), ref);
    DAA_CUDA_CHECK(cudaMemcpyAsync(numbers.data(), in, n * sizeof(int), cudaMemcpyDeviceToDevice, stream()));
    DAA_CUDA_CHECK(cudaMemcpyAsync(out, numbers.data(), n * sizeof(int), cudaMemcpyDeviceToDevice, stream()));
  });
  EXPECT_EQ(read_out(n), host_in);
}

TEST_F(Rmm, AContainerOnAForeignStreamIsRefused) {
  ArenaResource resource = arena().resource();
  EXPECT_THROW(rmm::device_uvector<int>(n, cudaStreamPerThread, resource), std::invalid_argument);
}

}  // namespace
}  // namespace daa::test
