// The host runtime: which device has a context, and what makes and ends it.

#include <cuda.h>
#include <cuda_runtime_api.h>
#include <gtest/gtest.h>

#include <thread>

#include "driver_functions.hpp"
#include "host_runtime_fixture.hpp"

namespace daa::test {
namespace {

/// Three devices, none of which has a context, nor this thread.
class Contexts : public ::testing::Test {
 protected:
  Contexts() {
    host::reset();
    host::set_device_count(3);
  }
  ~Contexts() override {
    EXPECT_TRUE(host::violations().empty()) << host::violations().front();
    host::reset();
  }

  DriverFunctions driver;
};

TEST_F(Contexts, AreNotMadeByQuestionsAboutDevices) {
  int value = 0;
  cudaDeviceProp properties;
  EXPECT_CUDA(cudaGetDevice(&value));
  EXPECT_CUDA(cudaGetDeviceCount(&value));
  EXPECT_CUDA(cudaGetDeviceProperties(&properties, 1));
  EXPECT_CUDA(cudaDeviceGetAttribute(&value, cudaDevAttrWarpSize, 1));
  EXPECT_CUDA(cudaDriverGetVersion(&value));
  for (int device = 0; device < 3; ++device) EXPECT_FALSE(host::has_context(device)) << device;
  EXPECT_EQ(driver.current(), nullptr);
}

TEST_F(Contexts, AreMadeBySettingTheDevice) {
  EXPECT_CUDA(cudaSetDevice(1));
  EXPECT_TRUE(host::has_context(1));
  EXPECT_FALSE(host::has_context(0));
  EXPECT_TRUE(driver.has_context(1));
  EXPECT_FALSE(driver.has_context(0));
}

TEST_F(Contexts, AreMadeOnTheCurrentDeviceByTheFirstCallThatNeedsOne) {
  cudaStream_t stream = nullptr;
  EXPECT_CUDA(cudaStreamCreate(&stream));
  EXPECT_TRUE(host::has_context(0));
  EXPECT_NE(driver.current(), nullptr);
  EXPECT_FALSE(host::has_context(1));
}

TEST_F(Contexts, AreMadeByACallOnAnotherDevicesStreamToo) {
  EXPECT_CUDA(cudaSetDevice(1));
  cudaStream_t second = nullptr;
  EXPECT_CUDA(cudaStreamCreate(&second));
  std::thread([&] { EXPECT_CUDA(cudaStreamSynchronize(second)); }).join();
  EXPECT_TRUE(host::has_context(0)) << "the device that the thread began with";
}

TEST_F(Contexts, AreNotMadeByACallThatIsMadeToFail) {
  host::fail_call(1, cudaErrorMemoryAllocation);
  void* pointer = nullptr;
  EXPECT_EQ(cudaMalloc(&pointer, 1), cudaErrorMemoryAllocation);
  EXPECT_FALSE(host::has_context(0));
  host::fail_call(1, cudaErrorMemoryAllocation);
  EXPECT_EQ(cudaSetDevice(1), cudaErrorMemoryAllocation);
  EXPECT_FALSE(host::has_context(1));
}

TEST_F(Contexts, AreForgottenByReset) {
  EXPECT_CUDA(cudaSetDevice(1));
  EXPECT_EQ(driver.push_current(driver.retain(0)), CUDA_SUCCESS);
  host::reset();
  EXPECT_FALSE(host::has_context(0));
  EXPECT_EQ(driver.current(), nullptr);
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

TEST_F(Contexts, ThatAreCurrentSayWhichDeviceIs) {
  EXPECT_EQ(driver.push_current(driver.retain(2)), CUDA_SUCCESS);
  int device = -1;
  EXPECT_CUDA(cudaGetDevice(&device));
  EXPECT_EQ(device, 2);
  EXPECT_CUDA(cudaStreamGetDevice(nullptr, &device));
  EXPECT_EQ(device, 2);
  driver.pop();
  EXPECT_CUDA(cudaGetDevice(&device));
  EXPECT_EQ(device, 0);
  EXPECT_FALSE(host::has_context(0));
}

TEST_F(Contexts, ThatAreSetReplaceThoseThatWerePushed) {
  EXPECT_CUDA(cudaSetDevice(1));
  EXPECT_EQ(driver.push_current(driver.retain(2)), CUDA_SUCCESS);
  EXPECT_CUDA(cudaSetDevice(0));
  driver.pop();
  int device = -1;
  EXPECT_CUDA(cudaGetDevice(&device));
  EXPECT_EQ(device, 1);
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
  ASSERT_EQ(host::violations().size(), 1u);
  EXPECT_NE(host::violations()[0].find("4096 bytes"), std::string::npos) << host::violations()[0];
  host::clear_violations();
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
