// The host runtime: memory that nobody may use shows when it is read and when it is written.

#include <cuda_runtime_api.h>
#include <gtest/gtest.h>

#include <string>

#include "host_runtime_fixture.hpp"

namespace daa::test {
namespace {

using Poison = HostRuntime;

TEST_F(Poison, FreshMemoryIsNotZero) {
  void* direct = nullptr;
  EXPECT_CUDA(cudaMalloc(&direct, 100 * KiB));
  unsigned char* const ordered = allocate(100 * KiB);
  synchronize();
  for (const unsigned char* memory : {static_cast<unsigned char*>(direct), ordered}) {
    EXPECT_NE(memory[0], 0);
    EXPECT_NE(memory[4095], 0);
    EXPECT_NE(memory[50 * KiB / 4096 * 4096], 0);
    EXPECT_NE(memory[100 * KiB - 1], 0);
  }
}

TEST_F(Poison, AUseAfterFreeInStreamOrderReallyHappens) {
  keep_memory();
  unsigned char* const pointer = allocate(KiB);
  EXPECT_CUDA(cudaMemsetAsync(pointer, 1, KiB, stream));
  int before = 0;
  int after = 0;
  EXPECT_CUDA(host::launch(stream, {{pointer, KiB}}, [&] { before = pointer[KiB - 1]; }));
  free(pointer);
  EXPECT_CUDA(host::launch(stream, {}, [&] { after = pointer[KiB - 1]; }));
  synchronize();
  EXPECT_EQ(before, 1);
  EXPECT_NE(after, 1);
}

TEST_F(Poison, AWriteAfterFreeIsFoundWhenTheMemoryIsHandedOutAgain) {
  unsigned char* const pointer = allocate(KiB);
  free(pointer);
  scribble(pointer + 100);
  EXPECT_EQ(allocate(KiB), pointer);
  synchronize();
  EXPECT_TRUE(violates({"written after its free", "byte 100 of the 1024 bytes at " + hex(pointer),
                        "allocation 1,", "cudaMallocAsync on stream", "cudaFreeAsync on stream"}));
}

TEST_F(Poison, AWriteAfterFreeIsFoundWhenTheMemoryIsUnmapped) {
  unsigned char* const pointer = allocate(KiB);
  free(pointer);
  scribble(pointer);
  synchronize();
  EXPECT_EQ(host::mapped_bytes(), 0);
  EXPECT_TRUE(violates({"written after its free", "byte 0 "}));
}

TEST_F(Poison, AWriteAfterFreeIsFoundInAnyPage) {
  for (const std::size_t page : {0UL, 1UL, 77UL, 255UL}) {
    unsigned char* const pointer = allocate(MiB);
    free(pointer);
    scribble(pointer + page * 4096);
    synchronize();
    EXPECT_TRUE(violates({"byte " + std::to_string(page * 4096) + " of the 1048576 bytes"}));
  }
}

TEST_F(Poison, AWriteAfterFreeIsFoundAtEitherEndOfAHugeBlock) {
  constexpr std::size_t huge = 256 * MiB;
  for (const std::size_t offset : {4095UL, huge / 2, huge - 4096, huge - 1}) {
    unsigned char* const pointer = allocate(huge);
    free(pointer);
    scribble(pointer + offset);
    synchronize();
    EXPECT_TRUE(violates({"byte " + std::to_string(offset) + " "}));
  }
}

TEST_F(Poison, AWriteAfterFreeIsFoundOnceAndInThePartThatIsHandedOut) {
  unsigned char* const pointer = allocate(8 * KiB);
  free(pointer);
  scribble(pointer + 5 * KiB);
  EXPECT_EQ(allocate(4 * KiB), pointer);
  synchronize();
  EXPECT_TRUE(host::violations().empty());
  EXPECT_EQ(allocate(4 * KiB), pointer + 4 * KiB);
  synchronize();
  EXPECT_TRUE(violates({"byte 5120 of the 8192 bytes at " + hex(pointer)}));
}

TEST_F(Poison, AWriteAfterCudaFreeIsFoundToo) {
  void* keeps_the_segment_mapped = nullptr;
  void* pointer = nullptr;
  EXPECT_CUDA(cudaMalloc(&keeps_the_segment_mapped, KiB));
  EXPECT_CUDA(cudaMalloc(&pointer, KiB));
  EXPECT_CUDA(cudaFree(pointer));
  scribble(static_cast<unsigned char*>(pointer));
  synchronize();
  EXPECT_CUDA(cudaFree(keeps_the_segment_mapped));
  EXPECT_TRUE(violates({"written after its free", "cudaMalloc; cudaFree"}));
}

TEST_F(Poison, WritesBeforeTheFreeAreFine) {
  for (int i = 0; i < 10; ++i) {
    unsigned char* const pointer = allocate(MiB);
    EXPECT_CUDA(cudaMemsetAsync(pointer, i, MiB, stream));
    free(pointer);
  }
  synchronize();
}

}  // namespace
}  // namespace daa::test
