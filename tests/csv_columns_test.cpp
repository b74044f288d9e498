// Which columns the CSV has, and what is in each.

#include "report/columns.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <map>
#include <set>

#include "csv_rows.hpp"
#include "text_match.hpp"

namespace daa::bench {
namespace {

TEST(CsvColumns, AreUniqueSnakeCaseAndDocumented) {
  std::set<std::string_view> seen;
  for (const CsvColumn& column : csv_columns()) {
    EXPECT_TRUE(seen.insert(column.name).second) << column.name;
    EXPECT_TRUE(matches(std::string{column.name}, "[a-z][a-z0-9]*(_[a-z0-9]+)*"));
    EXPECT_GT(column.description.size(), 5u) << column.name;
  }
  EXPECT_EQ(csv_columns().front().name, "schema_version");
}

TEST(CsvColumns, HoldEveryFieldOfTheRowAndTheContext) {
  const std::map<std::string, std::string> expected{
      {"schema_version", "2"},
      {"daa_version", "1.2.3"},
      {"commit", "0123456789ab-dirty"},
      {"time_utc", "2030-01-02T03:04:05Z"},
      {"device_kind", "cuda"},
      {"device", "NVIDIA H200"},
      {"sm_clock_mhz", "1980"},
      {"memory_clock_mhz", "3201"},
      {"driver", "580.159.04"},
      {"toolkit", "13.0"},
      {"compiler", "g++ 12.2.0, nvcc 13.0.88"},
      {"cpu", "A CPU"},
      {"workload", "scan"},
      {"elements", "1048576"},
      {"sync", "phase"},
      {"allocator", "arena"},
      {"status", "failed"},
      {"message", "why"},
      {"iters", "1000"},
      {"warmup", "20"},
      {"repetitions", "5"},
      {"phases_per_sample", "1"},
      {"samples", "5000"},
      {"throttled_samples", "1000"},
      {"sm_clock_median_mhz", "1965.5"},
      {"host_enqueue_median_ns", "2510"},
      {"host_enqueue_p90_ns", "2900"},
      {"host_enqueue_max_ns", "9000"},
      {"host_enqueue_p99_ns", "3120.5"},
      {"host_enqueue_ratio", "1.01"},
      {"host_enqueue_ratio_low", "1"},
      {"host_enqueue_ratio_high", "1.02"},
      {"device_median_ns", "25900"},
      {"device_p90_ns", "30100"},
      {"device_max_ns", "90000"},
      {"device_p99_ns", "31200"},
      {"device_ratio", "1.02"},
      {"device_ratio_low", "1.01"},
      {"device_ratio_high", "1.03"},
      {"end_to_end_median_ns", "1180000"},
      {"end_to_end_p90_ns", "1250000"},
      {"end_to_end_max_ns", "1400000"},
      {"end_to_end_p99_ns", "1310000"},
      {"end_to_end_ratio", "12.34"},
      {"end_to_end_ratio_low", "12.01"},
      {"end_to_end_ratio_high", "12.77"},
      {"allocations_per_phase", "2.5"},
      {"runtime_calls_per_phase", "0.002"},
      {"driver_calls_per_phase", "0.003"},
      {"allocate_calls_per_phase", "0.25"},
      {"free_calls_per_phase", "0.5"},
      {"launch_calls_per_phase", "0.75"},
      {"copy_calls_per_phase", "1.25"},
      {"synchronise_calls_per_phase", "1.5"},
      {"other_calls_per_phase", "1.75"},
      {"synchronisations_per_phase", "2.25"},
      {"asked_per_phase_bytes", "12582912"},
      {"peak_phase_bytes", "12582912"},
      {"reserved_bytes", "16777216"},
      {"wasted_bytes", "4194304"},
      {"pool_mapped_bytes", "33554432"},
      {"seed", "18446744073709551615"},
      {"state", "cold"},
      {"graph", "true"},
      {"threads", "2"},
      {"streams", "3"},
      {"flush_l2", "true"},
      {"profiler", "nsys"},
      {"allocs_per_phase", "64"},
      {"break_even_allocs", "256"},
      {"graph_memory_nodes", "4.5"},
      {"allocation_ns", "12.5"},
      {"slowest_allocation_ns", "14.25"},
      {"serial_ns", "56000"},
      {"overlap_score", "0.75"},
      {"trace", "gpt2_decode"},
      {"operations", "15444"},
      {"left_out_lines", "4"},
      {"operation_median_ns", "42.5"},
      {"operation_p99_ns", "51"},
      {"operation_ratio", "3.5"},
      {"operation_ratio_low", "3.25"},
      {"operation_ratio_high", "3.75"},
      {"against_operation_ratio", "2.5"},
      {"against_operation_ratio_low", "2.25"},
      {"against_operation_ratio_high", "2.75"},
      {"peak_live_bytes", "8388608"},
      {"reserved_over_live", "2"},
      {"held_bytes", "10485760"},
      {"held_over_live", "1.25"},
      {"min_fit_bytes", "12582912"},
      {"min_fit_over_live", "1.5"},
      {"against", "arena-individual"},
      {"against_host_enqueue_ratio", "0.98"},
      {"against_host_enqueue_ratio_low", "0.97"},
      {"against_host_enqueue_ratio_high", "0.99"},
      {"against_device_ratio", "0.88"},
      {"against_device_ratio_low", "0.87"},
      {"against_device_ratio_high", "0.89"},
      {"against_end_to_end_ratio", "0.78"},
      {"against_end_to_end_ratio_low", "0.77"},
      {"against_end_to_end_ratio_high", "0.79"},
      {"host_enqueue_repetitions_ns", "2510 2490.5"},
      {"device_repetitions_ns", "25900"},
      {"end_to_end_repetitions_ns", "1180000 0.1 3"},
      {"planted_delay", "host:0.05"},
  };
  Row row = a_row();
  row.status = Status::failed;
  row.message = "why";
  row.mode = a_mode();
  row.found = all_findings();
  row.replay = replay_figures();
  row.against = "arena-individual";
  double ratio = 0.98;
  for (ClockSummary* const clock : {&row.host_enqueue, &row.device, &row.end_to_end}) {
    clock->against_ratio = ratio;
    clock->against_ratio_low = std::round((ratio - 0.01) * 100) / 100;
    clock->against_ratio_high = std::round((ratio + 0.01) * 100) / 100;
    ratio -= 0.1;
  }
  EXPECT_EQ(read_back(row, a_context()), expected);
}

TEST(CsvColumns, OfOtherWaysToRunAreEmptyInAnOrdinaryRow) {
  auto fields = read_back(a_row(), a_context());
  EXPECT_EQ(fields.at("state"), "steady");
  EXPECT_EQ(fields.at("graph"), "false");
  EXPECT_EQ(fields.at("threads"), "1");
  EXPECT_EQ(fields.at("streams"), "1");
  EXPECT_EQ(fields.at("flush_l2"), "false");
  EXPECT_EQ(fields.at("profiler"), "none");
  for (const char* const name : {"allocs_per_phase", "break_even_allocs", "graph_memory_nodes",
                                 "allocation_ns", "slowest_allocation_ns", "serial_ns", "overlap_score"})
    EXPECT_EQ(fields.at(name), "") << name;
}

TEST(CsvColumns, OfReplaysAreEmptyInOtherRows) {
  auto fields = read_back(a_row(), a_context());
  for (const char* const name :
       {"trace", "operations", "left_out_lines", "operation_median_ns", "operation_p99_ns", "operation_ratio",
        "operation_ratio_low", "operation_ratio_high", "against_operation_ratio",
        "against_operation_ratio_low", "against_operation_ratio_high", "peak_live_bytes",
        "reserved_over_live", "held_bytes", "held_over_live", "min_fit_bytes", "min_fit_over_live"})
    EXPECT_EQ(fields.at(name), "") << name;
}

TEST(CsvColumns, AMinimumThatWasNotFoundIsEmpty) {
  Row row = a_row();
  row.replay = replay_figures();
  row.replay->min_fit_bytes = 0;
  auto fields = read_back(row, a_context());
  EXPECT_EQ(fields["min_fit_bytes"], "");
  EXPECT_EQ(fields["min_fit_over_live"], "");
}

}  // namespace
}  // namespace daa::bench
