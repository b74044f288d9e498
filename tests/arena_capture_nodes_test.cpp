// Growth in a capture that becomes memory nodes of the graph.

#include "arena_capture_fixture.hpp"

namespace daa::test {
namespace {

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

}  // namespace
}  // namespace daa::test
