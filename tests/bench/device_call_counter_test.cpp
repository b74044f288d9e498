// What is counted of the calls of a thread, on any runtime.

#include "device/call_counter.hpp"

#include <numeric>

#include "call_counter_fixture.hpp"
#include "device/device.hpp"

namespace daa::test {
namespace {

using namespace bench;

class CallCounterTest : public CallCounterFixture {
 protected:
  /// What is counted while `action` runs.
  template <class Action>
  CallCounts counts_of(Action action) {
    made_.counter->resume();
    action();
    made_.counter->pause();
    return made_.counter->take();
  }
};

std::size_t outermost(const CallCounts& counts) {
  return std::accumulate(counts.by_kind.begin(), counts.by_kind.end(), std::size_t{0});
}

TEST_F(CallCounterTest, CallsAreCountedByKindOnceEach) {
  const CallCounts counts = counts_of([&] {
    void* raw = nullptr;
    void* ordered = nullptr;
    DAA_CUDA_CHECK(cudaMalloc(&raw, 1024));
    DAA_CUDA_CHECK(cudaMallocAsync(&ordered, 1024, stream()));
    DAA_CUDA_CHECK(cudaMemsetAsync(ordered, 1, 1024, stream()));
    DAA_CUDA_CHECK(cudaFreeAsync(ordered, stream()));
    DAA_CUDA_CHECK(cudaStreamSynchronize(stream()));
    DAA_CUDA_CHECK(cudaFree(raw));
  });
  EXPECT_EQ(counts.runtime, 6u);
  EXPECT_EQ(counts.of(CallKind::allocate), 2u);
  EXPECT_EQ(counts.of(CallKind::free), 2u);
  EXPECT_EQ(counts.of(CallKind::copy), 1u);
  EXPECT_EQ(counts.of(CallKind::synchronise), 1u);
  EXPECT_EQ(counts.synchronisations, 2u) << "cudaStreamSynchronize and cudaFree";
  EXPECT_EQ(outermost(counts), 6u) << "what the runtime calls of the driver is not counted again";
}

TEST_F(CallCounterTest, ThereIsADriverBeneathOnAGpuAlone) {
  const CallCounts counts = counts_of([&] {
    void* pointer = nullptr;
    DAA_CUDA_CHECK(cudaMallocAsync(&pointer, 1024, stream()));
    DAA_CUDA_CHECK(cudaFreeAsync(pointer, stream()));
  });
  EXPECT_EQ(counts.driver.has_value(), device_kind() == DeviceKind::cuda);
  if (counts.driver) {
    EXPECT_GE(*counts.driver, 2u);
  }
}

TEST_F(CallCounterTest, OnlyCallsBetweenResumeAndPauseCount) {
  void* pointer = nullptr;
  DAA_CUDA_CHECK(cudaMallocAsync(&pointer, 1024, stream()));
  made_.counter->resume();
  DAA_CUDA_CHECK(cudaMemsetAsync(pointer, 1, 1024, stream()));
  made_.counter->pause();
  DAA_CUDA_CHECK(cudaMemsetAsync(pointer, 2, 1024, stream()));
  made_.counter->resume();
  DAA_CUDA_CHECK(cudaMemsetAsync(pointer, 3, 1024, stream()));
  made_.counter->pause();
  DAA_CUDA_CHECK(cudaFreeAsync(pointer, stream()));
  EXPECT_EQ(made_.counter->take().runtime, 2u);
  EXPECT_EQ(made_.counter->take().runtime, 0u) << "what was taken is not there again";
}

TEST_F(CallCounterTest, QueriesOfTheErrorStateDoNotCount) {
  EXPECT_EQ(counts_of([] { static_cast<void>(cudaGetLastError()); }).runtime, 0u);
}

TEST_F(CallCounterTest, AnotherCounterMayFollow) {
  for (int i = 0; i < 3; ++i) {
    made_.counter.reset();
    made_ = make_call_counter();
    ASSERT_NE(made_.counter, nullptr) << made_.why_not;
    EXPECT_EQ(counts_of([&] { DAA_CUDA_CHECK(cudaStreamSynchronize(stream())); }).synchronisations, 1u);
  }
}

}  // namespace
}  // namespace daa::test
