// The least memory in which an allocator completes a trace.

#include "replay/min_fit.hpp"

#include <vector>

#include "replay_fixture.hpp"

namespace daa::test {
namespace {

constexpr std::size_t mib = 1 << 20;

bool never() {
  return false;
}

TEST(LeastThatFits, IsExactWhereAllAboveFitToo) {
  for (std::size_t misfit = 0; misfit < 4; ++misfit) {
    for (std::size_t least = misfit + 1; least < 70; ++least) {
      std::vector<std::size_t> asked;
      const auto fits = [&](std::size_t n) {
        asked.push_back(n);
        return n >= least;
      };
      EXPECT_EQ(least_that_fits(misfit, 69, fits), least);
      EXPECT_LE(asked.size(), 14u);
      for (const std::size_t n : asked) EXPECT_TRUE(n > misfit && n <= 69);
    }
  }
}

TEST(LeastThatFits, IsNothingIfNothingFits) {
  EXPECT_EQ(least_that_fits(0, 100, [](std::size_t) { return false; }), std::nullopt);
  EXPECT_EQ(least_that_fits(5, 5, [](std::size_t) { return true; }), std::nullopt);
}

class MinFit : public ReplayTest {
 protected:
  static std::optional<std::size_t> of(const AllocatorInfo& info, const Trace& trace) {
    return find_min_fit(make_program(trace), info, trace.peak_live_bytes, never);
  }
};

// 3 MiB and 1 MiB live, then 1 MiB and 4 MiB; the device maps multiples of 2 MiB.
TEST_F(MinFit, IsTheKnownMinimumOfATinyTrace) {
  const Trace trace = small_trace();
  EXPECT_EQ(of(allocator("preallocated"), trace), 6 * mib);  // 5 in one piece
  EXPECT_EQ(of(allocator("cuda-malloc"), trace), 8 * mib);   // the 1 MiB holds the mapping of the 3 MiB
  EXPECT_EQ(of(allocator("arena"), trace), 8 * mib);         // 8 MiB in all
}

TEST_F(MinFit, IsTheSameAgainAndLeavesTheMemoryAsItWas) {
  std::size_t free_before = 0, free_after = 0, total_before = 0, total_after = 0;
  cudaMemGetInfo(&free_before, &total_before);
  const Trace trace = crossing_trace();
  for (const AllocatorInfo& info : allocators()) {
    const auto once = of(info, trace);
    ASSERT_TRUE(once) << info.name;
    EXPECT_GE(*once, trace.peak_live_bytes / mib * mib) << info.name;
    EXPECT_EQ(*once % (2 * mib), 0u) << info.name;
  }
  cudaMemGetInfo(&free_after, &total_after);
  EXPECT_EQ(free_after, free_before);
  EXPECT_EQ(total_after, total_before);
}

TEST_F(MinFit, IsNothingOnADeviceThatIsTooSmall) {
  host_runtime::set_memory_limit(6 * mib);  // 2 of which the session needs
  EXPECT_EQ(of(allocator("preallocated"), small_trace()), std::nullopt);
}

TEST_F(MinFit, IsGivenUpWhenAsked) {
  const Trace trace = small_trace();
  EXPECT_EQ(find_min_fit(make_program(trace), allocator("arena"), trace.peak_live_bytes, [] { return true; }),
            std::nullopt);
}

std::unique_ptr<ScratchAllocator> make_overlapping(cudaStream_t, const Demand& demand) {
  return std::make_unique<BlockAllocator>(demand.max_phase_bytes, BlockAllocator::all_at_start);
}

TEST_F(MinFit, IsRefusedWhereLiveMemoryIsOverwritten) {
  EXPECT_THROW(of(allocator_of<make_overlapping>("overlapping"), small_trace()), std::runtime_error);
}

}  // namespace
}  // namespace daa::test
