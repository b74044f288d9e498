// What each allocator does for the phases of a workload, in exact numbers, on any runtime.

#include "call_counter_fixture.hpp"
#include "measure/sampler.hpp"
#include "measure/workload_case.hpp"
#include "table_rows.hpp"

namespace daa::test {
namespace {

class AllocatorCounts : public CallCounterFixture {
 protected:
  void SetUp() override {
    CallCounterFixture::SetUp();
    if (IsSkipped()) return;
    RunConfig config;
    config.warmup = 8;
    auto shared = std::make_shared<SharedWorkload>(workload("compact"), 1 << 16, std::nullopt, 1);
    case_.emplace(shared, Configuration{}, config);
    case_->prepare(StopCondition{});
    demand_ = shared->demand().demand();
  }

  void TearDown() override {
    case_.reset();
    CallCounterFixture::TearDown();
  }

  /// Of one cycle of four phases, warmed up.
  Recording count(std::string_view name, bool with_counter = true) {
    const StopCondition never;
    const auto trial = case_->make_trial(allocator(name), never);
    Sampler{*trial, case_->schedule(), never}.warm_up();
    return trial->record(with_counter ? made_.counter.get() : nullptr);
  }

  [[nodiscard]] const Demand& demand() const { return demand_; }
  [[nodiscard]] std::size_t allocations() const {
    return static_cast<std::size_t>(demand().allocations_per_phase * 4);
  }

 private:
  std::optional<WorkloadCase> case_;
  Demand demand_;
};

void expect_calls(const Recording& counts, std::size_t allocate, std::size_t free, std::size_t other,
                  std::size_t synchronisations) {
  ASSERT_TRUE(counts.calls);
  EXPECT_EQ(counts.phases, 4u);
  EXPECT_EQ(counts.calls->runtime, allocate + free + other);
  EXPECT_EQ(counts.calls->of(CallKind::allocate), allocate);
  EXPECT_EQ(counts.calls->of(CallKind::free), free);
  EXPECT_EQ(counts.calls->of(CallKind::other), other);
  EXPECT_EQ(counts.calls->of(CallKind::launch), 0u) << "those are the workload's";
  EXPECT_EQ(counts.calls->of(CallKind::copy), 0u);
  EXPECT_EQ(counts.calls->of(CallKind::synchronise), 0u);
  EXPECT_EQ(counts.calls->synchronisations, synchronisations);
}

TEST_F(AllocatorCounts, WarmArenasAndPreallocatedMemoryMakeNoCallAtAll) {
  for (const char* const name : {"preallocated", "arena"}) {
    SCOPED_TRACE(name);
    const Recording counts = count(name);
    expect_calls(counts, 0, 0, 0, 0);
    EXPECT_EQ(counts.calls->driver.value_or(0), 0u);
  }
}

TEST_F(AllocatorCounts, CudaMallocAllocatesFreesAndWaitsForEachTemporary) {
  expect_calls(count("cuda-malloc"), allocations(), allocations(), 0, allocations());
}

TEST_F(AllocatorCounts, CudaMallocAsyncAllocatesAndFreesEachTemporaryAndWaitsForNone) {
  for (const char* const name : {"cuda-malloc-async", "cuda-malloc-async-tuned"}) {
    SCOPED_TRACE(name);
    expect_calls(count(name), allocations(), allocations(), 0, 0);
  }
}

// An arena asks whether its stream is captured: once before it takes memory, once before it gives it back.
TEST_F(AllocatorCounts, AnArenaThatKeepsNothingTakesMemoryAnewInEachPhase) {
  expect_calls(count("arena-individual"), allocations(), allocations(), 2 * 4, 0);
}

TEST_F(AllocatorCounts, MemoryReservedAndWastedAreThoseOfTheGreatestPhase) {
  const Recording raw = count("cuda-malloc");
  EXPECT_EQ(raw.reserved_bytes, raw.peak_live_bytes) << "as the driver was asked: nothing beyond the phase's";
  EXPECT_EQ(raw.wasted_bytes(), 0u);
  EXPECT_LE(raw.reserved_bytes, demand().max_phase_bytes);
  EXPECT_GT(raw.reserved_bytes, demand().max_phase_bytes - 1024);
  EXPECT_EQ(raw.pool_mapped_bytes, 0u);

  const Recording bound = count("preallocated");
  EXPECT_EQ(bound.peak_live_bytes, raw.peak_live_bytes);
  EXPECT_EQ(bound.wasted_bytes(), demand().max_phase_bytes - raw.peak_live_bytes) << "the rounding to 256";

  const Recording arena = count("arena");
  EXPECT_EQ(arena.wasted_bytes(), arena.reserved_bytes - arena.peak_live_bytes);
  EXPECT_GE(arena.pool_mapped_bytes, arena.reserved_bytes);
}

TEST_F(AllocatorCounts, WithoutACounterTheBytesAreThereAllTheSame) {
  const Recording counts = count("cuda-malloc", false);
  EXPECT_EQ(counts.calls, std::nullopt);
  EXPECT_GT(counts.reserved_bytes, 0u);
}

}  // namespace
}  // namespace daa::test
