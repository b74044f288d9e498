// The host runtime: calls that fail because a test says so.

#include <cuda_runtime_api.h>
#include <gtest/gtest.h>

#include <stdexcept>
#include <thread>
#include <vector>

#include "host_runtime_fixture.hpp"

namespace daa::test {
namespace {

using Faults = HostRuntime;

TEST_F(Faults, StrikeTheKthCallAndNoOther) {
  constexpr std::size_t calls_made = 5;
  for (std::size_t k = 1; k <= calls_made + 1; ++k) {
    host::clear_calls();
    host::fail_call(k, cudaErrorInvalidConfiguration);
    void* pointer = nullptr;
    cudaMallocAsync(&pointer, KiB, stream);
    cudaStreamQuery(stream);
    cudaGetLastError();
    cudaFreeAsync(pointer, stream);
    cudaStreamSynchronize(stream);
    cudaDeviceSynchronize();
    const std::vector<host::Call> calls = host::calls();
    ASSERT_EQ(calls.size(), calls_made);
    for (std::size_t i = 0; i < calls_made; ++i) {
      EXPECT_EQ(calls[i].result == cudaErrorInvalidConfiguration, i + 1 == k)
          << "call " << i + 1 << ", k " << k;
    }
    EXPECT_EQ(host::clear_fault(), k > calls_made);
    if (k == 1) host::clear_violations();  // the free of null
    if (k == 3) free(pointer);
  }
}

TEST_F(Faults, StrikeTheKthCallOfAFunction) {
  host::fail_call(2, cudaErrorMemoryAllocation, "cudaMallocAsync");
  void* pointer = nullptr;
  free(allocate(1));
  EXPECT_EQ(cudaMallocAsync(&pointer, 1, stream), cudaErrorMemoryAllocation);
  EXPECT_EQ(cudaGetLastError(), cudaErrorMemoryAllocation);
  free(allocate(1));
}

TEST_F(Faults, MakeACallDoNothing) {
  host::fail_call(1, cudaErrorMemoryAllocation);
  void* pointer = this;
  EXPECT_EQ(cudaMalloc(&pointer, KiB), cudaErrorMemoryAllocation);
  EXPECT_EQ(pointer, this);
  EXPECT_EQ(host::mapped_bytes(), 0);
  unsigned char* const allocated = allocate(KiB);
  host::fail_call(1, cudaErrorInvalidValue, "cudaFreeAsync");
  EXPECT_EQ(cudaFreeAsync(allocated, stream), cudaErrorInvalidValue);
  EXPECT_EQ(host::live_allocations(), 1);
  bool ran = false;
  host::fail_call(1, cudaErrorLaunchOutOfResources, "cudaLaunchKernel");
  EXPECT_EQ(host::launch(stream, {}, [&] { ran = true; }), cudaErrorLaunchOutOfResources);
  synchronize();
  EXPECT_FALSE(ran);
  free(allocated);
}

TEST_F(Faults, ThatDestroyTheContextAreReturnedByEveryLaterCallUntilReset) {
  host::fail_call(1, cudaErrorIllegalAddress, "cudaStreamSynchronize");
  EXPECT_EQ(cudaStreamSynchronize(stream), cudaErrorIllegalAddress);
  void* pointer = nullptr;
  EXPECT_EQ(cudaMalloc(&pointer, 1), cudaErrorIllegalAddress);
  EXPECT_EQ(cudaGetLastError(), cudaErrorIllegalAddress);
  EXPECT_EQ(cudaGetLastError(), cudaErrorIllegalAddress);
  std::thread([] { EXPECT_EQ(cudaStreamSynchronize(nullptr), cudaErrorIllegalAddress); }).join();
  host::reset();
  EXPECT_EQ(cudaGetLastError(), cudaSuccess);
  EXPECT_CUDA(cudaDeviceSynchronize());
}

TEST_F(Faults, CanBeReplacedAndTakenBackAndMustMakeSense) {
  host::fail_call(1, cudaErrorInvalidValue, "cudaMalloc");
  host::fail_call(1, cudaErrorInvalidValue, "cudaFree");
  EXPECT_TRUE(host::clear_fault());
  EXPECT_FALSE(host::clear_fault());
  void* pointer = nullptr;
  EXPECT_CUDA(cudaMalloc(&pointer, 1));
  EXPECT_CUDA(cudaFree(pointer));
  EXPECT_THROW(host::fail_call(0, cudaErrorInvalidValue), std::invalid_argument);
  EXPECT_THROW(host::fail_call(1, cudaSuccess), std::invalid_argument);
  EXPECT_THROW(host::fail_call(1, cudaErrorInvalidValue, "cudaMaloc"), std::invalid_argument);
}

}  // namespace
}  // namespace daa::test
