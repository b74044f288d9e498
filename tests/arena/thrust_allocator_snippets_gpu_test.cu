// The C++ snippets of arena/README.md that need CCCL; tests/scripts/snippets_test.py compares them.

// clang-format off
#include <daa/memory_resource.hpp>  // the one header that includes CCCL
#include <daa/thrust_allocator.hpp>
// clang-format on
#include <thrust/device_ptr.h>
#include <thrust/sort.h>
#include <thrust/system/cuda/execution_policy.h>

#include "stream_fixture.hpp"

namespace {

class CcclSnippets : public daa::test::StreamFixture {};

TEST_F(CcclSnippets, OfTheManualSorts) {
  constexpr int n = 5;
  daa::DeviceAsyncArena outside{stream()}, scratch{stream()};
  auto values = daa::alloc<int>(outside, n);
  const int unsorted[n]{4, 1, 5, 2, 3};
  DAA_CUDA_CHECK(cudaMemcpyAsync(values, unsorted, sizeof unsorted, cudaMemcpyHostToDevice, stream()));
  const thrust::device_ptr<int> keys{static_cast<int*>(values)};
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
