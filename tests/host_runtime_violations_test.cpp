// The host runtime: what it reports as misuse, and what it does not do then.

#include <cuda_runtime_api.h>
#include <gtest/gtest.h>

#include <stdexcept>

#include "host_runtime_fixture.hpp"

namespace daa::test {
namespace {

using Violations = HostRuntime;

TEST_F(Violations, ASetBeyondTheEndIsReportedAndNotDone) {
  unsigned char* const pointer = allocate(1000);
  EXPECT_CUDA(cudaMemsetAsync(pointer, 1, 1000, stream));
  EXPECT_CUDA(cudaMemsetAsync(pointer, 2, 1001, stream));
  synchronize();
  EXPECT_EQ(pointer[0], 1);
  EXPECT_TRUE(violates({"cudaMemsetAsync outside live memory", "1001 bytes at " + hex(pointer)}));
}

TEST_F(Violations, ACopyFromFreedMemoryIsReportedAndNotDone) {
  keep_memory();
  unsigned char* const pointer = allocate(KiB);
  free(pointer);
  unsigned char received = 77;
  EXPECT_CUDA(cudaMemcpyAsync(&received, pointer, 1, cudaMemcpyDeviceToHost, stream));
  synchronize();
  EXPECT_EQ(received, 77);
  EXPECT_TRUE(violates({"cudaMemcpyAsync outside live memory", hex(pointer)}));
}

TEST_F(Violations, ACopyToWhatIsNoDeviceMemoryIsRefused) {
  int here = 0;
  int there = 1;
  EXPECT_EQ(cudaMemcpy(&here, &there, sizeof here, cudaMemcpyHostToDevice), cudaErrorInvalidValue);
  EXPECT_EQ(here, 0);
  EXPECT_TRUE(violates({"cudaMemcpy outside live memory", hex(&here)}));
  EXPECT_EQ(cudaMemsetAsync(&here, 1, sizeof here, stream), cudaErrorInvalidValue);
  EXPECT_TRUE(violates({"cudaMemsetAsync"}));
}

TEST_F(Violations, ALaunchWithAnAccessOutsideLiveMemoryIsNotRun) {
  unsigned char* const pointer = allocate(KiB);
  bool ran = false;
  EXPECT_CUDA(host::launch(stream, {{pointer, KiB}, {pointer + 1, KiB}}, [&] { ran = true; }));
  synchronize();
  EXPECT_FALSE(ran);
  EXPECT_TRUE(violates({"launch", hex(pointer + 1)}));
  EXPECT_CUDA(host::launch(stream, {{pointer, KiB}, {nullptr, 0}}, [&] { ran = true; }));
  synchronize();
  EXPECT_TRUE(ran);
}

TEST_F(Violations, MemoryIsLiveFromItsPlaceInTheStream) {
  Gate gate(stream);
  unsigned char* const pointer = allocate(KiB);
  EXPECT_CUDA(cudaMemsetAsync(pointer, 1, KiB, other));
  EXPECT_CUDA(cudaStreamSynchronize(other));
  EXPECT_TRUE(violates({"cudaMemsetAsync outside live memory"}));
  EXPECT_CUDA(cudaMemsetAsync(pointer, 1, KiB, stream));
  gate.open();
  synchronize();
}

TEST_F(Violations, AFreeAheadOfTheAllocationInStreamOrderIsReported) {
  Gate gate(stream);
  unsigned char* const pointer = allocate(KiB);
  EXPECT_CUDA(cudaFreeAsync(pointer, other));
  EXPECT_CUDA(cudaStreamSynchronize(other));
  EXPECT_TRUE(violates({"freed before it was allocated", hex(pointer)}));
}

TEST_F(Violations, ASecondFreeAndAFreeOfTheUnknownAreReported) {
  unsigned char* const pointer = allocate(KiB);
  free(pointer);
  EXPECT_EQ(cudaFreeAsync(pointer, stream), cudaErrorInvalidValue);
  EXPECT_TRUE(violates({"cudaFreeAsync", hex(pointer), "not allocated"}));
  EXPECT_EQ(cudaFree(pointer + 1), cudaErrorInvalidValue);
  EXPECT_TRUE(violates({"cudaFree", hex(pointer + 1), "not allocated"}));
}

TEST_F(Violations, MemoryNeverFreedIsReportedWhenItsPoolIsDestroyed) {
  const cudaMemPool_t pool = make_pool(0);
  unsigned char* const pointer = allocate_from(pool, KiB, stream);
  free(allocate_from(pool, KiB, stream));
  EXPECT_CUDA(cudaMemPoolDestroy(pool));
  EXPECT_TRUE(violates({"never freed", hex(pointer)}));
  EXPECT_CUDA(cudaMemsetAsync(pointer, 1, KiB, stream));
  free(pointer);
  synchronize();
  EXPECT_EQ(host::mapped_bytes(), 0);
}

TEST_F(Violations, AnExceptionInATaskIsReported) {
  EXPECT_CUDA(host::launch(stream, {}, [] { throw std::runtime_error("no such luck"); }));
  synchronize();
  EXPECT_TRUE(violates({"no such luck"}));
}

TEST_F(Violations, OnlyTheFirstAreKept) {
  ::testing::internal::CaptureStderr();
  for (std::size_t i = 0; i < host::max_recorded_violations + 5; ++i) {
    EXPECT_EQ(cudaFreeAsync(this, stream), cudaErrorInvalidValue);
  }
  ::testing::internal::GetCapturedStderr();
  EXPECT_EQ(host::violations().size(), host::max_recorded_violations);
  host::clear_violations();
}

}  // namespace
}  // namespace daa::test
