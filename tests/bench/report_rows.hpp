// Rows and a context to report, and how a reader sees them.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "csv_reader.hpp"
#include "device/context.hpp"
#include "report/csv.hpp"
#include "report/row.hpp"

namespace daa::bench {

inline Context a_context(std::string device_kind = "cuda") {
  return {.daa_version = "1.2.3",
          .commit = "0123456789ab-dirty",
          .device_kind = std::move(device_kind),
          .device = "NVIDIA H200",
          .driver = "580.159.04",
          .toolkit = "13.0",
          .compiler = "g++ 12.2.0, nvcc 13.0.88",
          .cpu = "A CPU",
          .sm_clock_mhz = 1980,
          .memory_clock_mhz = 3201,
          .time = "2030-01-02T03:04:05Z"};
}

/// Every figure is another multiple of `ns`, and the ratios are 1.1 to 1.6.
inline ClockSummary a_clock(double ns) {
  return {ns, 2 * ns, 3 * ns, 4 * ns, 1.1, 1.2, 1.3, 1.4, 1.5, 1.6, {ns, ns + 0.5, ns + 1}};
}

inline Row a_row(std::string allocator = "arena") {
  Row row;
  row.workload = "scan";
  row.elements = std::size_t{1} << 20;
  row.allocator = std::move(allocator);
  row.iters = 1000;
  row.warmup = 20;
  row.repetitions = 3;
  row.phases_per_batch = 25;
  row.samples = 120;
  row.throttled_samples = 40;
  row.sm_clock_mhz = 1965.5;
  row.against = "preallocated";
  row.host_enqueue = a_clock(2500);
  row.device = a_clock(26e3);
  row.end_to_end = a_clock(1.18e6);
  row.allocations_per_phase = 2.5;
  row.calls = {0.002, 0.003, 0.25, 0.5, 0.75, 1.25, 1.5, 1.75, 2.25};
  row.asked_per_phase_bytes = 1000;
  row.peak_phase_bytes = 2000;
  row.reserved_bytes = 3072;
  row.wasted_bytes = 4000;
  row.pool_mapped_bytes = 5000;
  row.seed = 18446744073709551615u;
  return row;
}

inline Row a_replay(std::string allocator = "arena") {
  Row row = a_row(std::move(allocator));
  row.workload = "replay";
  row.elements = 0;
  row.configuration = {.mode = Mode::replay, .threads = 2, .streams = 3};
  row.device = {};
  row.replay = ReplayFigures{.trace = "gpt2_decode",
                             .operations = 15444,
                             .left_out = 4,
                             .peak_live_bytes = 2048,
                             .held_bytes = 6144,
                             .operation = a_clock(40),
                             .first_phase_ns = 900.5,
                             .first_phase_ratio = 3.25,
                             .worst_phase_ns = 77.5};
  return row;
}

inline Row a_failed_row(std::string allocator = "arena") {
  Row row;
  row.workload = "scan";
  row.elements = std::size_t{1} << 20;
  row.allocator = std::move(allocator);
  row.status = Status::out_of_memory;
  row.message = "64.0MiB asked\nfor";
  return row;
}

/// The row as a reader of the CSV sees it, by the name of the column.
inline test::CsvRecord read_back(const Row& row, const Context& context = a_context()) {
  const std::vector<test::CsvRecord> records = test::read_csv(csv_header() + csv_line(row, context));
  EXPECT_EQ(records.size(), 1u);
  return records.at(0);
}

}  // namespace daa::bench
