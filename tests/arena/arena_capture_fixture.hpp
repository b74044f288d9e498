// Arenas whose stream is captured into graphs that are launched repeatedly; on any runtime.
#pragma once

#include "backings.hpp"
#include "daa/device_async_arena.hpp"
#include "graph_fixture.hpp"

namespace daa::test {

inline constexpr std::size_t MiB = std::size_t{1} << 20;

/// The arenas allocate from `pool`, unless their memory is mapped; `graph` is the last captured graph.
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
    return DeviceAsyncArena{stream, arena_pool(), options};
  }

  // Writes `value` to the device memory through `pieces` temporaries.
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
  // The same in a phase of its own, with a check of the result.
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
  // Allocates what the pool can supply and overwrites it.
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

  // What the arenas are given.
  [[nodiscard]] std::optional<cudaMemPool_t> arena_pool() const {
    return GetParam() == Backing::mapped ? std::nullopt : std::optional{pool};
  }

  cudaMemPool_t pool = nullptr;
  cudaGraph_t graph = nullptr;
};

}  // namespace daa::test
