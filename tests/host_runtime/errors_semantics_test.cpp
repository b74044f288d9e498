// What holds of any CUDA runtime: errors, and what is refused.

#include <thread>

#include "runtime_semantics_fixture.hpp"

namespace daa::test {
namespace {

TEST_F(RuntimeSemantics, TheNewestErrorOfAThreadIsItsLastErrorUntilItIsReset) {
  EXPECT_EQ(cudaSetDevice(-1), cudaErrorInvalidDevice);
  EXPECT_EQ(cudaGetDeviceCount(nullptr), cudaErrorInvalidValue);
  set(2);
  synchronize();
  std::thread([] { EXPECT_EQ(cudaGetLastError(), cudaSuccess); }).join();
  EXPECT_EQ(cudaPeekAtLastError(), cudaErrorInvalidValue);
  EXPECT_EQ(cudaPeekAtLastError(), cudaErrorInvalidValue);
  EXPECT_EQ(cudaGetLastError(), cudaErrorInvalidValue);
  EXPECT_EQ(cudaGetLastError(), cudaSuccess);
}

TEST_F(RuntimeSemantics, ErrorsHaveNamesAndDescriptions) {
  const struct {
    cudaError_t error;
    const char* name;
    const char* description;
  } rows[] = {
      {cudaSuccess, "cudaSuccess", "no error"},
      {cudaErrorMemoryAllocation, "cudaErrorMemoryAllocation", "out of memory"},
      {cudaErrorInvalidValue, "cudaErrorInvalidValue", "invalid argument"},
      {cudaErrorInvalidDevice, "cudaErrorInvalidDevice", "invalid device ordinal"},
      {cudaErrorInvalidResourceHandle, "cudaErrorInvalidResourceHandle", "invalid resource handle"},
      {cudaErrorNotReady, "cudaErrorNotReady", "device not ready"},
      {cudaErrorIllegalAddress, "cudaErrorIllegalAddress", "an illegal memory access was encountered"},
      {static_cast<cudaError_t>(12345), "unrecognized error code", "unrecognized error code"},
  };
  for (const auto& [error, name, description] : rows) {
    EXPECT_STREQ(cudaGetErrorName(error), name);
    EXPECT_STREQ(cudaGetErrorString(error), description);
  }
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

TEST_F(RuntimeSemantics, WrongArgumentsAreRefusedEachWithItsError) {
  cudaStream_t no_stream = nullptr;
  cudaEvent_t no_event = nullptr;
  const auto sideways = static_cast<cudaMemcpyKind>(7);
  int on_the_stack = 0;
  EXPECT_EQ(cudaMalloc(nullptr, 1), cudaErrorInvalidValue);
  EXPECT_EQ(cudaMallocAsync(nullptr, 1, stream), cudaErrorInvalidValue);
  EXPECT_EQ(cudaGetDevice(nullptr), cudaErrorInvalidValue);
  EXPECT_EQ(cudaStreamCreateWithFlags(&no_stream, 0xF0), cudaErrorInvalidValue);
  EXPECT_EQ(cudaEventCreateWithFlags(&no_event, 0xF0), cudaErrorInvalidValue);
  EXPECT_EQ(cudaEventRecord(nullptr, stream), cudaErrorInvalidResourceHandle);
  EXPECT_EQ(cudaStreamWaitEvent(stream, nullptr, 0), cudaErrorInvalidResourceHandle);
  EXPECT_EQ(cudaStreamDestroy(nullptr), cudaErrorInvalidResourceHandle);
  EXPECT_EQ(cudaMemcpy(pinned, device, bytes, sideways), cudaErrorInvalidMemcpyDirection);
  EXPECT_EQ(cudaMemcpyAsync(pinned, device, bytes, sideways, stream), cudaErrorInvalidMemcpyDirection);
  EXPECT_EQ(cudaFree(&on_the_stack), cudaErrorInvalidValue);
  EXPECT_EQ(cudaFreeAsync(&on_the_stack, stream), cudaErrorInvalidValue);
}

TEST_F(RuntimeSemantics, NothingMayBeFreedAndCopiedFromAnywhereToAnywhere) {
  EXPECT_CUDA(cudaFree(nullptr));
  EXPECT_CUDA(cudaFreeHost(nullptr));
  EXPECT_CUDA(cudaMemcpy(nullptr, nullptr, 0, cudaMemcpyDefault));
  EXPECT_CUDA(cudaMemcpyAsync(nullptr, nullptr, 0, cudaMemcpyHostToDevice, stream));
}

TEST_F(RuntimeSemantics, ASecondFreeIsAnInvalidValue) {
  void* pointer = nullptr;
  ASSERT_CUDA(cudaMalloc(&pointer, bytes));
  EXPECT_CUDA(cudaFree(pointer));
  EXPECT_EQ(cudaFree(pointer), cudaErrorInvalidValue);
  pointer = allocate();
  free(pointer);
  EXPECT_EQ(cudaFreeAsync(pointer, stream), cudaErrorInvalidValue);
}

}  // namespace
}  // namespace daa::test
