// What the counter for GPUs makes of CUPTI's callbacks, which need no GPU here.

#include <gtest/gtest.h>
#include <stdlib.h>

#include <thread>

#include "daa/host_runtime.hpp"
#include "device/call_counter.hpp"
#include "fake_cupti.hpp"

namespace daa::test {
namespace {

using namespace bench;

constexpr CUpti_CallbackDomain runtime_api = CUPTI_CB_DOMAIN_RUNTIME_API;
constexpr CUpti_CallbackDomain driver_api = CUPTI_CB_DOMAIN_DRIVER_API;

// A call in which `inside` happens.
template <class Inside>
void call(CUpti_CallbackDomain domain, const char* function, Inside inside) {
  fake_cupti::enter(domain, function);
  inside();
  fake_cupti::leave(domain, function);
}

void call(CUpti_CallbackDomain domain, const char* function) {
  call(domain, function, [] {});
}

class CuptiCounter : public ::testing::Test {
 protected:
  void TearDown() override {
    fake_cupti::set_subscribe_result(CUPTI_SUCCESS);
    made_.counter.reset();
    EXPECT_FALSE(fake_cupti::has_subscriber());
  }

  CallCounter& counter() { return *made_.counter; }

  MadeCallCounter made_ = make_call_counter();
};

TEST_F(CuptiCounter, WhatTheRuntimeCallsOfTheDriverIsTheDriversAndNotCountedByKindAgain) {
  ASSERT_NE(made_.counter, nullptr) << made_.why_not;
  counter().resume();
  call(runtime_api, "cudaMalloc", [] {
    call(driver_api, "cuCtxGetCurrent");
    call(driver_api, "cuMemAlloc_v2");
  });
  call(runtime_api, "cudaFree", [] { call(driver_api, "cuMemFree_v2"); });
  counter().pause();
  const CallCounts counts = counter().take();
  EXPECT_EQ(counts.runtime, 2u);
  EXPECT_EQ(counts.driver, 3u);
  EXPECT_EQ(counts.of(CallKind::allocate), 1u);
  EXPECT_EQ(counts.of(CallKind::free), 1u);
  EXPECT_EQ(counts.of(CallKind::other), 0u);
  EXPECT_EQ(counts.synchronisations, 1u);
}

TEST_F(CuptiCounter, WhoCallsTheDriverHasItsCallsCountedByKind) {
  ASSERT_NE(made_.counter, nullptr) << made_.why_not;
  counter().resume();
  call(driver_api, "cuMemCreate");
  call(driver_api, "cuMemMap");
  call(driver_api, "cuMemSetAccess");
  call(driver_api, "cuStreamSynchronize");
  call(driver_api, "cuMemRelease");
  counter().pause();
  const CallCounts counts = counter().take();
  EXPECT_EQ(counts.runtime, 0u);
  EXPECT_EQ(counts.driver, 5u);
  EXPECT_EQ(counts.of(CallKind::allocate), 1u);
  EXPECT_EQ(counts.of(CallKind::free), 1u);
  EXPECT_EQ(counts.of(CallKind::other), 2u);
  EXPECT_EQ(counts.synchronisations, 1u);
}

TEST_F(CuptiCounter, NothingCountsOutsideNorInOtherThreadsNorQueriesOfErrors) {
  ASSERT_NE(made_.counter, nullptr) << made_.why_not;
  call(runtime_api, "cudaMalloc");
  counter().resume();
  std::thread{[] { call(runtime_api, "cudaMalloc"); }}.join();
  call(runtime_api, "cudaGetLastError_v3020");
  call(runtime_api, "cudaFreeAsync_v11020");
  counter().pause();
  call(runtime_api, "cudaMalloc");
  const CallCounts counts = counter().take();
  EXPECT_EQ(counts.runtime, 1u);
  EXPECT_EQ(counts.of(CallKind::free), 1u);
  EXPECT_EQ(counter().take().driver, 0u) << "there is a driver, and it was not called";
}

TEST_F(CuptiCounter, DetachesWhenItIsDestroyedAndMayBeMadeAgain) {
  for (int i = 0; i < 3; ++i) {
    const int before = fake_cupti::finalized();
    EXPECT_TRUE(fake_cupti::has_subscriber());
    host_runtime::clear_calls();
    made_.counter.reset();
    EXPECT_EQ(fake_cupti::finalized(), before + 1) << "after it has unsubscribed";
    EXPECT_EQ(host_runtime::call_count("cudaDeviceSynchronize"), 1u) << "the device must be idle";
    made_ = make_call_counter();
    ASSERT_NE(made_.counter, nullptr) << made_.why_not;
  }
}

TEST_F(CuptiCounter, ACallThatCuptiHasNoNameForIsCountedAllTheSame) {
  ASSERT_NE(made_.counter, nullptr) << made_.why_not;
  counter().resume();
  call(runtime_api, nullptr);
  counter().pause();
  const CallCounts counts = counter().take();
  EXPECT_EQ(counts.runtime, 1u);
  EXPECT_EQ(counts.of(CallKind::other), 1u);
}

TEST_F(CuptiCounter, WhereAnotherToolHasCuptiItSaysSo) {
  const MadeCallCounter second = make_call_counter();
  EXPECT_EQ(second.counter, nullptr);
  EXPECT_NE(second.why_not.find("another tool has CUPTI"), std::string::npos) << second.why_not;
}

TEST_F(CuptiCounter, WhereTheDriverHasLoadedAnotherToolCuptiIsNotAttached) {
  for (const std::string variable : {"CUDA_INJECTION64_PATH", "NVTX_INJECTION64_PATH"}) {
    made_.counter.reset();
    ::setenv(variable.c_str(), "/tools/libinjection.so", 1);
    made_ = make_call_counter();
    ::unsetenv(variable.c_str());
    EXPECT_EQ(made_.counter, nullptr);
    EXPECT_FALSE(fake_cupti::has_subscriber());
    EXPECT_NE(made_.why_not.find(variable + "=/tools/libinjection.so"), std::string::npos) << made_.why_not;
  }
}

TEST_F(CuptiCounter, WhatElseCuptiRefusesIsSaidByName) {
  made_.counter.reset();
  fake_cupti::set_subscribe_result(CUPTI_ERROR_NOT_INITIALIZED);
  made_ = make_call_counter();
  EXPECT_EQ(made_.counter, nullptr);
  EXPECT_EQ(made_.why_not, "cuptiSubscribe: CUPTI_ERROR_NOT_INITIALIZED");
}

}  // namespace
}  // namespace daa::test
