// The host runtime: what it reports as misuse, what it does not do then, and how memory that nobody may use
// shows when it is read and when it is written.

#include <algorithm>
#include <stdexcept>
#include <string>

#include "host_runtime_fixture.hpp"

namespace daa::test {
namespace {

using Violations = HostRuntime;

TEST_F(Violations, AnAccessOutsideLiveMemoryIsReportedAndNotDone) {
  keep_memory();
  unsigned char* const pointer = allocate(1000);
  EXPECT_CUDA(cudaMemsetAsync(pointer, 1, 1000, stream));
  EXPECT_CUDA(cudaMemsetAsync(pointer, 2, 1001, stream));
  synchronize();
  EXPECT_EQ(pointer[0], 1);
  EXPECT_TRUE(violates({"cudaMemsetAsync outside live memory", "1001 bytes at " + hex(pointer)}));

  bool ran = false;
  EXPECT_CUDA(host::launch(stream, {{pointer, 1000}, {pointer + 1, 1000}}, [&] { ran = true; }));
  synchronize();
  EXPECT_FALSE(ran);
  EXPECT_TRUE(violates({"launch", hex(pointer + 1)}));
  EXPECT_CUDA(host::launch(stream, {{pointer, 1000}, {nullptr, 0}}, [&] { ran = true; }));
  synchronize();
  EXPECT_TRUE(ran);

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

TEST_F(Violations, MemoryIsLiveFromItsPlaceInTheStreamAndNotFreedAheadOfIt) {
  Gate gate(stream);
  unsigned char* const pointer = allocate(KiB);
  EXPECT_CUDA(cudaMemsetAsync(pointer, 1, KiB, other));
  EXPECT_CUDA(cudaStreamSynchronize(other));
  EXPECT_TRUE(violates({"cudaMemsetAsync outside live memory"}));
  unsigned char* const used = allocate(KiB);
  EXPECT_CUDA(cudaMemsetAsync(used, 1, KiB, stream));
  EXPECT_CUDA(cudaFreeAsync(pointer, other));
  EXPECT_CUDA(cudaStreamSynchronize(other));
  EXPECT_TRUE(violates({"freed before it was allocated", hex(pointer)}));
  gate.open();
  synchronize();
}

TEST_F(Violations, AFreeOfWhatIsNotAllocatedIsReported) {
  unsigned char* const pointer = allocate(KiB);
  free(pointer);
  EXPECT_EQ(cudaFreeAsync(pointer, stream), cudaErrorInvalidValue);
  EXPECT_TRUE(violates({"cudaFreeAsync", hex(pointer), "not allocated"}));
  EXPECT_EQ(cudaFree(pointer + 1), cudaErrorInvalidValue);
  EXPECT_TRUE(violates({"cudaFree", hex(pointer + 1), "not allocated"}));
  void* pinned = nullptr;
  EXPECT_CUDA(cudaMallocHost(&pinned, 1));
  EXPECT_CUDA(cudaFreeHost(pinned));
  EXPECT_EQ(cudaFreeHost(pinned), cudaErrorInvalidValue);
  EXPECT_TRUE(violates({"cudaFreeHost of " + hex(pinned)}));
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

// --- poison ------------------------------------------------------------------------------------------------

using Poison = HostRuntime;

TEST_F(Poison, FreshMemoryIsNotZero) {
  void* direct = nullptr;
  EXPECT_CUDA(cudaMalloc(&direct, 100 * KiB));
  unsigned char* const ordered = allocate(100 * KiB);
  synchronize();
  for (const unsigned char* memory : {static_cast<unsigned char*>(direct), ordered}) {
    for (const std::size_t at : {0UL, 4095UL, 48 * KiB, 100 * KiB - 1}) EXPECT_NE(memory[at], 0) << at;
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

TEST_F(Poison, AWriteAfterFreeIsFoundAnywhereWhenTheMemoryIsUnmapped) {
  constexpr std::size_t page = 4096;
  constexpr std::size_t huge = 256 * MiB;
  const struct {
    std::size_t bytes;
    std::size_t offset;
  } rows[] = {{KiB, 0},         {MiB, 0},         {MiB, page},         {MiB, 77 * page}, {MiB, 255 * page},
              {huge, page - 1}, {huge, huge / 2}, {huge, huge - page}, {huge, huge - 1}};
  for (const auto& [bytes, offset] : rows) {
    unsigned char* const pointer = allocate(bytes);
    EXPECT_CUDA(
        cudaMemsetAsync(pointer, 1, std::min(bytes, MiB), stream));  // a write before the free is fine
    free(pointer);
    scribble(pointer + offset);
    synchronize();
    EXPECT_EQ(host::mapped_bytes(), 0);
    EXPECT_TRUE(violates({"written after its free",
                          "byte " + std::to_string(offset) + " of the " + std::to_string(bytes) + " bytes"}));
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

}  // namespace
}  // namespace daa::test
