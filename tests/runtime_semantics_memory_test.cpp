// What holds of any CUDA runtime: memory.

#include <cuda_runtime_api.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <cstring>
#include <vector>

#include "runtime_semantics_fixture.hpp"

namespace daa::test {
namespace {

TEST_F(RuntimeSemantics, MemoryIsAlignedTo256Bytes) {
  for (const std::size_t size : {1UL, 255UL, 257UL, 5000UL}) {
    void* direct = nullptr;
    void* ordered = nullptr;
    ASSERT_CUDA(cudaMalloc(&direct, size));
    ASSERT_CUDA(cudaMallocAsync(&ordered, size, stream));
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(direct) % 256, 0);
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(ordered) % 256, 0);
    EXPECT_CUDA(cudaFreeAsync(ordered, stream));
    EXPECT_CUDA(cudaFree(direct));
  }
}

TEST_F(RuntimeSemantics, CopiesAndSetsDoWhatTheySay) {
  std::vector<unsigned char> sent(bytes);
  std::vector<unsigned char> received(bytes);
  for (std::size_t i = 0; i < bytes; ++i) sent[i] = static_cast<unsigned char>(i * 7);
  void* copy = nullptr;
  ASSERT_CUDA(cudaMalloc(&copy, bytes));
  ASSERT_CUDA(cudaMemcpy(device, sent.data(), bytes, cudaMemcpyHostToDevice));
  ASSERT_CUDA(cudaMemcpy(copy, device, bytes, cudaMemcpyDeviceToDevice));
  ASSERT_CUDA(cudaMemset(copy, 3, 16));
  ASSERT_CUDA(cudaMemcpy(received.data(), copy, bytes, cudaMemcpyDefault));
  EXPECT_CUDA(cudaFree(copy));
  std::memset(sent.data(), 3, 16);
  EXPECT_EQ(received, sent);
}

TEST_F(RuntimeSemantics, FreeMemoryIsPartOfTheTotal) {
  std::size_t free = 0;
  std::size_t total = 0;
  ASSERT_CUDA(cudaMemGetInfo(&free, &total));
  EXPECT_GT(free, 0);
  EXPECT_LT(free, total + 1);
}

TEST_F(RuntimeSemantics, StreamOrderedMemoryMayBeFreedOnAnotherStreamBehindItsUse) {
  void* pointer = nullptr;
  ASSERT_CUDA(cudaMallocAsync(&pointer, bytes, stream));
  ASSERT_CUDA(cudaMemsetAsync(pointer, 9, bytes, stream));
  ASSERT_CUDA(cudaMemcpyAsync(pinned, pointer, bytes, cudaMemcpyDeviceToHost, stream));
  ASSERT_CUDA(cudaStreamWaitEvent(other, record(stream), 0));
  ASSERT_CUDA(cudaFreeAsync(pointer, other));
  ASSERT_CUDA(cudaStreamSynchronize(other));
  EXPECT_EQ(pinned[bytes - 1], 9);
}

TEST_F(RuntimeSemantics, AskingForMoreThanTheDeviceHasFailsWithoutWaitingForTheStream) {
  constexpr std::size_t petabyte = std::size_t{1} << 50;
  void* freed = nullptr;
  ASSERT_CUDA(cudaMallocAsync(&freed, bytes, stream));
  Gate gate;
  gate.hold(stream);
  void* pointer = nullptr;
  EXPECT_EQ(cudaMallocAsync(&pointer, petabyte, stream), cudaErrorMemoryAllocation);
  EXPECT_CUDA(cudaFreeAsync(freed, stream));
  EXPECT_EQ(cudaMallocAsync(&pointer, petabyte, stream), cudaErrorMemoryAllocation);
  EXPECT_EQ(cudaGetLastError(), cudaErrorMemoryAllocation);
  EXPECT_EQ(cudaStreamQuery(stream), cudaErrorNotReady);
  gate.open();
  EXPECT_CUDA(cudaStreamSynchronize(stream));
}

TEST_F(RuntimeSemantics, EitherFreeServesEitherAllocation) {
  void* pointer = nullptr;
  ASSERT_CUDA(cudaMalloc(&pointer, bytes));
  ASSERT_CUDA(cudaMemsetAsync(pointer, 1, bytes, stream));
  EXPECT_CUDA(cudaFreeAsync(pointer, stream));
  ASSERT_CUDA(cudaMallocAsync(&pointer, bytes, stream));
  ASSERT_CUDA(cudaMemsetAsync(pointer, 1, bytes, stream));
  EXPECT_CUDA(cudaStreamSynchronize(stream));
  EXPECT_CUDA(cudaFree(pointer));
}

}  // namespace
}  // namespace daa::test
