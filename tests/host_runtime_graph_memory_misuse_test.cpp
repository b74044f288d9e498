// Misuse of the memory of graphs, which the host runtime shows.

#include <array>

#include "host_capture_fixture.hpp"

namespace {

using namespace daa::test;

using CapturedMisuse = HostCaptureFixture;

TEST_F(CapturedMisuse, OfMemoryFreedSinceTheCaptureIsReportedAtTheLaunch) {
  unsigned char* const pointer = allocate(KiB);
  begin();
  set(pointer, 1, KiB);
  const cudaGraphExec_t exec = instantiate(end());
  launch(exec);
  synchronize();
  EXPECT_TRUE(host::violations().empty());
  free(pointer);
  launch(exec);
  synchronize();
  EXPECT_TRUE(violates({"cudaMemsetAsync outside live memory", "1024 bytes"}));
}

TEST_F(CapturedMisuse, OfGraphMemoryBeforeItsLaunchIsReported) {
  begin();
  unsigned char* const pointer = allocate(KiB);
  const cudaGraphExec_t exec = instantiate(end());
  set(pointer, 1, KiB);
  synchronize();
  EXPECT_TRUE(violates({"cudaMemsetAsync outside live memory"}));
  launch(exec);
  set(pointer, 1, KiB);
  free(pointer);
  set(pointer, 1, KiB);
  synchronize();
  EXPECT_TRUE(violates({"cudaMemsetAsync outside live memory"}));
}

TEST_F(CapturedMisuse, OfGraphMemoryAfterItsFreeInTheGraphIsReported) {
  begin();
  unsigned char* const pointer = allocate(KiB);
  set(pointer, 1, KiB);
  free(pointer);
  set(pointer, 2, KiB);
  const cudaGraphExec_t exec = instantiate(end());
  launch(exec);
  synchronize();
  EXPECT_TRUE(violates({"cudaMemsetAsync outside live memory"}));
  set(pointer, 3, KiB);
  synchronize();
  EXPECT_TRUE(violates({"cudaMemsetAsync outside live memory"}));
}

TEST_F(CapturedMisuse, ByAWriteAfterTheFreeIsFoundAtTheNextLaunch) {
  begin();
  unsigned char* const pointer = allocate(KiB);
  free(pointer);
  const cudaGraphExec_t exec = instantiate(end());
  launch(exec);
  scribble(pointer + 100);
  synchronize();
  EXPECT_TRUE(host::violations().empty());
  launch(exec);
  synchronize();
  EXPECT_TRUE(violates({"written after its free", "byte 100 ", "a graph's cudaMallocAsync on stream",
                        "a graph's cudaFreeAsync on stream"}));
}

TEST_F(CapturedMisuse, ByAWriteAfterTheFreeIsFoundWhenTheGraphIsGone) {
  begin();
  unsigned char* const pointer = allocate(KiB);
  free(pointer);
  const cudaGraph_t graph = end();
  const cudaGraphExec_t exec = instantiate(graph);
  launch(exec);
  scribble(pointer);
  synchronize();
  EXPECT_CUDA(cudaGraphDestroy(graph));
  EXPECT_CUDA(cudaGraphExecDestroy(exec));
  EXPECT_TRUE(violates({"written after its free", "byte 0 "}));
}

TEST_F(CapturedMisuse, MemoryOfAGraphIsFreshAtEachLaunch) {
  std::array<int, 2> seen{};
  int runs = 0;
  begin();
  unsigned char* const pointer = allocate(KiB);
  EXPECT_CUDA(
      host::launch(stream, {{pointer, KiB}}, [&] { seen[static_cast<std::size_t>(runs++)] = *pointer; }));
  set(pointer, 7, KiB);
  free(pointer);
  const cudaGraphExec_t exec = instantiate(end());
  launch(exec);
  launch(exec);
  synchronize();
  EXPECT_EQ(seen[0], seen[1]);
  EXPECT_NE(seen[0], 0);
  EXPECT_NE(seen[1], 7);
}

TEST_F(CapturedMisuse, AFreeThatIsNotBehindTheAllocationIsRefused) {
  cudaEvent_t event = nullptr;
  ASSERT_CUDA(cudaEventCreate(&event));
  begin();
  EXPECT_CUDA(cudaEventRecord(event, stream));
  EXPECT_CUDA(cudaStreamWaitEvent(other, event, 0));
  unsigned char* const pointer = allocate(KiB);
  EXPECT_EQ(cudaFreeAsync(pointer, other), cudaErrorInvalidValue);
  EXPECT_TRUE(violates({"cudaFreeAsync", "not behind the allocation"}));
  end_invalid();
}

TEST_F(CapturedMisuse, AFreeOfWhatIsNoGraphsOrIsFreedAlreadyIsReportedAndEndsTheCapture) {
  unsigned char* const ordinary = allocate(KiB);
  begin();
  EXPECT_EQ(cudaFreeAsync(ordinary, stream), cudaErrorInvalidValue);
  EXPECT_TRUE(violates({"cudaFreeAsync", "no allocation of a graph"}));
  end_invalid();
  free(ordinary);
  begin();
  unsigned char* const pointer = allocate(KiB);
  free(pointer);
  EXPECT_EQ(cudaFreeAsync(pointer, stream), cudaErrorInvalidValue);
  EXPECT_TRUE(violates({"cudaFreeAsync", "this graph frees it already"}));
  end_invalid();
}

TEST_F(CapturedMisuse, AFreeOfAnothersMemoryIsRefusedIfThatOneFreesItOrThisOneAlreadyDoes) {
  begin();
  unsigned char* const kept = allocate(KiB);
  unsigned char* const freed = allocate(KiB);
  free(freed);
  static_cast<void>(end());
  begin();
  EXPECT_EQ(cudaFreeAsync(freed, stream), cudaErrorInvalidValue);
  EXPECT_TRUE(violates({"cudaFreeAsync", "its own graph frees it"}));
  end_invalid();
  begin();
  free(kept);
  EXPECT_EQ(cudaFreeAsync(kept, stream), cudaErrorInvalidValue);
  EXPECT_TRUE(violates({"cudaFreeAsync", "this graph frees it already"}));
  end_invalid();
}

TEST_F(CapturedMisuse, ALaunchThatIsNotBehindTheFreeOfWhatTheLastOneMadeIsReported) {
  begin();
  unsigned char* const pointer = allocate(KiB);
  const cudaGraphExec_t exec = instantiate(end());
  launch(exec);
  synchronize();
  {
    const Gate gate(other);
    EXPECT_CUDA(cudaFreeAsync(pointer, other));
    launch(exec);
    synchronize();
  }
  EXPECT_CUDA(cudaStreamSynchronize(other));
  EXPECT_TRUE(violates({"allocated again before its free"}));
  free(pointer);
  synchronize();
}

TEST_F(CapturedMisuse, ALaunchThatFreesWhatIsNotThereIsRefused) {
  begin();
  unsigned char* const pointer = allocate(KiB);
  const cudaGraphExec_t making = instantiate(end());
  begin();
  free(pointer);
  const cudaGraphExec_t freeing = instantiate(end());
  EXPECT_EQ(cudaGraphLaunch(freeing, stream), cudaErrorInvalidValue);
  launch(making);
  launch(freeing);
  EXPECT_EQ(cudaGraphLaunch(freeing, stream), cudaErrorInvalidValue);
}

}  // namespace
