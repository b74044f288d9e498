// Rows and a context to report.
#pragma once

#include <string>

#include "report/row.hpp"

namespace daa::bench {

inline Context a_context(std::string device_kind = "cuda") {
  Context context;
  context.daa_version = "1.2.3";
  context.commit = "0123456789ab-dirty";
  context.device_kind = std::move(device_kind);
  context.device = "NVIDIA H200";
  context.driver = "580.159.04";
  context.toolkit = "13.0";
  context.compiler = "g++ 12.2.0, nvcc 13.0.88";
  context.cpu = "A CPU";
  context.sm_clock_mhz = 1980;
  context.memory_clock_mhz = 3201;
  context.time = "2030-01-02T03:04:05Z";
  return context;
}

inline Row a_row(std::string allocator = "arena") {
  Row row;
  row.workload = "scan";
  row.elements = std::size_t{1} << 20;
  row.sync = SyncMode::phase;
  row.allocator = std::move(allocator);
  row.iters = 1000;
  row.warmup = 20;
  row.repetitions = 5;
  row.phases_per_sample = 1;
  row.samples = 5000;
  row.throttled_samples = 1000;
  row.sm_clock_mhz = 1965.5;
  row.against = "preallocated";
  row.host_enqueue = {2510.0, 2900.0, 3120.5, 9000.0, 1.01, 1.0, 1.02, 1.01, 1.0, 1.02, {2510.0, 2490.5}};
  row.device = {25900.0, 30100.0, 31200.0, 90000.0, 1.02, 1.01, 1.03, 1.02, 1.01, 1.03, {25900.0}};
  row.end_to_end = {1180000.0,
                    1250000.0,
                    1310000.0,
                    1400000.0,
                    12.34,
                    12.01,
                    12.77,
                    12.34,
                    12.01,
                    12.77,
                    {1180000.0, 0.1, 3.0}};
  row.allocations_per_phase = 2.5;
  row.calls = {0.002, 0.003, 0.25, 0.5, 0.75, 1.25, 1.5, 1.75, 2.25};
  row.bytes_asked_per_phase = 12582912;
  row.bytes_peak_phase = std::size_t{12} << 20;
  row.pool_mapped_bytes = std::size_t{32} << 20;
  row.bytes_reserved = std::size_t{16} << 20;
  row.bytes_wasted = std::size_t{4} << 20;
  row.seed = 18446744073709551615u;
  row.planted_delay = "host:0.05";
  return row;
}

/// Of a row that was run in every way at once, which no row can be.
inline RowMode a_mode() {
  return {State::cold, true, true, 2, 3, 64, true, "nsys"};
}

inline RowFindings all_findings() {
  return {4.5, 12.5, 14.25, 56000.0, 0.75, 256};
}

inline ReplayFigures replay_figures() {
  ReplayFigures figures;
  figures.trace = "gpt2_decode";
  figures.operations = 15444;
  figures.left_out = 4;
  figures.operation = {42.5, 48, 51, 60, 3.5, 3.25, 3.75, 2.5, 2.25, 2.75};
  figures.peak_live_bytes = std::size_t{8} << 20;
  figures.held_bytes = std::size_t{10} << 20;
  figures.has_min_fit = true;
  figures.min_fit_bytes = std::size_t{12} << 20;
  return figures;
}

}  // namespace daa::bench
