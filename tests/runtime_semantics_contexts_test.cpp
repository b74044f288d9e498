// What holds of any CUDA runtime: primary contexts, and the functions of the driver that it gives out.

#include <cuda.h>
#include <cuda_runtime_api.h>
#include <gtest/gtest.h>

#include <optional>
#include <thread>

#include "driver_functions.hpp"
#include "runtime_semantics_fixture.hpp"

namespace daa::test {
namespace {

class ContextSemantics : public RuntimeSemantics {
 protected:
  void SetUp() override {
    RuntimeSemantics::SetUp();
    if (IsSkipped() || HasFatalFailure()) return;
    functions_.emplace();
    ASSERT_FALSE(HasFailure()) << "the tests cannot do without these functions";
  }

  [[nodiscard]] const DriverFunctions& driver() const { return *functions_; }

  /// Calls `body` in a thread where no context is current yet.
  template <class Body>
  void in_new_thread(const Body& body) const {
    std::thread thread{[&] {
      EXPECT_EQ(driver().current(), nullptr);
      body();
    }};
    thread.join();
  }

 private:
  std::optional<DriverFunctions> functions_;
};

TEST_F(ContextSemantics, TheContextOfADeviceInUseIsActiveAndCurrent) {
  EXPECT_TRUE(driver().has_context(0));
  const CUcontext primary = driver().retain(0);
  EXPECT_NE(primary, nullptr);
  EXPECT_EQ(driver().current(), primary);
  EXPECT_EQ(driver().release_primary(0), CUDA_SUCCESS);
  EXPECT_TRUE(driver().has_context(0)) << "the runtime retains it";
}

TEST_F(ContextSemantics, AContextPushedAndPoppedLeavesAThreadWithoutOneAsItWas) {
  in_new_thread([&] {
    const CUcontext primary = driver().retain(0);
    EXPECT_EQ(driver().current(), nullptr) << "to retain is not to make current";
    EXPECT_EQ(driver().push_current(primary), CUDA_SUCCESS);
    EXPECT_EQ(driver().current(), primary);
    int current = -1;
    EXPECT_CUDA(cudaGetDevice(&current));
    EXPECT_EQ(current, 0);
    EXPECT_EQ(driver().pop(), primary);
    EXPECT_EQ(driver().current(), nullptr);
    EXPECT_EQ(driver().release_primary(0), CUDA_SUCCESS);
    EXPECT_CUDA(cudaGetDevice(&current));
    EXPECT_EQ(current, 0);
  });
  EXPECT_TRUE(driver().has_context(0));
}

TEST_F(ContextSemantics, AContextPushedAndPoppedLeavesTheOneBelowCurrent) {
  const CUcontext before = driver().current();
  const CUcontext primary = driver().retain(0);
  EXPECT_EQ(driver().push_current(primary), CUDA_SUCCESS);
  EXPECT_EQ(driver().push_current(primary), CUDA_SUCCESS) << "more than once, too";
  EXPECT_EQ(driver().pop(), primary);
  EXPECT_EQ(driver().pop(), primary);
  EXPECT_EQ(driver().current(), before);
  EXPECT_EQ(driver().release_primary(0), CUDA_SUCCESS);
}

TEST_F(ContextSemantics, TheRuntimeWorksInTheContextThatIsPushed) {
  in_new_thread([&] {
    const CUcontext primary = driver().retain(0);
    EXPECT_EQ(driver().push_current(primary), CUDA_SUCCESS);
    void* pointer = nullptr;
    EXPECT_CUDA(cudaMallocAsync(&pointer, bytes, nullptr));
    EXPECT_CUDA(cudaMemsetAsync(pointer, 7, bytes, nullptr));
    EXPECT_CUDA(cudaMemcpyAsync(pinned, pointer, bytes, cudaMemcpyDeviceToHost, nullptr));
    EXPECT_CUDA(cudaFreeAsync(pointer, nullptr));
    EXPECT_CUDA(cudaStreamSynchronize(nullptr));
    EXPECT_EQ(pinned[bytes - 1], 7);
    EXPECT_EQ(driver().pop(), primary);
    EXPECT_EQ(driver().current(), nullptr);
    EXPECT_EQ(driver().release_primary(0), CUDA_SUCCESS);
  });
}

TEST_F(ContextSemantics, AskingWhichDeviceIsCurrentMakesNoContextCurrent) {
  in_new_thread([&] {
    int ordinal = -1;
    EXPECT_CUDA(cudaGetDevice(&ordinal));
    EXPECT_EQ(ordinal, 0);
    EXPECT_CUDA(cudaGetDeviceCount(&ordinal));
    EXPECT_EQ(driver().current(), nullptr);
  });
}

TEST_F(ContextSemantics, SettingTheDeviceMakesItsContextCurrent) {
  const CUcontext primary = driver().current();
  in_new_thread([&] {
    EXPECT_CUDA(cudaSetDevice(0));
    EXPECT_EQ(driver().current(), primary);
  });
}

TEST_F(ContextSemantics, AnAllocationMakesTheContextOfTheCurrentDeviceCurrent) {
  const CUcontext primary = driver().current();
  in_new_thread([&] {
    void* pointer = nullptr;
    EXPECT_CUDA(cudaMalloc(&pointer, bytes));
    EXPECT_EQ(driver().current(), primary);
    EXPECT_CUDA(cudaFree(pointer));
  });
}

TEST_F(ContextSemantics, WhereThereIsNoContextNoneCanBePopped) {
  in_new_thread([&] {
    CUcontext context = nullptr;
    EXPECT_NE(driver().pop_current(&context), CUDA_SUCCESS);
    EXPECT_EQ(driver().current(), nullptr);
  });
}

TEST_F(ContextSemantics, AFunctionThatTheDriverDoesNotHaveIsNotFound) {
  void* address = this;
  cudaDriverEntryPointQueryResult status = cudaDriverEntryPointSuccess;
  static_cast<void>(
      cudaGetDriverEntryPointByVersion("cuNoSuchFunction", &address, 12000, cudaEnableDefault, &status));
  cudaGetLastError();
  EXPECT_EQ(address, nullptr);
  EXPECT_EQ(status, cudaDriverEntryPointSymbolNotFound);
}

}  // namespace
}  // namespace daa::test
