// What holds on any runtime of every allocator in every way to run.

#include <gtest/gtest.h>

#include <algorithm>
#include <optional>

#include "driver/benchmark_setup.hpp"
#include "driver/campaign.hpp"
#include "stream_fixture.hpp"
#include "table_rows.hpp"

namespace daa::test {
namespace {

class Ways : public StreamFixture {
 protected:
  void SetUp() override {
    StreamFixture::SetUp();
    if (IsSkipped()) return;
    ASSERT_EQ(set_up_benchmark({}), std::nullopt);
  }

  static Options all_allocators() {
    Options options;
    options.workloads = {&workload("scan"), &workload("compact"), &workload("sort")};
    for (const AllocatorInfo& info : allocators()) options.allocators.push_back(&info);
    options.elements = {20'000};
    options.iters = 10;
    options.warmup = 3;
    options.repetitions = 2;
    options.sync_modes = {SyncMode::end, SyncMode::phase};
    options.seed = 1;
    return options;
  }

  /// Others' allocators, which are there on GPUs only, need not know of captures: their calls for memory may
  /// be such as none allows.
  static bool may_refuse(std::string_view allocator) {
    return allocator == "cub-caching" || allocator == "thrust-pool" || allocator == "torch-caching" ||
           allocator.starts_with("rmm-");
  }

  /// Every row is right; returns them.
  static std::vector<Row> run(const Options& options) {
    std::vector<Row> all;
    const auto on_rows = [&](const std::vector<Row>& rows) {
      for (const Row& row : rows) {
        const bool refused = row.mode.graph && row.allocator == "cuda-malloc";
        if (row.mode.graph && may_refuse(row.allocator) && row.status == Status::unsupported)
          EXPECT_TRUE(row.message.starts_with("cannot be captured into a graph: ")) << row.message;
        else
          EXPECT_EQ(row.status, refused ? Status::unsupported : Status::ok)
              << row.workload << ", " << row.allocator << ": " << row.message;
        all.push_back(row);
      }
    };
    // Without a clock no turn is throttled: samples are as many as were asked for.
    run_campaign(options, {}, {on_rows, [](auto, auto) {}}, {.read_clock = [] { return ClockReading{}; }});
    return all;
  }
};

TEST_F(Ways, ColdPhasesAreRight) {
  Options options = all_allocators();
  options.states = {State::cold};
  for (const Row& row : run(options)) EXPECT_EQ(row.samples, 20u);
}

TEST_F(Ways, ReplaysOfGraphsAreRightAndOnlyPoolsHaveMemoryNodes) {
  Options options = all_allocators();
  options.graph = true;
  for (const Row& row : run(options)) {
    if (row.allocator == "cuda-malloc") {
      EXPECT_TRUE(row.message.starts_with("cannot be captured into a graph: cudaMalloc")) << row.message;
    } else if (row.allocator.starts_with("cuda-malloc-async")) {
      EXPECT_EQ(row.found.graph_memory_nodes, 2 * row.allocations_per_phase) << row.allocator;
    } else if (row.allocator.starts_with("arena") || row.allocator == floor_name) {
      EXPECT_EQ(row.found.graph_memory_nodes, 0) << row.allocator;
    }
  }
}

TEST_F(Ways, ThreadsAndStreamsAtOnceAreRight) {
  Options options = all_allocators();
  options.sync_modes = {SyncMode::phase};
  options.threads = {1, 4};
  for (const Row& row : run(options)) EXPECT_GT(row.found.allocation_ns.value(), 0) << row.allocator;
  options.threads.clear();
  options.streams = {3};
  for (const Row& row : run(options)) EXPECT_EQ(row.mode.streams, 3u);
}

TEST_F(Ways, CutsIntoAnyNumberOfTemporariesAreRightWithTheCacheFlushed) {
  Options options = all_allocators();
  options.workloads = {
      &*std::ranges::find(synthetic_workloads(), std::string_view{"allocs"}, &WorkloadInfo::name)};
  options.allocs_per_phase = {1, 16, 449, 1000};
  options.flush_l2 = true;
  options.iters = 5;
  for (const Row& row : run(options))
    EXPECT_EQ(row.allocations_per_phase, static_cast<double>(row.mode.allocs_per_phase.value()));
}

}  // namespace
}  // namespace daa::test
