// What holds of any CUDA runtime: errors, and what is refused.

#include <cuda_runtime_api.h>
#include <gtest/gtest.h>

#include <thread>

#include "runtime_semantics_fixture.hpp"

namespace daa::test {
namespace {

TEST_F(RuntimeSemantics, LastErrorIsReturnedUntilItIsReset) {
  EXPECT_EQ(cudaSetDevice(-1), cudaErrorInvalidDevice);
  EXPECT_EQ(cudaPeekAtLastError(), cudaErrorInvalidDevice);
  EXPECT_EQ(cudaPeekAtLastError(), cudaErrorInvalidDevice);
  EXPECT_EQ(cudaGetLastError(), cudaErrorInvalidDevice);
  EXPECT_EQ(cudaGetLastError(), cudaSuccess);
}

TEST_F(RuntimeSemantics, SuccessfulCallsLeaveTheLastErrorAlone) {
  EXPECT_EQ(cudaSetDevice(-1), cudaErrorInvalidDevice);
  EXPECT_CUDA(cudaMemsetAsync(device, 0, bytes, stream));
  EXPECT_CUDA(cudaStreamSynchronize(stream));
  EXPECT_EQ(cudaGetLastError(), cudaErrorInvalidDevice);
}

TEST_F(RuntimeSemantics, TheNewestErrorIsTheLastError) {
  EXPECT_EQ(cudaSetDevice(-1), cudaErrorInvalidDevice);
  EXPECT_EQ(cudaGetDeviceCount(nullptr), cudaErrorInvalidValue);
  EXPECT_EQ(cudaGetLastError(), cudaErrorInvalidValue);
}

TEST_F(RuntimeSemantics, LastErrorBelongsToTheThread) {
  EXPECT_EQ(cudaSetDevice(-1), cudaErrorInvalidDevice);
  cudaError_t seen_elsewhere = cudaErrorUnknown;
  std::thread([&] { seen_elsewhere = cudaGetLastError(); }).join();
  EXPECT_EQ(seen_elsewhere, cudaSuccess);
  EXPECT_EQ(cudaGetLastError(), cudaErrorInvalidDevice);
}

TEST_F(RuntimeSemantics, ErrorsHaveNamesAndDescriptions) {
  EXPECT_STREQ(cudaGetErrorName(cudaSuccess), "cudaSuccess");
  EXPECT_STREQ(cudaGetErrorString(cudaSuccess), "no error");
  EXPECT_STREQ(cudaGetErrorName(cudaErrorMemoryAllocation), "cudaErrorMemoryAllocation");
  EXPECT_STREQ(cudaGetErrorString(cudaErrorMemoryAllocation), "out of memory");
  EXPECT_STREQ(cudaGetErrorString(cudaErrorInvalidValue), "invalid argument");
  EXPECT_STREQ(cudaGetErrorString(cudaErrorInvalidDevice), "invalid device ordinal");
  EXPECT_STREQ(cudaGetErrorString(cudaErrorInvalidResourceHandle), "invalid resource handle");
  EXPECT_STREQ(cudaGetErrorString(cudaErrorNotReady), "device not ready");
  EXPECT_STREQ(cudaGetErrorString(cudaErrorIllegalAddress), "an illegal memory access was encountered");
  EXPECT_STREQ(cudaGetErrorName(static_cast<cudaError_t>(12345)), "unrecognized error code");
  EXPECT_STREQ(cudaGetErrorString(static_cast<cudaError_t>(12345)), "unrecognized error code");
}

TEST_F(RuntimeSemantics, DevicesThatDoNotExistAreInvalid) {
  int count = 0;
  ASSERT_CUDA(cudaGetDeviceCount(&count));
  int value = 0;
  cudaDeviceProp properties;
  cudaMemPool_t pool = nullptr;
  EXPECT_EQ(cudaSetDevice(count), cudaErrorInvalidDevice);
  EXPECT_EQ(cudaGetDeviceProperties(&properties, count), cudaErrorInvalidDevice);
  EXPECT_EQ(cudaDeviceGetAttribute(&value, cudaDevAttrWarpSize, count), cudaErrorInvalidDevice);
  EXPECT_EQ(cudaDeviceGetDefaultMemPool(&pool, count), cudaErrorInvalidDevice);
  ASSERT_CUDA(cudaGetDevice(&value));
  EXPECT_EQ(value, 0);
}

TEST_F(RuntimeSemantics, NullResultsAndUnknownFlagsAreInvalidValues) {
  cudaStream_t no_stream = nullptr;
  cudaEvent_t no_event = nullptr;
  EXPECT_EQ(cudaMalloc(nullptr, 1), cudaErrorInvalidValue);
  EXPECT_EQ(cudaMallocAsync(nullptr, 1, stream), cudaErrorInvalidValue);
  EXPECT_EQ(cudaGetDevice(nullptr), cudaErrorInvalidValue);
  EXPECT_EQ(cudaStreamCreateWithFlags(&no_stream, 0xF0), cudaErrorInvalidValue);
  EXPECT_EQ(cudaEventCreateWithFlags(&no_event, 0xF0), cudaErrorInvalidValue);
}

TEST_F(RuntimeSemantics, NullIsNoEventAndTheDefaultStreamCannotBeDestroyed) {
  EXPECT_EQ(cudaEventRecord(nullptr, stream), cudaErrorInvalidResourceHandle);
  EXPECT_EQ(cudaStreamWaitEvent(stream, nullptr, 0), cudaErrorInvalidResourceHandle);
  EXPECT_EQ(cudaStreamDestroy(nullptr), cudaErrorInvalidResourceHandle);
}

TEST_F(RuntimeSemantics, CopiesHaveOneOfFiveDirections) {
  const auto sideways = static_cast<cudaMemcpyKind>(7);
  EXPECT_EQ(cudaMemcpy(pinned, device, bytes, sideways), cudaErrorInvalidMemcpyDirection);
  EXPECT_EQ(cudaMemcpyAsync(pinned, device, bytes, sideways, stream), cudaErrorInvalidMemcpyDirection);
}

TEST_F(RuntimeSemantics, NothingIsCopiedFromAnywhereToAnywhere) {
  EXPECT_CUDA(cudaMemcpy(nullptr, nullptr, 0, cudaMemcpyDefault));
  EXPECT_CUDA(cudaMemcpyAsync(nullptr, nullptr, 0, cudaMemcpyHostToDevice, stream));
}

TEST_F(RuntimeSemantics, MoreThanThereIsCannotBeAllocated) {
  constexpr std::size_t petabyte = std::size_t{1} << 50;
  void* pointer = nullptr;
  EXPECT_EQ(cudaMalloc(&pointer, petabyte), cudaErrorMemoryAllocation);
  EXPECT_EQ(cudaMallocAsync(&pointer, petabyte, stream), cudaErrorMemoryAllocation);
  EXPECT_EQ(cudaGetLastError(), cudaErrorMemoryAllocation);
  ASSERT_CUDA(cudaMallocAsync(&pointer, bytes, stream));
  EXPECT_CUDA(cudaFreeAsync(pointer, stream));
}

TEST_F(RuntimeSemantics, WhatIsNotAllocatedCannotBeFreed) {
  int on_the_stack = 0;
  EXPECT_EQ(cudaFree(&on_the_stack), cudaErrorInvalidValue);
  EXPECT_EQ(cudaFreeAsync(&on_the_stack, stream), cudaErrorInvalidValue);
  EXPECT_CUDA(cudaFree(nullptr));
  EXPECT_CUDA(cudaFreeHost(nullptr));
}

TEST_F(RuntimeSemantics, ASecondFreeIsAnInvalidValue) {
  void* pointer = nullptr;
  ASSERT_CUDA(cudaMalloc(&pointer, bytes));
  EXPECT_CUDA(cudaFree(pointer));
  EXPECT_EQ(cudaFree(pointer), cudaErrorInvalidValue);
  ASSERT_CUDA(cudaMallocAsync(&pointer, bytes, stream));
  EXPECT_CUDA(cudaFreeAsync(pointer, stream));
  EXPECT_EQ(cudaFreeAsync(pointer, stream), cudaErrorInvalidValue);
}

}  // namespace
}  // namespace daa::test
