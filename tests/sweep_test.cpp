// Campaigns over the number of allocations, of nothing at all, and with the cache flushed.

#include <algorithm>

#include "campaign_fixture.hpp"
#include "driver/l2_flush.hpp"

namespace daa::test {
namespace {

namespace host = host_runtime;

const WorkloadInfo& synthetic(std::string_view name) {
  return *std::ranges::find(synthetic_workloads(), name, &WorkloadInfo::name);
}

class Sweep : public CampaignTest {
 protected:
  static Options sweep_options() {
    Options options = small_options();
    options.workloads = {&synthetic("allocs")};
    options.allocators = {&allocator("preallocated"), &allocator("preallocated"), &allocator("cuda-malloc")};
    options.allocs_per_phase = {1, 8, 64};
    return options;
  }
};

TEST_F(Sweep, EachNumberOfAllocationsIsAGroupOfTheSameMemory) {
  const Options options = sweep_options();
  EXPECT_EQ(turn_count(options), 3u * 3u * 3u);
  const auto groups = run_groups(options);
  ASSERT_EQ(groups.size(), 3u);
  for (std::size_t i = 0; i < 3; ++i) {
    const std::size_t allocs = options.allocs_per_phase[i];
    for (const Row& row : groups[i]) {
      expect_measured(row, options);
      EXPECT_EQ(row.mode.allocs_per_phase, allocs);
      EXPECT_EQ(row.allocations_per_phase, static_cast<double>(allocs));
      EXPECT_EQ(row.bytes_asked_per_phase, static_cast<double>(1000 / allocs * allocs * 4));
    }
  }
}

TEST_F(Sweep, EveryRowHasItsAllocatorsBreakEvenPoint) {
  const auto groups = run_groups(sweep_options());
  for (const auto& rows : groups) {
    EXPECT_EQ(rows[0].found.break_even_allocs, 64u) << "preallocated costs nothing over itself";
    for (std::size_t i = 1; i < 3; ++i)
      EXPECT_EQ(rows[i].found.break_even_allocs.value(), groups[0][i].found.break_even_allocs);
  }
}

TEST_F(Sweep, ItsEndIsToldBehindItsRows) {
  Options options = sweep_options();
  options.sync_modes = {SyncMode::end, SyncMode::phase};
  std::string events;
  const auto on_rows = [&](const auto&) { events += 'r'; };
  const auto on_sweep = [&](const auto& rows) {
    events += 's';
    EXPECT_EQ(rows.front().mode.allocs_per_phase, 64u);
  };
  run_campaign(options, {}, {.on_rows = on_rows, .on_progress = [](auto, auto) {}, .on_sweep = on_sweep});
  EXPECT_EQ(events, "rrrsrrrs");
}

TEST_F(Sweep, AllocatorsOfWhichANumberFailsHaveNoBreakEvenPointBeyondIt) {
  const AllocatorInfo overlapping = allocator_of<make_overlapping>("overlapping");
  Options options = sweep_options();
  options.allocators = {&allocator("preallocated"), &overlapping};
  const auto groups = run_groups(options);
  EXPECT_EQ(groups[0][1].status, Status::ok) << "one temporary cannot overlap";
  EXPECT_EQ(groups[1][1].status, Status::wrong_result);
  const auto break_even = groups[0][1].found.break_even_allocs;
  EXPECT_TRUE(break_even == std::nullopt || break_even == 0u);
}

TEST_F(Sweep, OfNothingIsTheOverheadOfMeasuring) {
  Options options = small_options();
  options.workloads = {&synthetic("none")};
  options.allocators.clear();
  for (const AllocatorInfo& info : allocators()) options.allocators.push_back(&info);
  host::clear_calls();
  for (const Row& row : run(options)) {
    expect_measured(row, options);
    EXPECT_EQ(row.allocations_per_phase, 0);
    EXPECT_EQ(row.bytes_asked_per_phase, 0);
  }
  EXPECT_EQ(host::call_count("cudaLaunchKernel"), 0u);
}

TEST_F(Sweep, TheCacheIsFlushedBeforeEachSampleWithABufferTakenBeforeAnyAllocator) {
  Options options = small_options();
  options.allocators = {&allocator("cuda-malloc-async")};
  options.iters = 40;
  options.flush_l2 = true;
  host::clear_calls();
  const Row row = run(options).at(0);
  expect_measured(row, options);
  EXPECT_TRUE(row.mode.flush_l2);
  const std::size_t flush_bytes = L2Flush{}.bytes();
  const std::vector<host::Call> calls = host::calls();
  const auto buffer = std::ranges::find(calls, "cudaMalloc", &host::Call::function);
  EXPECT_EQ(buffer->bytes, flush_bytes) << "the first memory that the campaign takes";
  const auto flushes = std::ranges::count_if(calls, [&](const host::Call& call) {
    return call.function == "cudaMemsetAsync" && call.pointer == buffer->pointer;
  });
  EXPECT_EQ(static_cast<std::size_t>(flushes), row.samples);
}

TEST_F(Sweep, WithoutTheFlagNothingIsFlushed) {
  Options options = small_options();
  options.allocators = {&allocator("arena")};
  options.workloads = {&synthetic("none")};
  host::clear_calls();
  EXPECT_FALSE(run(options).at(0).mode.flush_l2);
  EXPECT_EQ(host::call_count("cudaMemsetAsync"), 0u);
}

}  // namespace
}  // namespace daa::test
