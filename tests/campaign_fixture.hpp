// Campaigns of a few short phases on the host runtime, and allocators to put into them.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <vector>

#include "daa/host_runtime.hpp"
#include "driver/benchmark_setup.hpp"
#include "driver/campaign.hpp"
#include "table_rows.hpp"
#include "workload_allocators.hpp"

namespace daa::test {

inline std::unique_ptr<ScratchAllocator> make_overlapping(cudaStream_t, const Demand& demand) {
  return std::make_unique<BlockAllocator>(demand.max_phase_bytes, BlockAllocator::all_at_start);
}

inline std::unique_ptr<ScratchAllocator> make_exhausted(cudaStream_t stream, const Demand&) {
  return std::make_unique<ExhaustedAllocator>(stream, 1);
}

/// What must hold of a row that was measured.
inline void expect_measured(const Row& row, const Options& options) {
  SCOPED_TRACE(row.allocator);
  EXPECT_EQ(row.status, Status::ok) << row.message;
  EXPECT_EQ(row.message, "");
  EXPECT_EQ(row.repetitions, options.repetitions);
  for (const ClockSummary& clock : {row.host_enqueue, row.device, row.end_to_end}) {
    EXPECT_GT(clock.median_ns, 0);
    EXPECT_GE(clock.p99_ns, clock.median_ns);
  }
}

class CampaignTest : public ::testing::Test {
 protected:
  void SetUp() override { ASSERT_EQ(set_up_benchmark({}), std::nullopt); }

  void TearDown() override {
    EXPECT_TRUE(host_runtime::violations().empty());
    EXPECT_EQ(host_runtime::live_allocations(), 0u);
    host_runtime::reset();
  }

  /// Of one workload, size and sync mode, with the floor alone.
  static Options small_options() {
    Options options;
    options.workloads = {&workload("scan")};
    options.allocators = {&allocator(floor_name)};
    options.elements = {1000};
    options.iters = 5;
    options.warmup = 2;
    options.repetitions = 3;
    options.sync_modes = {SyncMode::end};
    options.seed = 1;
    return options;
  }

  /// The rows of each group.
  static std::vector<std::vector<Row>> run_groups(const Options& options) {
    std::vector<std::vector<Row>> groups;
    run_campaign(options, {}, {[&](const auto& rows) { groups.push_back(rows); }, [](auto, auto) {}});
    return groups;
  }

  static std::vector<Row> run(const Options& options) {
    std::vector<Row> all;
    for (const auto& rows : run_groups(options)) all.insert(all.end(), rows.begin(), rows.end());
    return all;
  }
};

}  // namespace daa::test
