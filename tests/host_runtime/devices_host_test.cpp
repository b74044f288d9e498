// The host runtime: several devices, and which of them have a context.

#include <cuda.h>

#include <functional>
#include <thread>

#include "driver_functions.hpp"
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
  int device = -1;
  std::thread([&] { EXPECT_CUDA(cudaGetDevice(&device)); }).join();
  EXPECT_EQ(device, 0);
  EXPECT_CUDA(cudaGetDevice(&device));
  EXPECT_EQ(device, 1);
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

TEST_F(Devices, AreSynchronisedOneAtATimeAndTakeLaunchesOnlyWhenCurrent) {
  EXPECT_EQ(host::launch(second, {}, [] {}), cudaErrorInvalidResourceHandle);
  EXPECT_CUDA(cudaSetDevice(1));
  const Gate gate(second);
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

// --- contexts ----------------------------------------------------------------------------------------------

/// Three devices, none of which has a context, nor this thread.
class Contexts : public HostRuntime {
 protected:
  Contexts() { start(); }

  static void start() {
    host::reset();
    host::set_device_count(3);
  }
  static int current_device() {
    int device = -1;
    EXPECT_CUDA(cudaGetDevice(&device));
    return device;
  }

  DriverFunctions driver;
};

TEST_F(Contexts, AreMadeByWhatNeedsThemAndByNothingElse) {
  int value = 0;
  void* pointer = nullptr;
  cudaStream_t made = nullptr;
  cudaDeviceProp properties;
  const auto fail = [](const auto& call) {
    host::fail_call(1, cudaErrorMemoryAllocation);
    return call() == cudaErrorMemoryAllocation ? cudaSuccess : cudaErrorUnknown;
  };
  const struct {
    const char* what;
    std::function<cudaError_t()> call;
    int device;  // that has a context then; -1 for none
  } rows[] = {
      {"cudaGetDevice", [&] { return cudaGetDevice(&value); }, -1},
      {"cudaGetDeviceCount", [&] { return cudaGetDeviceCount(&value); }, -1},
      {"properties", [&] { return cudaGetDeviceProperties(&properties, 1); }, -1},
      {"attribute", [&] { return cudaDeviceGetAttribute(&value, cudaDevAttrWarpSize, 1); }, -1},
      {"version", [&] { return cudaDriverGetVersion(&value); }, -1},
      {"a failure", [&] { return fail([&] { return cudaMalloc(&pointer, 1); }); }, -1},
      {"another failure", [&] { return fail([] { return cudaSetDevice(1); }); }, -1},
      {"cudaSetDevice", [] { return cudaSetDevice(1); }, 1},
      {"cudaStreamCreate", [&] { return cudaStreamCreate(&made); }, 0},
  };
  for (const auto& [what, call, device] : rows) {
    SCOPED_TRACE(what);
    start();
    EXPECT_CUDA(call());
    for (int each = 0; each < 3; ++each) {
      EXPECT_EQ(host::has_context(each), each == device) << each;
      EXPECT_EQ(driver.has_context(each), each == device) << each;
    }
    EXPECT_EQ(driver.current() != nullptr, device >= 0);
  }
}

TEST_F(Contexts, AreMadeByACallOnAnotherDevicesStreamToo) {
  EXPECT_CUDA(cudaSetDevice(1));
  cudaStream_t second = nullptr;
  EXPECT_CUDA(cudaStreamCreate(&second));
  std::thread([&] { EXPECT_CUDA(cudaStreamSynchronize(second)); }).join();
  EXPECT_TRUE(host::has_context(0)) << "the device that the thread began with";
}

TEST_F(Contexts, ThatOthersRetainEndWithTheLastRelease) {
  const CUcontext first = driver.retain(2);
  EXPECT_EQ(driver.retain(2), first);
  EXPECT_EQ(driver.release_primary(2), CUDA_SUCCESS);
  EXPECT_TRUE(host::has_context(2));
  EXPECT_EQ(driver.release_primary(2), CUDA_SUCCESS);
  EXPECT_FALSE(host::has_context(2));
  EXPECT_EQ(driver.release_primary(2), CUDA_ERROR_INVALID_CONTEXT);
  EXPECT_EQ(driver.push_current(first), CUDA_ERROR_INVALID_CONTEXT);
}

TEST_F(Contexts, ThatAreCurrentSayWhichDeviceIsUntilTheyArePoppedReplacedOrForgotten) {
  EXPECT_EQ(driver.push_current(driver.retain(2)), CUDA_SUCCESS);
  EXPECT_EQ(current_device(), 2);
  int device = -1;
  EXPECT_CUDA(cudaStreamGetDevice(nullptr, &device));
  EXPECT_EQ(device, 2);
  driver.pop();
  EXPECT_EQ(current_device(), 0);
  EXPECT_FALSE(host::has_context(0));

  EXPECT_CUDA(cudaSetDevice(1));
  EXPECT_EQ(driver.push_current(driver.retain(2)), CUDA_SUCCESS);
  EXPECT_CUDA(cudaSetDevice(0));
  EXPECT_EQ(current_device(), 0);
  driver.pop();
  EXPECT_EQ(current_device(), 1);

  EXPECT_EQ(driver.push_current(driver.retain(0)), CUDA_SUCCESS);
  start();
  EXPECT_FALSE(host::has_context(0));
  EXPECT_EQ(driver.current(), nullptr);
}

TEST_F(Contexts, AreRefusedWhereThereIsNoDevice) {
  CUcontext context = nullptr;
  EXPECT_EQ(driver.retain_primary(&context, 3), CUDA_ERROR_INVALID_DEVICE);
  EXPECT_EQ(driver.push_current(nullptr), CUDA_ERROR_INVALID_CONTEXT);
  host::set_device_count(0);
  EXPECT_EQ(driver.retain_primary(&context, 0), CUDA_ERROR_NO_DEVICE);
}

TEST_F(Contexts, ThatEndWithMemoryInThemAreAViolation) {
  EXPECT_EQ(driver.push_current(driver.retain(2)), CUDA_SUCCESS);
  void* pointer = nullptr;
  EXPECT_CUDA(cudaMalloc(&pointer, 4096));
  driver.pop();
  EXPECT_EQ(driver.release_primary(2), CUDA_SUCCESS);
  EXPECT_TRUE(violates({"4096 bytes"}));
}

TEST_F(Contexts, AreAskedForInCallsThatAreLoggedAndCanFailAndLeaveNoLastError) {
  host::clear_calls();
  driver.retain(1);
  EXPECT_EQ(host::call_count("cuDevicePrimaryCtxRetain"), 1);
  EXPECT_EQ(host::call_count(), 1);
  host::fail_call(1, cudaErrorInvalidValue, "cuDevicePrimaryCtxRelease");
  EXPECT_EQ(driver.release_primary(1), CUDA_ERROR_INVALID_VALUE);
  EXPECT_EQ(cudaGetLastError(), cudaSuccess);
  EXPECT_TRUE(host::has_context(1));
}

TEST_F(Contexts, AreAskedForByFunctionsOfTheVersionThatDeclaresThem) {
  void* address = this;
  cudaDriverEntryPointQueryResult status = cudaDriverEntryPointSuccess;
  EXPECT_CUDA(cudaGetDriverEntryPointByVersion("cuDevicePrimaryCtxRetain", &address, 6050, cudaEnableDefault,
                                               &status));
  EXPECT_EQ(address, nullptr);
  EXPECT_EQ(status, cudaDriverEntryPointVersionNotSufficent);
  EXPECT_EQ(cudaGetDriverEntryPointByVersion(nullptr, &address, 12000, cudaEnableDefault, &status),
            cudaErrorInvalidValue);
}

}  // namespace
}  // namespace daa::test
