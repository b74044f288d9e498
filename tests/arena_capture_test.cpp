// Arenas whose stream is captured into graphs that are launched again and again; on any runtime.

#include "backings.hpp"
#include "daa/device_async_arena.hpp"
#include "graph_fixture.hpp"

namespace daa::test {
namespace {

constexpr std::size_t MiB = std::size_t{1} << 20;

class ArenaCapture : public GraphFixture, public ::testing::WithParamInterface<Backing> {
 protected:
  void SetUp() override {
    GraphFixture::SetUp();
    if (stream == nullptr) return;
    cudaMemPoolProps props{};
    props.allocType = cudaMemAllocationTypePinned;
    props.location.type = cudaMemLocationTypeDevice;
    ASSERT_CUDA(cudaMemPoolCreate(&pool, &props));
  }
  void TearDown() override {
    if (stream == nullptr) return;
    GraphFixture::TearDown();
    EXPECT_CUDA(cudaMemPoolDestroy(pool));
  }

  [[nodiscard]] DeviceAsyncArena make_arena(CapturePolicy policy, bool checked = false) const {
    ArenaOptions options;
    options.checked = checked;
    options.backing = GetParam();
    options.capture = policy;
    options.name = "captured";
    return DeviceAsyncArena{stream, pool, options};
  }

  // Brings `value` into the device's memory by way of `pieces` temporaries.
  void run(DeviceAsyncArena& arena, int value, std::size_t pieces = 3) const {
    void* previous = arena.alloc_bytes(bytes);
    set(previous, value);
    for (std::size_t i = 1; i < pieces; ++i) {
      void* const next = arena.alloc_bytes(bytes);
      EXPECT_CUDA(cudaMemcpyAsync(next, previous, bytes, cudaMemcpyDeviceToDevice, stream));
      previous = next;
    }
    copy_to_device(previous);
  }
  // The same as a phase of its own, whose result is checked.
  void run_ordinarily(DeviceAsyncArena& arena, int value, std::size_t pieces = 3) const {
    run(arena, value, pieces);
    arena.reset();
    EXPECT_EQ(this->value(), value);
  }
  cudaGraphExec_t capture(DeviceAsyncArena& arena, int value, std::size_t pieces = 3) {
    begin();
    run(arena, value, pieces);
    arena.reset();
    graph = end();
    return instantiate(graph);
  }
  void expect_launch_gives(cudaGraphExec_t exec, int value) const {
    set(0);
    launch(exec);
    EXPECT_EQ(this->value(), value);
  }
  // Takes what the pool has to give and writes over it.
  void overwrite_free_memory() const {
    void* pointer = nullptr;
    for (const std::size_t size : {bytes, 2 * MiB, 16 * MiB}) {
      ASSERT_CUDA(cudaMallocFromPoolAsync(&pointer, size, pool, stream));
      ASSERT_CUDA(cudaMemsetAsync(pointer, 0x99, size, stream));
      free(pointer);
    }
  }
  [[nodiscard]] std::size_t count(cudaGraphNodeType wanted) const { return count(graph, wanted); }
  [[nodiscard]] std::size_t count_so_far(cudaGraphNodeType wanted) const {
    return count(CaptureInfo{stream}.graph, wanted);
  }
  static std::size_t count(cudaGraph_t of, cudaGraphNodeType wanted) {
    std::size_t result = 0;
    for (const cudaGraphNode_t node : nodes(of)) result += type(node) == wanted ? 1u : 0u;
    return result;
  }
  [[nodiscard]] std::uint64_t pool_bytes_used() const {
    synchronize();
    std::uint64_t result = 0;
    EXPECT_CUDA(cudaMemPoolGetAttribute(pool, cudaMemPoolAttrUsedMemCurrent, &result));
    return result;
  }

  cudaMemPool_t pool = nullptr;
  cudaGraph_t graph = nullptr;
};

INSTANTIATE_TEST_SUITE_P(Backings, ArenaCapture, both_backings(), ::testing::PrintToStringParamName());

TEST_P(ArenaCapture, GrowthIsRefusedWithTheRemedyAndTheCaptureGoesOn) {
  for (const CapturePolicy policy : {CapturePolicy::refuse_growth, CapturePolicy::presized}) {
    DeviceAsyncArena arena = make_arena(policy);
    begin();
    const ArenaStats before = arena.stats();
    try {
      static_cast<void>(arena.alloc_bytes(12345));
      ADD_FAILURE() << "memory was taken in a capture";
    } catch (const GrowthDuringCapture& error) {
      const std::string text = error.what();
      EXPECT_NE(text.find("12345 bytes asked by the arena \"captured\" in phase 1"), std::string::npos)
          << text;
      EXPECT_NE(text.find("reserve()"), std::string::npos) << text;
    }
    EXPECT_EQ(arena.stats().allocations, before.allocations);
    EXPECT_EQ(arena.stats().bytes_reserved, 0u);
    set(5);
    graph = end();
    ASSERT_NE(graph, nullptr);
    EXPECT_EQ(nodes(graph).size(), 1u);
    expect_launch_gives(instantiate(graph), 5);
    run_ordinarily(arena, 6);
  }
}

TEST_P(ArenaCapture, ACapturedPhaseIsReplayedBetweenOrdinaryOnes) {
  DeviceAsyncArena arena = make_arena(CapturePolicy::presized);
  run_ordinarily(arena, 1);
  const std::size_t growths = arena.stats().growths;
  const cudaGraphExec_t exec = capture(arena, 2);
  EXPECT_EQ(count(cudaGraphNodeTypeMemAlloc), 0u);
  EXPECT_EQ(count(cudaGraphNodeTypeMemFree), 0u);
  for (int i = 0; i < 20; ++i) {
    run_ordinarily(arena, 10 + i);
    expect_launch_gives(exec, 2);
  }
  EXPECT_EQ(arena.stats().growths, growths);
}

TEST_P(ArenaCapture, WhatAGraphUsesStaysThoughTheArenaGrowsAndIsTrimmed) {
  for (const CapturePolicy policy : {CapturePolicy::presized, CapturePolicy::allocation_nodes}) {
    DeviceAsyncArena arena = make_arena(policy);
    run_ordinarily(arena, 1);
    const cudaGraphExec_t exec = capture(arena, 2);
    run_ordinarily(arena, 3, 2000);
    overwrite_free_memory();
    expect_launch_gives(exec, 2);
    arena.trim();
    overwrite_free_memory();
    expect_launch_gives(exec, 2);
    run_ordinarily(arena, 4, 4000);
    arena.trim();
    overwrite_free_memory();
    expect_launch_gives(exec, 2);
  }
}

TEST_P(ArenaCapture, TwoGraphsOfOneArenaAreLaunchedInAnyOrder) {
  DeviceAsyncArena arena = make_arena(CapturePolicy::presized);
  run_ordinarily(arena, 1, 50);
  const cudaGraphExec_t first = capture(arena, 2, 3);
  run_ordinarily(arena, 1, 1000);
  const cudaGraphExec_t second = capture(arena, 3, 500);
  for (const cudaGraphExec_t exec : {first, second, second, first, first, second}) {
    expect_launch_gives(exec, exec == first ? 2 : 3);
    run_ordinarily(arena, 9, 10);
  }
}

TEST_P(ArenaCapture, SeveralPhasesMayBeCapturedIntoOneGraph) {
  DeviceAsyncArena arena = make_arena(CapturePolicy::presized);
  run_ordinarily(arena, 1);
  begin();
  for (int i = 2; i < 6; ++i) {
    run(arena, i);
    arena.reset();
  }
  graph = end();
  expect_launch_gives(instantiate(graph), 5);
}

TEST_P(ArenaCapture, ACaptureThatFailsMidwayLeavesTheArenaUsable) {
  for (const CapturePolicy policy :
       {CapturePolicy::refuse_growth, CapturePolicy::presized, CapturePolicy::allocation_nodes}) {
    {
      DeviceAsyncArena arena = make_arena(policy);
      arena.reserve(MiB);
      run_ordinarily(arena, 1);
      if (GetParam() == Backing::individual && policy == CapturePolicy::refuse_growth) continue;
      begin();
      run(arena, 2);
      EXPECT_NE(cudaStreamSynchronize(stream), cudaSuccess) << "which makes the capture invalid";
      cudaGetLastError();
      EXPECT_ANY_THROW(static_cast<void>(arena.alloc_bytes(64 * MiB)));
      EXPECT_EQ(cudaPeekAtLastError(), cudaSuccess);
      arena.reset();
      end_invalid();
      run_ordinarily(arena, 3);
      run_ordinarily(arena, 4, 1000);
      run_ordinarily(arena, 5, 1000);
    }
    EXPECT_EQ(pool_bytes_used(), 0u);
  }
}

TEST_P(ArenaCapture, AllMemoryGoesBackWhenTheArenaDiesAfterTheGraph) {
  for (const CapturePolicy policy : {CapturePolicy::presized, CapturePolicy::allocation_nodes}) {
    {
      DeviceAsyncArena arena = make_arena(policy);
      run_ordinarily(arena, 1);
      const cudaGraphExec_t exec = capture(arena, 2);
      run_ordinarily(arena, 3, 1000);
      expect_launch_gives(exec, 2);
      destroy(exec);
      destroy(graph);
      EXPECT_GT(pool_bytes_used(), 0u);
    }
    EXPECT_EQ(pool_bytes_used(), 0u);
  }
}

TEST_P(ArenaCapture, GrowthBecomesMemoryNodesWhichTheResetInTheCaptureFrees) {
  DeviceAsyncArena arena = make_arena(CapturePolicy::allocation_nodes);
  const cudaGraphExec_t exec = capture(arena, 2, 4);
  EXPECT_EQ(count(cudaGraphNodeTypeMemAlloc), 4u);
  EXPECT_EQ(count(cudaGraphNodeTypeMemFree), 4u);
  EXPECT_EQ(arena.stats().bytes_reserved, 0u);
  EXPECT_EQ(arena.stats().growths, 4u);
  for (int i = 0; i < 20; ++i) {
    expect_launch_gives(exec, 2);
    run_ordinarily(arena, 10 + i);
  }
}

TEST_P(ArenaCapture, OnlyWhatDoesNotFitBecomesAMemoryNode) {
  DeviceAsyncArena arena = make_arena(CapturePolicy::allocation_nodes);
  run_ordinarily(arena, 1, 8);
  const std::size_t reserved = arena.stats().bytes_reserved;
  begin();
  run(arena, 2, 8);
  void* const large = arena.alloc_bytes(64 * MiB);
  set(large, 3);
  copy_to_device(large);
  arena.reset();
  graph = end();
  EXPECT_EQ(count(cudaGraphNodeTypeMemAlloc), 1u);
  EXPECT_EQ(arena.stats().bytes_reserved, reserved);
  expect_launch_gives(instantiate(graph), 3);
}

TEST_P(ArenaCapture, RecyclingAMemoryNodeFreesItAtThatPointOfTheGraph) {
  DeviceAsyncArena arena = make_arena(CapturePolicy::allocation_nodes);
  begin();
  static_cast<void>(arena.alloc_bytes(bytes));
  for (int i = 0; i < 3; ++i) {
    void* const scratch = arena.alloc_bytes(bytes);
    set(scratch, i);
    copy_to_device(scratch);
    arena.recycle(scratch, bytes);
  }
  const std::size_t freed = count_so_far(cudaGraphNodeTypeMemFree);
  arena.reset();
  graph = end();
  EXPECT_EQ(freed, 3u);
  EXPECT_EQ(count(cudaGraphNodeTypeMemAlloc), 4u);
  EXPECT_EQ(count(cudaGraphNodeTypeMemFree), 4u);
  expect_launch_gives(instantiate(graph), 2);
}

TEST_P(ArenaCapture, WithoutAResetInTheCaptureTheMemoryIsTheGraphs) {
  for (const bool checked : {false, true}) {
    DeviceAsyncArena arena = make_arena(CapturePolicy::allocation_nodes, checked);
    begin();
    run(arena, 2, 4);
    graph = end();
    const std::size_t calls = arena.stats().runtime_calls;
    arena.reset();
    if (!checked) {
      EXPECT_LE(arena.stats().runtime_calls, calls + 4)
          << "questions and a chunk for the next phase, no free";
    }
    EXPECT_EQ(cudaPeekAtLastError(), cudaSuccess);
    EXPECT_EQ(arena.stats().bytes_in_use, 0u);
    const cudaGraphExec_t exec = instantiate(graph, cudaGraphInstantiateFlagAutoFreeOnLaunch);
    for (int i = 0; i < 5; ++i) {
      expect_launch_gives(exec, 2);
      run_ordinarily(arena, 10 + i);
    }
    destroy(exec);
    free_memory_of(graph);
  }
}

// What a graph has given back, or a capture left behind, must never serve anything outside that graph.
TEST_P(ArenaCapture, AMemoryNodeServesOneAllocationOnly) {
  enum class Way { recycled, scope_ended, reserved, left };
  for (const Way way : {Way::recycled, Way::scope_ended, Way::reserved, Way::left}) {
    DeviceAsyncArena arena = make_arena(CapturePolicy::allocation_nodes);
    begin();
    void* inside = nullptr;
    if (way == Way::scope_ended) {
      const ArenaScope scope{arena};
      inside = arena.alloc_bytes(bytes);
      set(inside, 2);
      copy_to_device(inside);
    } else {
      if (way == Way::reserved) arena.reserve(MiB);
      inside = arena.alloc_bytes(bytes);
      set(inside, 2);
      copy_to_device(inside);
      if (way == Way::recycled) arena.recycle(inside, bytes);
    }
    graph = end();
    const std::size_t freed = count(cudaGraphNodeTypeMemFree);
    EXPECT_EQ(freed, way == Way::recycled || way == Way::scope_ended ? 1u : 0u);
    const cudaGraphExec_t exec = instantiate(graph, cudaGraphInstantiateFlagAutoFreeOnLaunch);
    void* const outside = arena.alloc_bytes(bytes);
    set(outside, 3);
    begin();
    void* const inside_another = arena.alloc_bytes(bytes);
    set(inside_another, 4);
    copy_to_device(inside_another);
    const cudaGraph_t another = end();
    EXPECT_NE(inside_another, inside);
    expect_launch_gives(exec, 2);
    expect_launch_gives(instantiate(another, cudaGraphInstantiateFlagAutoFreeOnLaunch), 4);
    EXPECT_EQ(value(outside), 3);
    if (freed == 0) free_memory_of(graph);
    free_memory_of(another);
    arena.reset();
  }
}

TEST_P(ArenaCapture, APhaseThatRanOnceFitsWhateverRetainBytesSays) {
  ArenaOptions options;
  options.backing = GetParam();
  options.capture = CapturePolicy::presized;
  options.retain_bytes = 0;
  DeviceAsyncArena arena{stream, pool, options};
  const auto phase = [&] {
    void* const first = arena.alloc_bytes(3 * MiB / 2);
    void* const second = arena.alloc_bytes(3 * MiB);
    set(second, 6);
    EXPECT_CUDA(cudaMemcpyAsync(first, second, bytes, cudaMemcpyDeviceToDevice, stream));
    copy_to_device(first);
    arena.reset();
  };
  phase();
  begin();
  phase();
  graph = end();
  expect_launch_gives(instantiate(graph), 6);
}

using ArenaCaptureChunked = GraphFixture;

TEST_F(ArenaCaptureChunked, AHoleWithoutMemoryDoesNotKeepAnAllocationFromTheRoomThereIs) {
  DeviceAsyncArena arena{stream};
  static_cast<void>(arena.alloc_bytes(MiB));
  void* const own_chunk = arena.alloc_bytes(4 * MiB);
  static_cast<void>(arena.alloc_bytes(bytes));
  arena.recycle(own_chunk, 4 * MiB);
  arena.reserve(8 * MiB);
  begin();
  EXPECT_NO_THROW(static_cast<void>(arena.alloc_bytes(3 * MiB)));
  static_cast<void>(end());
}

TEST_P(ArenaCapture, NothingIsFreedDuringACaptureAndAllOfItAfter) {
  ArenaOptions options;
  options.backing = GetParam();
  options.retain_bytes = 0;
  DeviceAsyncArena arena{stream, pool, options};
  void* const before = arena.alloc_bytes(bytes);
  set(before, 7);
  begin();
  copy_to_device(before);
  arena.trim();
  arena.reset();
  graph = end();
  EXPECT_EQ(count(cudaGraphNodeTypeMemFree), 0u);
  EXPECT_GT(pool_bytes_used(), 0u);
  expect_launch_gives(instantiate(graph), 7);
  arena.reset();
  EXPECT_EQ(pool_bytes_used(), 0u);
  EXPECT_EQ(arena.stats().bytes_reserved, 0u);
}

TEST_P(ArenaCapture, ScopesAndRecyclingWorkInACapture) {
  DeviceAsyncArena arena = make_arena(CapturePolicy::presized);
  const auto phase = [&](int value) {
    void* const outer = arena.alloc_bytes(bytes);
    set(outer, value);
    for (int i = 0; i < 3; ++i) {
      const ArenaScope scope{arena};
      void* const inner = arena.alloc_bytes(bytes);
      set(inner, 99);
      void* const second = arena.alloc_bytes(bytes);
      set(second, 98);
      arena.recycle(inner, bytes);
      set(arena.alloc_bytes(bytes), 97);
    }
    copy_to_device(outer);
  };
  phase(1);
  arena.reset();
  begin();
  phase(2);
  arena.reset();
  graph = end();
  const cudaGraphExec_t exec = instantiate(graph);
  run_ordinarily(arena, 3, 100);
  expect_launch_gives(exec, 2);
}

TEST_P(ArenaCapture, AnArenaMayLiveInACapture) {
  for (const bool checked : {false, true}) {
    begin();
    {
      DeviceAsyncArena arena = make_arena(CapturePolicy::allocation_nodes, checked);
      run(arena, 5);
    }
    graph = end();
    EXPECT_EQ(count(cudaGraphNodeTypeMemAlloc), 3u);
    EXPECT_EQ(count(cudaGraphNodeTypeMemFree), 3u);
    expect_launch_gives(instantiate(graph), 5);
  }
}

TEST_P(ArenaCapture, AnArenaThatBeginsInACaptureGoesOnBehindIt) {
  for (const bool checked : {false, true}) {
    begin();
    DeviceAsyncArena arena = make_arena(CapturePolicy::allocation_nodes, checked);
    const cudaGraphExec_t exec = [&] {
      run(arena, 5);
      arena.reset();
      return instantiate(end());
    }();
    run_ordinarily(arena, 6);
    expect_launch_gives(exec, 5);
    EXPECT_THROW(static_cast<void>(arena.alloc_bytes(std::size_t{1} << 50)), OutOfDeviceMemory);
  }
}

TEST_P(ArenaCapture, ACheckedArenaLeavesACaptureValid) {
  DeviceAsyncArena arena = make_arena(CapturePolicy::presized, true);
  run_ordinarily(arena, 1);
  const cudaGraphExec_t exec = capture(arena, 2);
  run_ordinarily(arena, 3);
  expect_launch_gives(exec, 2);
}

TEST_P(ArenaCapture, ACaptureOfTheThreadsOwnDefaultStreamStaysValid) {
  for (const bool checked : {false, true}) {
    ArenaOptions options;
    options.backing = GetParam();
    options.capture = CapturePolicy::allocation_nodes;
    options.checked = checked;
    ASSERT_CUDA(cudaStreamBeginCapture(cudaStreamPerThread, cudaStreamCaptureModeThreadLocal));
    {
      DeviceAsyncArena arena{cudaStreamPerThread, pool, options};
      void* const scratch = arena.alloc_bytes(bytes);
      EXPECT_CUDA(cudaMemsetAsync(scratch, 1, bytes, cudaStreamPerThread));
    }
    cudaGraph_t captured = nullptr;
    EXPECT_CUDA(cudaStreamEndCapture(cudaStreamPerThread, &captured));
    EXPECT_EQ(count(captured, cudaGraphNodeTypeMemFree), 1u);
    EXPECT_CUDA(cudaGraphDestroy(captured));
  }
}

// The legacy stream waits for blocking streams. One may neither allocate nor free there while one is
// captured.
TEST_P(ArenaCapture, AnArenaOnTheLegacyStreamLeavesTheCapturesOfOthersValid) {
  for (const CapturePolicy policy : {CapturePolicy::refuse_growth, CapturePolicy::allocation_nodes}) {
    cudaStream_t blocking = nullptr;
    ASSERT_CUDA(cudaStreamCreate(&blocking));
    ArenaOptions options;
    options.backing = GetParam();
    options.capture = policy;
    DeviceAsyncArena arena{cudaStreamLegacy, pool, options};
    static_cast<void>(arena.alloc_bytes(bytes));
    arena.reset();
    ASSERT_CUDA(cudaStreamBeginCapture(blocking, cudaStreamCaptureModeRelaxed));
    EXPECT_THROW(static_cast<void>(arena.alloc_bytes(64 * MiB)), CudaError);
    arena.trim();
    arena.reset();
    EXPECT_EQ(status(blocking), cudaStreamCaptureStatusActive);
    cudaGraph_t empty = nullptr;
    EXPECT_CUDA(cudaStreamEndCapture(blocking, &empty));
    EXPECT_CUDA(cudaGraphDestroy(empty));
    EXPECT_CUDA(cudaStreamDestroy(blocking));
    EXPECT_NO_THROW(static_cast<void>(arena.alloc_bytes(64 * MiB)));
  }
}

TEST_P(ArenaCapture, AnUnknownPolicyIsRefused) {
  ArenaOptions options;
  options.capture = static_cast<CapturePolicy>(7);
  EXPECT_THROW((DeviceAsyncArena{stream, pool, options}), std::invalid_argument);
}

}  // namespace
}  // namespace daa::test
