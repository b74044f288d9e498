// What must hold of every allocator of daa-bench's table, as the host runtime sees it.

#include "counters/call_counter.hpp"
#include "turn_fixture.hpp"

namespace daa::test {
namespace {

namespace host = host_runtime;

class EveryAllocator : public TurnTest, public ::testing::WithParamInterface<AllocatorInfo> {};

TEST_P(EveryAllocator, HasEachOfItsCallsCountedAndNoOther) {
  const Problem compact = problem("compact", 230'000);  // more than the arena's first chunk holds
  const MadeCallCounter made = make_call_counter();
  for (const std::size_t warmup : {0u, 3u}) {
    Turn turn{compact, GetParam(), {.warmup = warmup}};
    host::clear_calls();
    const PassCounts counts = turn.count(made.counter.get());
    const std::size_t of_the_account = host::call_count("cudaMemPoolGetAttribute");
    EXPECT_EQ(counts.phases, 4u);
    EXPECT_EQ(counts.calls.value().runtime, calls_for_memory() - of_the_account) << "after " << warmup;
  }
}

TEST_P(EveryAllocator, HasRightResultsInEveryWorkload) {
  for (const WorkloadInfo& info : workloads()) {
    EXPECT_EQ(find_error(problem(info.name), GetParam()), std::nullopt) << info.name;
  }
}

INSTANTIATE_TEST_SUITE_P(Table, EveryAllocator, ::testing::ValuesIn(allocators()), allocator_name);

}  // namespace
}  // namespace daa::test
