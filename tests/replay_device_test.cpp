// What replays need of a device, on either runtime: marks, a limit of its memory, and passes with kernels.

#include <algorithm>
#include <filesystem>
#include <vector>

#include "device_buffer.hpp"
#include "primitives/primitives.hpp"
#include "replay/min_fit.hpp"
#include "replay/replay_turn.hpp"
#include "stream_fixture.hpp"
#include "table_rows.hpp"
#include "workload_allocators.hpp"

namespace daa::test {
namespace {

namespace primitives = bench::primitives;

constexpr std::size_t mib = std::size_t{1} << 20;

class Marks : public StreamFixture {
 protected:
  [[nodiscard]] primitives::WrongMarks check(const void* block, std::size_t bytes, std::uint32_t mark) const {
    const primitives::WrongMarks none[1]{};
    DeviceBuffer<primitives::WrongMarks> wrong{none, stream()};
    primitives::check_marks(block, bytes, mark, wrong.data(), stream());
    return wrong.download(stream()).front();
  }
};

TEST_F(Marks, AreThereInEach256BytesAndNowhereElse) {
  for (const std::size_t bytes : {1u, 3u, 4u, 255u, 256u, 257u, 259u, 1000u, 70'001u}) {
    const DeviceBuffer<std::byte> block{bytes};
    fill(block.data(), 0xee, bytes);
    primitives::write_marks(block.data(), bytes, 0x04030201, stream());
    const std::vector<std::uint8_t> content = read(block.data(), bytes);
    for (std::size_t i = 0; i < bytes; ++i)
      EXPECT_EQ(content[i], i % 256 < 4 ? i % 256 + 1 : 0xee) << i << " of " << bytes;
    EXPECT_EQ(check(block.data(), bytes, 0x04030201).count, 0u) << bytes;
  }
}

TEST_F(Marks, OfAnotherBlockAreCountedAndItsMarkTold) {
  constexpr std::size_t bytes = 256 * 1000 + 1;
  const DeviceBuffer<std::byte> block{bytes};
  primitives::write_marks(block.data(), bytes, 7, stream());
  primitives::write_marks(block.data() + 256 * 10, 256 * 20, 8, stream());
  const primitives::WrongMarks wrong = check(block.data(), bytes, 7);
  EXPECT_EQ(wrong.count, 20u);
  EXPECT_EQ(wrong.first_mark, 7u);
  EXPECT_EQ(check(block.data(), bytes, 9).count, 1001u);
}

class MemoryLimit : public StreamFixture {
 protected:
  static cudaError_t malloc_and_free(std::size_t bytes) {
    void* pointer = nullptr;
    const cudaError_t error = cudaMalloc(&pointer, bytes);
    if (error == cudaSuccess) return cudaFree(pointer);
    cudaGetLastError();  // expected
    return error;
  }
};

TEST_F(MemoryLimit, HoldsForEveryKindOfAllocationUntilItEnds) {
  constexpr std::size_t limit = 256 * mib;
  {
    const auto held = primitives::limit_memory(limit);
    ASSERT_NE(held, nullptr);
    EXPECT_EQ(malloc_and_free(limit / 2), cudaSuccess);
    EXPECT_EQ(malloc_and_free(limit + 4 * mib), cudaErrorMemoryAllocation);
    void* pointer = nullptr;
    EXPECT_EQ(cudaMallocAsync(&pointer, 2 * limit, stream()), cudaErrorMemoryAllocation);
    cudaGetLastError();
  }
  EXPECT_EQ(malloc_and_free(limit + 4 * mib), cudaSuccess);
}

TEST_F(MemoryLimit, HoldsWithinAnother) {
  const auto outer = primitives::limit_memory(512 * mib);
  ASSERT_NE(outer, nullptr);
  {
    const auto inner = primitives::limit_memory(256 * mib);
    ASSERT_NE(inner, nullptr);
    EXPECT_EQ(malloc_and_free(200 * mib), cudaSuccess);
    EXPECT_EQ(malloc_and_free(260 * mib), cudaErrorMemoryAllocation);
  }
  EXPECT_EQ(malloc_and_free(400 * mib), cudaSuccess);
  EXPECT_EQ(malloc_and_free(516 * mib), cudaErrorMemoryAllocation);
}

TEST_F(MemoryLimit, AboveWhatIsFreeIsNone) {
  std::size_t free = 0, total = 0;
  DAA_CUDA_CHECK(cudaMemGetInfo(&free, &total));
  EXPECT_EQ(primitives::limit_memory(total), nullptr);
}

class ReplayOnDevice : public StreamFixture {
 protected:
  // Two threads, one of which frees what the other has allocated, on streams of their own.
  static Trace trace() {
    Trace trace;
    Trace::Phase phase;
    for (std::uint32_t i = 0; i < 40; ++i) {
      const std::size_t bytes = 1000 + 123'457 * i % mib;
      phase.push_back({true, i, bytes, i % 2, i % 2});
    }
    for (std::uint32_t i = 0; i < 40; ++i) phase.push_back({false, i, phase[i].bytes, i / 2 % 2, i / 2 % 2});
    trace.phases = {phase, phase};
    trace.blocks = 40;
    trace.operations = 160;
    trace.threads = trace.streams = 2;
    for (const TraceOperation& operation : phase)
      if (operation.allocates) trace.peak_live_bytes += operation.bytes;
    return trace;
  }
};

TEST_F(ReplayOnDevice, EveryAllocatorGivesOutNoLiveMemory) {
  const ReplayProgram program = make_program(trace());
  for (const AllocatorInfo& info : allocators()) {
    EXPECT_EQ(check_replay(program, info).error, std::nullopt) << info.name;
    ReplayTurn turn{program, info, {.sync = SyncMode::phase, .warmup_passes = 2}};
    EXPECT_GT(turn.measure().threads_ns, 0) << info.name;
    EXPECT_EQ(turn.finish().error, std::nullopt) << info.name;
  }
}

std::unique_ptr<ScratchAllocator> make_overlapping(cudaStream_t, const Demand& demand) {
  return std::make_unique<BlockAllocator>(demand.max_phase_bytes, BlockAllocator::over_end_of_previous);
}

TEST_F(ReplayOnDevice, OneThatOverlapsBlocksIsFoundOut) {
  const ReplayProgram program = make_program(trace());
  EXPECT_TRUE(check_replay(program, allocator_of<make_overlapping>("overlapping")).error);
}

TEST_F(ReplayOnDevice, EveryAllocatorHasAMinimumThatIsNoLessThanTheFloors) {
  const Trace replayed = trace();
  const ReplayProgram program = make_program(replayed);
  std::size_t floor = 0;
  for (const AllocatorInfo& info : allocators()) {
    // As the program does: the kernels are loaded now, and not under the limit.
    ASSERT_EQ(check_replay(program, info).error, std::nullopt) << info.name;
    const auto least = find_min_fit(program, info, replayed.peak_live_bytes, [] { return false; });
    ASSERT_TRUE(least) << info.name;
    if (info.name == floor_name) floor = *least;
    EXPECT_GE(*least + 2 * mib * program.lanes.size(), floor) << info.name;
    RecordProperty(std::string{info.name}, std::to_string(*least));
  }
}

}  // namespace
}  // namespace daa::test
