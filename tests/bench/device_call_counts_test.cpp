// What functions are for, by name.

#include "device/call_counts.hpp"

#include <gtest/gtest.h>

#include <string>

#include "daa/host_runtime.hpp"

namespace daa::bench {
namespace {

void expect_meaning(std::string_view function, CallKind kind, bool waits) {
  EXPECT_EQ(meaning_of(function).kind, kind) << function;
  EXPECT_EQ(meaning_of(function).waits, waits) << function;
}

TEST(CallKind, IsThatOfTheFunctionInEitherApi) {
  for (const char* const function : {"cudaMalloc", "cudaMallocAsync", "cudaMallocFromPoolAsync", "cuMemAlloc",
                                     "cuMemAllocFromPoolAsync", "cuMemCreate"})
    expect_meaning(function, CallKind::allocate, false);
  for (const char* const function : {"cudaFreeAsync", "cuMemFreeAsync", "cuMemRelease"})
    expect_meaning(function, CallKind::free, false);
  for (const char* const function : {"cudaFree", "cuMemFree", "cudaFreeHost"})
    expect_meaning(function, CallKind::free, true);
  for (const char* const function :
       {"cudaLaunchKernel", "cudaLaunchKernelExC", "cuLaunchKernel", "cuGraphLaunch"})
    expect_meaning(function, CallKind::launch, false);
  for (const char* const function : {"cudaDeviceSynchronize", "cudaStreamSynchronize", "cudaEventSynchronize",
                                     "cuCtxSynchronize", "cuStreamSynchronize"})
    expect_meaning(function, CallKind::synchronise, true);
  for (const char* const function : {"cudaMemcpy", "cuMemcpyDtoH", "cudaMemcpy2D"})
    expect_meaning(function, CallKind::copy, true);
  for (const char* const function :
       {"cudaMemcpyAsync", "cudaMemset", "cudaMemsetAsync", "cuMemsetD8", "cuMemcpyHtoDAsync"})
    expect_meaning(function, CallKind::copy, false);
  for (const char* const function : {"cudaStreamIsCapturing", "cudaEventRecord", "cuMemMap", "cuMemUnmap",
                                     "cuMemSetAccess", "cudaStreamWaitEvent", "not_a_function", ""})
    expect_meaning(function, CallKind::other, false);
}

TEST(CallKind, IsTheSameForVersionsAndVariants) {
  expect_meaning("cuMemFree_v2", CallKind::free, true);
  expect_meaning("cuMemAlloc_v2", CallKind::allocate, false);
  expect_meaning("cudaFreeAsync_v11020", CallKind::free, false);
  expect_meaning("cudaLaunchKernel_ptsz", CallKind::launch, false);
  expect_meaning("cuMemcpyDtoHAsync_v2_ptsz", CallKind::copy, false);
  expect_meaning("cuMemcpyDtoH_v2_ptds", CallKind::copy, true);
}

TEST(CallKind, QueriesOfTheErrorStateAreNoCalls) {
  for (const char* const function : {"cudaGetLastError", "cudaPeekAtLastError_v3020", "cuGetErrorString"})
    EXPECT_TRUE(is_error_query(function)) << function;
  EXPECT_FALSE(is_error_query("cudaGetDevice"));
}

// So that a function that is added there is thought of here.
TEST(CallKind, OfTheHostRuntimesFunctionsThoseThatTakeMemoryOrGiveItBackAreKnown) {
  for (const auto& [function, calls] : host_runtime::call_counts()) {
    const bool takes = function.starts_with("cudaMalloc") || function == "cuMemCreate";
    const bool gives_back = function.starts_with("cudaFree") || function == "cuMemRelease";
    const bool only_waits = function.ends_with("Synchronize");
    EXPECT_EQ(meaning_of(function).kind == CallKind::allocate, takes) << function;
    EXPECT_EQ(meaning_of(function).kind == CallKind::free, gives_back) << function;
    EXPECT_EQ(meaning_of(function).kind == CallKind::synchronise, only_waits) << function;
  }
}

}  // namespace
}  // namespace daa::bench
