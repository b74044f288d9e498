// The lifetime of memory that graphs use, and arenas that exist or begin during a capture.

#include "arena_capture_fixture.hpp"

namespace daa::test {
namespace {

TEST_P(ArenaCapture, MemoryOfAGraphIsKeptWhenTheArenaGrowsOrIsTrimmed) {
  DeviceAsyncArena arena = make_arena(CapturePolicy::presized);
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

TEST_P(ArenaCapture, TwoGraphsOfOneArenaMayBeLaunchedInAnyOrder) {
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

TEST_P(ArenaCapture, DestroyingTheArenaAfterTheGraphFreesAllMemory) {
  {
    DeviceAsyncArena arena = make_arena(CapturePolicy::presized);
    run_ordinarily(arena, 1);
    const cudaGraphExec_t exec = capture(arena, 2);
    run_ordinarily(arena, 3, 1000);
    expect_launch_gives(exec, 2);
    destroy(exec);
    destroy(graph);
    EXPECT_GT(arena.stats().bytes_reserved, 0u);
  }
  EXPECT_EQ(pool_bytes_used(), 0u);
}

TEST_P(ArenaCapture, NothingIsFreedDuringACaptureAndEverythingAfterIt) {
  ArenaOptions options;
  options.backing = GetParam();
  options.retain_bytes = 0;
  DeviceAsyncArena arena{stream, arena_pool(), options};
  void* const before = arena.alloc_bytes(bytes);
  set(before, 7);
  begin();
  copy_to_device(before);
  arena.trim();
  arena.reset();
  graph = end();
  EXPECT_EQ(count(cudaGraphNodeTypeMemFree), 0u);
  EXPECT_GT(arena.stats().bytes_reserved, 0u);
  expect_launch_gives(instantiate(graph), 7);
  arena.reset();
  EXPECT_EQ(pool_bytes_used(), 0u);
  EXPECT_EQ(arena.stats().bytes_reserved, 0u);
}

TEST_P(ArenaCapture, AnArenaThatBeginsInACaptureIsUsableAfterIt) {
  for (const bool checked : {false, true}) {
    begin();
    DeviceAsyncArena arena = make_arena(CapturePolicy::presized, checked);
    EXPECT_THROW(static_cast<void>(arena.alloc_bytes(bytes)), GrowthDuringCapture);
    set(5);
    graph = end();
    run_ordinarily(arena, 6);
    const cudaGraphExec_t exec = capture(arena, 7);
    expect_launch_gives(exec, 7);
    EXPECT_THROW(static_cast<void>(arena.alloc_bytes(std::size_t{1} << 50)), OutOfDeviceMemory);
  }
}

}  // namespace
}  // namespace daa::test
