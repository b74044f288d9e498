// The host runtime: several devices.

#include <cuda_runtime_api.h>
#include <gtest/gtest.h>

#include <thread>

#include "host_runtime_fixture.hpp"

namespace daa::test {
namespace {

class Devices : public HostRuntime {
 protected:
  Devices() {
    host::set_device_count(2);
    EXPECT_CUDA(cudaSetDevice(1));
    second = make_stream();
    EXPECT_CUDA(cudaSetDevice(0));
  }
  cudaStream_t second = nullptr;
};

TEST_F(Devices, AreAsManyAsTheTestSays) {
  int count = 0;
  EXPECT_CUDA(cudaGetDeviceCount(&count));
  EXPECT_EQ(count, 2);
  host::set_device_count(0);
  EXPECT_EQ(cudaGetDeviceCount(&count), cudaErrorNoDevice);
  EXPECT_EQ(count, 0);
  void* pointer = nullptr;
  EXPECT_EQ(cudaMalloc(&pointer, 1), cudaErrorNoDevice);
  EXPECT_EQ(cudaDeviceSynchronize(), cudaErrorNoDevice);
  EXPECT_EQ(cudaSetDevice(0), cudaErrorNoDevice);
}

TEST_F(Devices, SupplyTheMemoryForTheirStreamsWhicheverIsCurrent) {
  unsigned char* const pointer = allocate(KiB, second);
  EXPECT_EQ(host::mapped_bytes(0), 0);
  EXPECT_EQ(host::mapped_bytes(1), granule);
  EXPECT_CUDA(cudaMemsetAsync(pointer, 1, KiB, second));
  EXPECT_CUDA(cudaFreeAsync(pointer, second));
  EXPECT_CUDA(cudaDeviceSynchronize());
  EXPECT_EQ(host::mapped_bytes(1), granule);
  EXPECT_CUDA(cudaStreamSynchronize(second));
  EXPECT_EQ(host::mapped_bytes(1), 0);
}

TEST_F(Devices, HaveTheirOwnLimitAndPools) {
  host::set_memory_limit(granule, 1);
  void* pointer = nullptr;
  EXPECT_EQ(cudaMallocAsync(&pointer, 2 * granule, second), cudaErrorMemoryAllocation);
  free(allocate(2 * granule));
  cudaMemPool_t first_default = nullptr;
  cudaMemPool_t second_default = nullptr;
  EXPECT_CUDA(cudaDeviceGetDefaultMemPool(&first_default, 0));
  EXPECT_CUDA(cudaDeviceGetDefaultMemPool(&second_default, 1));
  EXPECT_NE(first_default, second_default);
  EXPECT_EQ(cudaDeviceSetMemPool(0, second_default), cudaErrorInvalidValue);
  cudaDeviceProp properties;
  EXPECT_CUDA(cudaGetDeviceProperties(&properties, 1));
  EXPECT_EQ(properties.totalGlobalMem, granule);
}

TEST_F(Devices, AreCurrentInOneThread) {
  EXPECT_CUDA(cudaSetDevice(1));
  int elsewhere = -1;
  std::thread([&] { EXPECT_CUDA(cudaGetDevice(&elsewhere)); }).join();
  EXPECT_EQ(elsewhere, 0);
  int here = -1;
  EXPECT_CUDA(cudaGetDevice(&here));
  EXPECT_EQ(here, 1);
}

TEST_F(Devices, HaveTheirOwnDefaultStreams) {
  Gate gate(nullptr);
  EXPECT_EQ(cudaStreamQuery(nullptr), cudaErrorNotReady);
  EXPECT_CUDA(cudaSetDevice(1));
  for (const cudaStream_t default_stream : {cudaStream_t{nullptr}, cudaStreamLegacy, cudaStreamPerThread}) {
    EXPECT_CUDA(cudaStreamQuery(default_stream));
    int device = -1;
    EXPECT_CUDA(cudaStreamGetDevice(default_stream, &device));
    EXPECT_EQ(device, 1);
  }
}

TEST_F(Devices, AreSynchronisedOneAtATime) {
  EXPECT_CUDA(cudaSetDevice(1));
  Gate gate(second);
  EXPECT_CUDA(cudaSetDevice(0));
  EXPECT_CUDA(cudaDeviceSynchronize());
  EXPECT_EQ(cudaStreamQuery(second), cudaErrorNotReady);
}

TEST_F(Devices, ShareEventsForWaitingOnly) {
  cudaEvent_t event = nullptr;
  EXPECT_CUDA(cudaEventCreate(&event));
  EXPECT_EQ(cudaEventRecord(event, second), cudaErrorInvalidResourceHandle);
  Gate gate(stream);
  EXPECT_CUDA(cudaEventRecord(event, stream));
  EXPECT_CUDA(cudaStreamWaitEvent(second, event, 0));
  EXPECT_EQ(cudaStreamQuery(second), cudaErrorNotReady);
  gate.open();
  EXPECT_CUDA(cudaStreamSynchronize(second));
}

TEST_F(Devices, TakeLaunchesOnlyOnTheirOwnStreamsWhenCurrent) {
  EXPECT_EQ(host::launch(second, {}, [] {}), cudaErrorInvalidResourceHandle);
  EXPECT_CUDA(cudaSetDevice(1));
  EXPECT_CUDA(host::launch(second, {}, [] {}));
}

}  // namespace
}  // namespace daa::test
