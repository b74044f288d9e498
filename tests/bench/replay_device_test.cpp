// What replays need of a device, on either runtime: marks, and passes with kernels.

#include <algorithm>
#include <vector>

#include "device/device_buffer.hpp"
#include "measure/sampler.hpp"
#include "primitives/primitives.hpp"
#include "replay/replay_case.hpp"
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
  static std::shared_ptr<const SharedTrace> shared_trace() {
    return std::make_shared<const SharedTrace>("two threads", trace(), make_program(trace()));
  }
};

TEST_F(ReplayOnDevice, EveryAllocatorGivesOutNoLiveMemory) {
  RunConfig config;
  config.replay_iters = 4;
  config.replay_warmup = 4;
  ReplayCase replay{shared_trace(), SyncMode::phase, config};
  const StopCondition never;
  for (const AllocatorInfo& info : allocators()) {
    EXPECT_EQ(replay.verify(info, never).error, std::nullopt) << info.name;
    const auto trial = replay.make_trial(info, never);
    Sampler sampler{*trial, replay.schedule(), never};
    sampler.warm_up();
    EXPECT_GT(sampler.next().operation_ns.value(), 0) << info.name;
    EXPECT_EQ(trial->finish(true).error, std::nullopt) << info.name;
  }
}

std::unique_ptr<ScratchAllocator> make_overlapping(cudaStream_t, const Demand& demand) {
  return std::make_unique<BlockAllocator>(demand.max_phase_bytes, BlockAllocator::over_end_of_previous);
}

TEST_F(ReplayOnDevice, OneThatOverlapsBlocksIsFound) {
  ReplayCase replay{shared_trace(), SyncMode::end, {}};
  EXPECT_TRUE(replay.verify(allocator_of<make_overlapping>("overlapping"), StopCondition{}).error);
}

}  // namespace
}  // namespace daa::test
