// What is recorded of an allocator.

#include "measure/recorder.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace daa::bench {
namespace {

// Tells which part of it was running while calls were counted.
struct ScriptedAllocator final : ScratchAllocator {
  explicit ScriptedAllocator(std::string& to) : script(to) {}
  void* allocate(std::size_t bytes) override {
    script += 'a';
    reserved += bytes + 56;
    return nullptr;
  }
  void free(void*, std::size_t) override { script += 'f'; }
  void end_phase() override {
    script += 'e';
    reserved = 0;
  }
  [[nodiscard]] bool needs_every_free() const override { return true; }
  [[nodiscard]] std::size_t bytes_reserved() const override { return reserved; }
  [[nodiscard]] std::size_t pool_mapped_bytes() const override { return 2 * reserved; }

  std::string& script;
  std::size_t reserved = 0;
};

struct ScriptedCounter final : CallCounter {
  explicit ScriptedCounter(std::string& to) : script(to) {}
  void resume() override { script += '('; }
  void pause() override { script += ')'; }
  CallCounts take() override {
    CallCounts counts;
    counts.runtime = 17;
    return counts;
  }
  std::string& script;
};

TEST(RecorderTest, CountsCallsWithinTheAllocatorAlone) {
  std::string script;
  ScriptedAllocator upstream{script};
  ScriptedCounter counter{script};
  Recorder recorder{upstream, &counter};
  void* const pointer = recorder.allocate(100);
  script += 'w';  // the workload's
  recorder.free(pointer, 100);
  recorder.end_phase();
  EXPECT_EQ(script, "(a)w(f)(e)");
  EXPECT_TRUE(recorder.needs_every_free());
  const Recording recording = recorder.finish();
  EXPECT_EQ(recording.calls.value().runtime, 17u);
  EXPECT_EQ(recording.phases, 1u);
}

TEST(RecorderTest, NotesSizesAndTheMostMemoryAtAnyAllocation) {
  std::string script;
  ScriptedAllocator upstream{script};
  Recorder recorder{upstream};
  void* const first = recorder.allocate(1000);
  static_cast<void>(recorder.allocate(500));
  recorder.free(first, 1000);
  static_cast<void>(recorder.allocate(300));
  recorder.end_phase();
  static_cast<void>(recorder.allocate(200));
  recorder.end_phase();
  const Recording recording = recorder.finish();
  EXPECT_EQ(recording.sizes, (std::vector<std::vector<std::size_t>>{{1000, 500, 300}, {200}}));
  EXPECT_EQ(recording.phases, 2u);
  EXPECT_EQ(recording.peak_live_bytes, 1500u);
  EXPECT_EQ(recording.reserved_bytes, 1800u + 3 * 56);
  EXPECT_EQ(recording.pool_mapped_bytes, 2 * recording.reserved_bytes);
  EXPECT_EQ(recording.wasted_bytes(), 300u + 3 * 56);
  EXPECT_EQ(recording.calls, std::nullopt) << "there was no counter";

  const Demand demand = recording.demand();
  EXPECT_EQ(demand.allocations_per_phase, 2);
  EXPECT_EQ(demand.bytes_per_phase, 1000);
  EXPECT_EQ(demand.max_phase_bytes, 1024u + 512 + 512);
}

TEST(RecorderTest, OfNothingAsksForNothing) {
  EXPECT_EQ(Recording{}.demand().max_phase_bytes, 0u);
  EXPECT_EQ(Recording{}.demand().allocations_per_phase, 0);
  Recording less_than_asked;
  less_than_asked.peak_live_bytes = 20;
  EXPECT_EQ(less_than_asked.wasted_bytes(), 0u);
}

TEST(RecorderTest, OfAllocatorsSideBySideTheBytesAddUp) {
  const auto recording = [](std::size_t reserved, std::size_t mapped, std::size_t live) {
    Recording made;
    made.sizes = {{live}};
    made.phases = 1;
    made.reserved_bytes = reserved;
    made.pool_mapped_bytes = mapped;
    made.peak_live_bytes = live;
    return made;
  };
  Recording sum = recording(10, 20, 5);
  sum.add(recording(1, 2, 3));
  EXPECT_EQ(sum.phases, 2u);
  EXPECT_EQ(sum.reserved_bytes, 11u);
  EXPECT_EQ(sum.pool_mapped_bytes, 22u);
  EXPECT_EQ(sum.peak_live_bytes, 8u);
  EXPECT_EQ(sum.sizes.size(), 1u);
}

}  // namespace
}  // namespace daa::bench
