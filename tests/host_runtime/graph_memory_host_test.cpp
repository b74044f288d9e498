// The memory of graphs in the host runtime: its figures and limits, and its misuse, which shows.

#include <algorithm>
#include <cstdint>
#include <functional>
#include <vector>

#include "host_capture_fixture.hpp"

namespace {

using namespace daa::test;

class CapturedMemory : public HostCaptureFixture {
 protected:
  /// Allocates and frees.
  cudaGraphExec_t passing(std::size_t bytes) const {
    return capture([&] { free(allocate(bytes)); });
  }
  static void trim() { EXPECT_CUDA(cudaDeviceGraphMemTrim(0)); }
};

TEST_F(CapturedMemory, IsMappedByALaunchOrAnUploadServesTheNextGraphAndIsUnmappedByATrimOnceNothingUsesIt) {
  begin();
  free(allocate(3 * MiB));
  const cudaGraph_t graph = end();
  const cudaGraphExec_t exec = instantiate(graph);
  EXPECT_EQ(host::mapped_bytes(), 0);
  EXPECT_CUDA(cudaGraphUpload(exec, stream));
  EXPECT_EQ(host::mapped_bytes(), 2 * granule);
  {
    const Gate gate(stream);
    launch(exec);
    trim();
    EXPECT_EQ(host::mapped_bytes(), 2 * granule);
  }
  synchronize();
  EXPECT_EQ(host::mapped_bytes(), 2 * granule);
  trim();
  EXPECT_EQ(host::mapped_bytes(), 0);
  launch(exec);
  EXPECT_EQ(host::mapped_bytes(), 2 * granule);
  synchronize();
  destroy(graph, exec);
  EXPECT_EQ(host::mapped_bytes(), 2 * granule);
  run(passing(3 * MiB));
  EXPECT_EQ(host::mapped_bytes(), 2 * granule);
  trim();
  EXPECT_EQ(host::mapped_bytes(), 0);
}

TEST_F(CapturedMemory, StaysMappedWhileAnAllocationOfALaunchIsNotFreed) {
  begin();
  unsigned char* const pointer = allocate(KiB);
  const cudaGraph_t graph = end();
  const cudaGraphExec_t exec = instantiate(graph);
  launch(exec);
  destroy(graph, exec);
  synchronize();
  trim();
  EXPECT_EQ(host::mapped_bytes(), granule);
  set(pointer, 1);
  free(pointer);
  synchronize();
  trim();
  EXPECT_EQ(host::mapped_bytes(), 0);
}

TEST_F(CapturedMemory, BeyondTheLimitCannotBeLaunchedOrUploaded) {
  host::set_memory_limit(4 * MiB);
  const cudaGraphExec_t exec = passing(6 * MiB);
  EXPECT_EQ(cudaGraphLaunch(exec, stream), cudaErrorMemoryAllocation);
  EXPECT_EQ(cudaGraphUpload(exec, stream), cudaErrorMemoryAllocation);
  EXPECT_EQ(host::mapped_bytes(), 0);
  std::uint64_t used = 1;
  EXPECT_CUDA(cudaDeviceGetGraphMemAttribute(0, cudaGraphMemAttrUsedMemCurrent, &used));
  EXPECT_EQ(used, 0);
  host::set_memory_limit(6 * MiB);
  run(exec);
}

TEST_F(CapturedMemory, IsTakenFromIdlePoolsAndIdleGraphsBeforeALaunchFails) {
  host::set_memory_limit(4 * MiB);
  free(allocate(4 * MiB));
  const cudaGraphExec_t first = passing(4 * MiB);
  const cudaGraphExec_t second = passing(4 * MiB);
  for (int i = 0; i < 3; ++i) {
    launch(first);
    launch(second);
  }
  synchronize();
  EXPECT_EQ(host::mapped_bytes(), 4 * MiB);
  void* pointer = nullptr;
  EXPECT_EQ(cudaMallocAsync(&pointer, 4 * MiB, stream), cudaErrorMemoryAllocation);
  trim();
  free(allocate(4 * MiB));
}

TEST_F(CapturedMemory, IsLiveFromTheLaunchOnUnlessTheGraphFreesIt) {
  unsigned char* kept = nullptr;
  const auto work = [&] {
    kept = allocate(KiB);
    free(allocate(KiB));
  };
  const cudaGraphExec_t exec = capture(work, cudaGraphInstantiateFlagAutoFreeOnLaunch);
  EXPECT_EQ(host::live_allocations(), 0);
  launch(exec);
  EXPECT_EQ(host::live_allocations(), 1);
  launch(exec);
  EXPECT_EQ(host::live_allocations(), 1);
  free(kept);
  EXPECT_EQ(host::live_allocations(), 0);
}

TEST_F(CapturedMemory, HasAnAddressOfItsOwnForEachAllocation) {
  std::vector<unsigned char*> pointers(10);
  run(capture([&] {
    for (auto& pointer : pointers) free(pointer = allocate(KiB));
  }));
  std::sort(pointers.begin(), pointers.end());
  EXPECT_EQ(std::adjacent_find(pointers.begin(), pointers.end()), pointers.end());
  EXPECT_EQ(host::mapped_bytes(), granule);
}

TEST_F(CapturedMemory, IsOfTheDeviceOfTheStreamOrOfThePool) {
  host::set_device_count(2);
  cudaMemPool_t pool = nullptr;
  EXPECT_CUDA(cudaDeviceGetDefaultMemPool(&pool, 1));
  launch(capture([&] {
    free(allocate(KiB));
    free(allocate_from(pool, 3 * MiB, stream));
  }));
  EXPECT_EQ(host::mapped_bytes(0), granule);
  EXPECT_EQ(host::mapped_bytes(1), 2 * granule);
}

TEST_F(CapturedMemory, MoreThanThereAreAddressesForIsRefusedAtOnce) {
  run(capture([&] {
    void* pointer = nullptr;
    for (const std::size_t bytes : {std::size_t{1} << 50, ~std::size_t{0}}) {
      EXPECT_EQ(cudaMallocAsync(&pointer, bytes, stream), cudaErrorMemoryAllocation);
    }
    free(allocate(KiB));
  }));
}

TEST_F(CapturedMemory, IsFreshAtEachLaunch) {
  std::vector<int> seen;
  const cudaGraphExec_t exec = capture([&] {
    unsigned char* const pointer = allocate(KiB);
    EXPECT_CUDA(host::launch(stream, {{pointer, KiB}}, [&seen, pointer] { seen.push_back(*pointer); }));
    set(pointer, 7);
    free(pointer);
  });
  launch(exec);
  run(exec);
  ASSERT_EQ(seen.size(), 2);
  EXPECT_EQ(seen[0], seen[1]);
  EXPECT_NE(seen[0], 0);
  EXPECT_NE(seen[1], 7);
}

// --- misuse ------------------------------------------------------------------------------------------------

using CapturedMisuse = CapturedMemory;

TEST_F(CapturedMisuse, OfMemoryFreedSinceTheCaptureIsReportedAtTheLaunch) {
  unsigned char* const pointer = allocate(KiB);
  const cudaGraphExec_t exec = capture([&] { set(pointer, 1); });
  run(exec);
  EXPECT_TRUE(host::violations().empty());
  free(pointer);
  run(exec);
  EXPECT_TRUE(violates({"cudaMemsetAsync outside live memory", "1024 bytes"}));
}

TEST_F(CapturedMisuse, OfGraphMemoryBeforeItsLaunchAndAfterItsFreeIsReported) {
  unsigned char* pointer = nullptr;
  const auto is_reported = [&] {
    synchronize();
    return violates({"cudaMemsetAsync outside live memory"});
  };
  const cudaGraphExec_t making = capture([&] { pointer = allocate(KiB); });
  set(pointer, 1);
  EXPECT_TRUE(is_reported());
  launch(making);
  set(pointer, 1);
  free(pointer);
  set(pointer, 1);
  EXPECT_TRUE(is_reported());

  launch(capture([&] {
    pointer = allocate(KiB);
    set(pointer, 1);
    free(pointer);
    set(pointer, 2);
  }));
  EXPECT_TRUE(is_reported());
  set(pointer, 3);
  EXPECT_TRUE(is_reported());
}

TEST_F(CapturedMisuse, ByAWriteAfterTheFreeIsFoundAtTheNextLaunchAndWhenTheGraphIsGone) {
  begin();
  unsigned char* const pointer = allocate(KiB);
  free(pointer);
  const cudaGraph_t graph = end();
  const cudaGraphExec_t exec = instantiate(graph);
  launch(exec);
  scribble(pointer + 100);
  synchronize();
  EXPECT_TRUE(host::violations().empty());
  run(exec);
  EXPECT_TRUE(violates({"written after its free", "byte 100 ", "a graph's cudaMallocAsync on stream",
                        "a graph's cudaFreeAsync on stream"}));
  scribble(pointer);
  synchronize();
  destroy(graph, exec);
  EXPECT_TRUE(violates({"written after its free", "byte 0 "}));
}

TEST_F(CapturedMisuse, AFreeInACaptureThatCannotBeIsReportedAndEndsTheCapture) {
  unsigned char* const ordinary = allocate(KiB);
  unsigned char* kept = nullptr;
  unsigned char* freed = nullptr;
  static_cast<void>(capture([&] {
    kept = allocate(KiB);
    free(freed = allocate(KiB));
  }));
  const auto once = [&](unsigned char* pointer) {
    free(pointer);
    return pointer;
  };
  const struct {
    const char* why;
    std::function<unsigned char*()> work;  // returns what is then freed
    bool elsewhere;
  } rows[] = {
      {"not an allocation of a graph", [&] { return ordinary; }, false},
      {"this graph already frees it", [&] { return once(allocate(KiB)); }, false},
      {"this graph already frees it", [&] { return once(kept); }, false},
      {"its own graph frees it", [&] { return freed; }, false},
      {"not ordered after the allocation",
       [&] {
         order(stream, other);
         return allocate(KiB);
       },
       true},
  };
  for (const auto& [why, work, elsewhere] : rows) {
    SCOPED_TRACE(why);
    begin();
    EXPECT_EQ(cudaFreeAsync(work(), elsewhere ? other : stream), cudaErrorInvalidValue);
    EXPECT_TRUE(violates({"cudaFreeAsync", why}));
    end_invalid();
  }
  free(ordinary);
}

TEST_F(CapturedMisuse, ALaunchThatIsNotBehindTheFreeOfWhatTheLastOneMadeIsReported) {
  unsigned char* pointer = nullptr;
  const cudaGraphExec_t exec = capture([&] { pointer = allocate(KiB); });
  run(exec);
  {
    const Gate gate(other);
    EXPECT_CUDA(cudaFreeAsync(pointer, other));
    run(exec);
  }
  EXPECT_CUDA(cudaStreamSynchronize(other));
  EXPECT_TRUE(violates({"allocated again before its free"}));
  free(pointer);
}

TEST_F(CapturedMisuse, ALaunchThatFreesWhatIsNotThereIsRefused) {
  unsigned char* pointer = nullptr;
  const cudaGraphExec_t making = capture([&] { pointer = allocate(KiB); });
  const cudaGraphExec_t freeing = capture([&] { free(pointer); });
  EXPECT_EQ(cudaGraphLaunch(freeing, stream), cudaErrorInvalidValue);
  launch(making);
  launch(freeing);
  EXPECT_EQ(cudaGraphLaunch(freeing, stream), cudaErrorInvalidValue);
}

}  // namespace
