// The host runtime: the log of calls.

#include <cuda_runtime_api.h>
#include <gtest/gtest.h>

#include <stdexcept>
#include <vector>

#include "host_runtime_fixture.hpp"

namespace daa::test {
namespace {

using CallLog = HostRuntime;

TEST_F(CallLog, SaysWhatWasCalledWithWhatInOrder) {
  unsigned char* const pointer = allocate(100);
  EXPECT_CUDA(cudaMemsetAsync(pointer, 0, 50, stream));
  EXPECT_CUDA(host::launch(stream, {}, [] {}));
  EXPECT_EQ(cudaSetDevice(9), cudaErrorInvalidDevice);
  free(pointer);
  const std::vector<host::Call> calls = host::calls();
  ASSERT_EQ(calls.size(), 5);
  EXPECT_EQ(calls[0].function, "cudaMallocAsync");
  EXPECT_EQ(calls[0].stream, stream);
  EXPECT_EQ(calls[0].bytes, 100);
  EXPECT_EQ(calls[0].pointer, pointer);
  EXPECT_EQ(calls[0].result, cudaSuccess);
  EXPECT_EQ(calls[1].function, "cudaMemsetAsync");
  EXPECT_EQ(calls[1].bytes, 50);
  EXPECT_EQ(calls[2].function, "cudaLaunchKernel");
  EXPECT_EQ(calls[3].function, "cudaSetDevice");
  EXPECT_EQ(calls[3].result, cudaErrorInvalidDevice);
  EXPECT_EQ(calls[4].function, "cudaFreeAsync");
  EXPECT_EQ(calls[4].pointer, pointer);
}

TEST_F(CallLog, CountsByFunctionAndIsCleared) {
  free(allocate(1));
  free(allocate(1));
  EXPECT_EQ(host::call_count("cudaMallocAsync"), 2);
  EXPECT_EQ(host::call_count("cudaStreamSynchronize"), 0);
  EXPECT_EQ(host::call_count(), 4);
  EXPECT_THROW(static_cast<void>(host::call_count("cudaMalocAsync")), std::invalid_argument);
  host::clear_calls();
  EXPECT_EQ(host::call_count(), 0);
  EXPECT_TRUE(host::calls().empty());
}

TEST_F(CallLog, CountsAllFunctionsAtOnceInOneOrder) {
  free(allocate(1));
  free(allocate(1));
  std::size_t calls = 0;
  for (const host::FunctionCount& each : host::call_counts()) {
    EXPECT_EQ(each.calls, host::call_count(each.function)) << each.function;
    calls += each.calls;
  }
  EXPECT_EQ(calls, 4);
  const std::vector<host::FunctionCount> before = host::call_counts();
  free(allocate(1));
  const std::vector<host::FunctionCount> after = host::call_counts();
  ASSERT_EQ(after.size(), before.size());
  for (std::size_t i = 0; i < after.size(); ++i) EXPECT_EQ(after[i].function, before[i].function);
}

TEST_F(CallLog, LeavesOutQueriesOfTheErrorState) {
  cudaGetLastError();
  cudaPeekAtLastError();
  cudaGetErrorName(cudaSuccess);
  cudaGetErrorString(cudaSuccess);
  EXPECT_EQ(host::call_count(), 0);
}

TEST_F(CallLog, CountsEveryCallAndKeepsTheFirst) {
  int device = 0;
  EXPECT_CUDA(cudaStreamQuery(stream));
  for (std::size_t i = 0; i < host::max_recorded_calls; ++i) cudaGetDevice(&device);
  EXPECT_EQ(host::call_count(), host::max_recorded_calls + 1);
  EXPECT_EQ(host::calls().size(), host::max_recorded_calls);
  EXPECT_EQ(host::calls().front().function, "cudaStreamQuery");
}

}  // namespace
}  // namespace daa::test
