// What must hold of every allocator of daa-bench's table, as the host runtime sees it.

#include "turn_fixture.hpp"

namespace daa::test {
namespace {

namespace host = host_runtime;

class EveryAllocator : public TurnTest, public ::testing::WithParamInterface<AllocatorInfo> {};

TEST_P(EveryAllocator, CountsTheCallsThatTheRuntimeLogs) {
  const Problem compact = problem("compact", 230'000);  // more than the arena's first chunk holds
  for (const std::size_t warmup : {0u, 3u}) {
    const TurnOptions options{.iters = 4, .warmup = warmup};
    Turn turn{compact, GetParam(), options};
    host::clear_calls();
    measure_all(turn, options);
    const std::size_t calls = calls_for_memory();
    EXPECT_DOUBLE_EQ(turn.finish().runtime_calls_per_phase * 4, static_cast<double>(calls))
        << "after " << warmup;
  }
}

TEST_P(EveryAllocator, HasRightResultsInEveryWorkload) {
  for (const WorkloadInfo& info : workloads()) {
    EXPECT_EQ(find_error(problem(info.name), GetParam()), std::nullopt) << info.name;
  }
}

INSTANTIATE_TEST_SUITE_P(Table, EveryAllocator, ::testing::ValuesIn(allocators()), allocator_name);

class CudaMallocTurn : public TurnTest {};

TEST_F(CudaMallocTurn, BytesReservedAreThoseOfTheGreatestPhase) {
  const Problem compact = problem("compact", 1 << 16);
  Turn turn{compact, allocator("cuda-malloc"), {.iters = 1}};
  turn.measure();
  const std::size_t reserved = turn.finish().bytes_reserved;
  EXPECT_LE(reserved, compact.demand.max_phase_bytes);
  EXPECT_GT(reserved, compact.demand.max_phase_bytes - 1024);
}

}  // namespace
}  // namespace daa::test
