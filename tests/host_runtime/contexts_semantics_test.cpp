// What holds of any CUDA runtime: primary contexts, and the functions of the driver that it gives out.

#include <cuda.h>

#include <functional>
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
    std::thread{[&] {
      EXPECT_EQ(driver().current(), nullptr);
      body();
    }}.join();
  }

 private:
  std::optional<DriverFunctions> functions_;
};

TEST_F(ContextSemantics, TheRuntimeWorksInAContextThatIsPushedAndPoppingItLeavesTheThreadAsItWas) {
  in_new_thread([&] {
    const CUcontext primary = driver().retain(0);
    EXPECT_EQ(driver().current(), nullptr) << "to retain is not to make current";
    EXPECT_EQ(driver().push_current(primary), CUDA_SUCCESS);
    EXPECT_EQ(driver().current(), primary);
    int current = -1;
    EXPECT_CUDA(cudaGetDevice(&current));
    EXPECT_EQ(current, 0);
    void* pointer = nullptr;
    EXPECT_CUDA(cudaMallocAsync(&pointer, bytes, nullptr));
    EXPECT_CUDA(cudaMemsetAsync(pointer, 7, bytes, nullptr));
    fetch(pointer, nullptr);
    EXPECT_CUDA(cudaFreeAsync(pointer, nullptr));
    EXPECT_CUDA(cudaStreamSynchronize(nullptr));
    EXPECT_EQ(pinned[bytes - 1], 7);
    EXPECT_EQ(driver().pop(), primary);
    EXPECT_EQ(driver().current(), nullptr);
    CUcontext none = nullptr;
    EXPECT_NE(driver().pop_current(&none), CUDA_SUCCESS);
    EXPECT_EQ(driver().current(), nullptr);
    EXPECT_EQ(driver().release_primary(0), CUDA_SUCCESS);
    EXPECT_CUDA(cudaGetDevice(&current));
    EXPECT_EQ(current, 0);
  });
  EXPECT_TRUE(driver().has_context(0));
}

TEST_F(ContextSemantics, TheContextOfADeviceInUseIsActiveAndCurrentAndBelowThoseThatArePushed) {
  EXPECT_TRUE(driver().has_context(0));
  const CUcontext primary = driver().retain(0);
  EXPECT_NE(primary, nullptr);
  EXPECT_EQ(driver().current(), primary);
  EXPECT_EQ(driver().push_current(primary), CUDA_SUCCESS);
  EXPECT_EQ(driver().push_current(primary), CUDA_SUCCESS) << "more than once, too";
  EXPECT_EQ(driver().pop(), primary);
  EXPECT_EQ(driver().pop(), primary);
  EXPECT_EQ(driver().current(), primary);
  EXPECT_EQ(driver().release_primary(0), CUDA_SUCCESS);
  EXPECT_TRUE(driver().has_context(0)) << "the runtime retains it";
}

TEST_F(ContextSemantics, SettingTheDeviceAndAllocatingMakeItsContextCurrentAndQuestionsDoNot) {
  const CUcontext primary = driver().current();
  int number = -1;
  void* pointer = nullptr;
  const struct {
    const char* what;
    std::function<cudaError_t()> call;
    CUcontext current;
  } rows[] = {
      {"cudaGetDevice", [&] { return cudaGetDevice(&number); }, nullptr},
      {"cudaGetDeviceCount", [&] { return cudaGetDeviceCount(&number); }, nullptr},
      {"cudaSetDevice", [&] { return cudaSetDevice(0); }, primary},
      {"cudaMalloc", [&] { return cudaMalloc(&pointer, bytes); }, primary},
  };
  for (const auto& row : rows) {
    SCOPED_TRACE(row.what);
    in_new_thread([&] {
      EXPECT_CUDA(row.call());
      EXPECT_EQ(driver().current(), row.current);
    });
  }
  EXPECT_CUDA(cudaFree(pointer));
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
