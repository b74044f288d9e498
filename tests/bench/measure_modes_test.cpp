// What holds on any runtime of every allocator in every mode.

#include <gtest/gtest.h>

#include <algorithm>
#include <sstream>

#include "cases.hpp"
#include "lone_ranks.hpp"
#include "stream_fixture.hpp"
#include "table_rows.hpp"

namespace daa::test {
namespace {

class EveryMode : public StreamFixture {
 protected:
  static RunConfig config_of_all() {
    RunConfig config;
    config.workloads = {&workload("scan"), &workload("compact"), &workload("sort")};
    for (const AllocatorInfo& info : allocators()) config.allocators.push_back(&info);
    config.elements = {20'000};
    config.iters = 10;
    config.warmup = 3;
    config.repetitions = 2;
    config.sync_modes = {SyncMode::end, SyncMode::phase};
    config.seed = 1;
    return config;
  }

  /// Others' allocators, which are there on GPUs only, need not know of captures: their calls for memory may
  /// be such as none allows.
  static bool may_refuse(std::string_view allocator) {
    return allocator == "cub-caching" || allocator == "thrust-pool" || allocator == "torch-caching" ||
           allocator.starts_with("rmm-");
  }

  /// Every row is right; returns them.
  static std::vector<Row> run_right(const RunConfig& config) {
    struct Collect final : Sink {
      explicit Collect(std::vector<Row>& to) : all(to) {}
      void write(std::span<const Row> rows) override { all.insert(all.end(), rows.begin(), rows.end()); }
      std::vector<Row>& all;
    };
    std::vector<Row> all;
    Sinks sinks;
    sinks.push_back(std::make_unique<Collect>(all));
    std::ostringstream notes;
    Progress progress{notes, false, 0};
    // Without a clock no trial is throttled: samples are as many as were asked for.
    Instruments instruments;
    instruments.read_clock = [] { return ClockReading{}; };
    const RunEnd end = run_cases(config, make_cases(config, std::size_t{1} << 40, lone_ranks()), sinks,
                                 StopCondition{}, progress, lone_ranks(), instruments);
    EXPECT_TRUE(end.all_measured);
    EXPECT_EQ(end.missing, 0u);
    for (const Row& row : all) {
      const bool is_graph = row.configuration.mode == Mode::graph;
      const bool refused = is_graph && row.allocator == "cuda-malloc";
      if (is_graph && may_refuse(row.allocator) && row.status == Status::unsupported) continue;
      EXPECT_EQ(row.status, refused ? Status::unsupported : Status::ok)
          << case_name(row) << ", " << row.allocator << ": " << row.message;
    }
    return all;
  }
};

TEST_F(EveryMode, ColdPhasesAreRight) {
  RunConfig config = config_of_all();
  config.modes = {Mode::cold};
  for (const Row& row : run_right(config)) {
    EXPECT_EQ(row.configuration.sync, SyncMode::phase);
    EXPECT_EQ(row.warmup, 0u);
    EXPECT_EQ(row.phases_per_batch, 1u);
    EXPECT_EQ(row.samples, 20u);
  }
}

TEST_F(EveryMode, GraphsAreRightAndOnlyPoolsHaveMemoryNodes) {
  RunConfig config = config_of_all();
  config.modes = {Mode::graph};
  for (const Row& row : run_right(config)) {
    if (row.allocator.starts_with("cuda-malloc-async")) {
      EXPECT_EQ(row.found.graph_memory_nodes, 2 * row.allocations_per_phase) << row.allocator;
    } else if (row.allocator.starts_with("arena") || row.allocator == lower_bound_name) {
      EXPECT_EQ(row.found.graph_memory_nodes, 0) << row.allocator;
    }
  }
}

TEST_F(EveryMode, ThreadsAndStreamsAtOnceAreRight) {
  RunConfig config = config_of_all();
  config.sync_modes = {SyncMode::phase};
  config.threads = {1, 4};
  config.streams = {3};
  config.workloads = {&workload("compact")};
  for (const Row& row : run_right(config)) {
    EXPECT_GT(row.found.allocation_ns.value(), 0) << row.allocator;
    EXPECT_GE(row.found.slowest_allocation_ns.value(), *row.found.allocation_ns);
    EXPECT_GT(row.found.serial_ns.value(), 0) << "the lower bound's, in every row";
  }
}

TEST_F(EveryMode, CutsIntoAnyNumberOfTemporariesAreRightWithTheCacheFlushed) {
  RunConfig config = config_of_all();
  config.workloads = {
      &*std::ranges::find(synthetic_workloads(), std::string_view{"allocs"}, &WorkloadInfo::name)};
  config.allocs_per_phase = {1, 16, 449, 1000};
  config.flush_l2 = true;
  config.iters = 5;
  for (const Row& row : run_right(config))
    EXPECT_EQ(row.allocations_per_phase, static_cast<double>(row.allocs_per_phase.value()));
}

}  // namespace
}  // namespace daa::test
