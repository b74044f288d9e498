// Rows to compare, and what a comparison of them finds.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "compare/comparison.hpp"
#include "compare/results.hpp"
#include "report/csv.hpp"
#include "usage_error.hpp"

namespace daa::bench {

inline const GateConfig default_gate;
inline constexpr double time_ns = 50'000;

inline Context run_context(std::string device_kind = "cuda") {
  return {"1.2.3", "0123456789ab", std::move(device_kind), "NVIDIA H200",
          "580.1", "13.0",         "g++ 12.2.0",           "A CPU",
          1980,    3201,           "2030-01-02T03:04:05Z"};
}

/// A measured case, whose times are `ratio` times those of preallocated.
inline Row measured(std::string allocator, double ratio = 1) {
  Row row;
  row.workload = "scan";
  row.elements = 1 << 20;
  row.allocator = std::move(allocator);
  row.iters = 1000;
  row.warmup = 20;
  row.phases_per_batch = 20;
  row.seed = 42;
  row.repetitions = 1;
  for (ClockSummary* clock : {&row.host_enqueue, &row.device, &row.end_to_end}) {
    clock->median_ns = ratio * time_ns;
    clock->ratio = ratio;
  }
  row.allocations_per_phase = 2.5;
  row.calls.runtime = 0.002;
  row.calls.synchronisations = 2.25;
  row.asked_per_phase_bytes = 1000;
  row.peak_phase_bytes = 2000;
  row.reserved_bytes = 3000;
  row.pool_mapped_bytes = 4000;
  return row;
}

/// A replay, which has no device time.
inline Row replayed(std::string allocator, double ratio = 1) {
  Row row = measured(std::move(allocator), ratio);
  row.workload = "replay";
  row.elements = 0;
  row.configuration.mode = Mode::replay;
  row.replay.emplace().trace = "gpt2_decode";
  row.replay->operation = row.end_to_end;
  row.device = {};
  return row;
}

/// A row of a run to come.
inline Row without_figures(Row row) {
  row.repetitions = 0;
  row.host_enqueue = row.device = row.end_to_end = {};
  return row;
}

inline std::string csv_of(const std::vector<Row>& rows, const Context& context = run_context()) {
  std::string text;
  for (const Column& column : columns()) text.append(text.empty() ? "" : ",").append(column.name);
  for (const Row& row : rows) {
    std::string line;
    for (const Column& column : columns())
      line.append(&column == columns().data() ? "" : ",").append(csv_field(column.value(row, context)));
    text += "\r\n" + line;
  }
  return text + "\r\n";
}

/// `rows` as they are read back from a file of that name.
inline std::vector<Result> results(const std::vector<Row>& rows, const Context& context = run_context(),
                                   const std::string& name = "a.csv") {
  return read_results(name, csv_of(rows, context));
}

inline Comparison compare_rows(const std::vector<Row>& base, const std::vector<Row>& head,
                               const GateConfig& gate = default_gate,
                               const Context& context = run_context()) {
  return compare(results(base, context), results(head, context), gate);
}

/// The first of `findings` about `what`.
inline Finding find(const std::vector<Finding>& findings, std::string_view what) {
  const auto found = std::ranges::find(findings, what, &Finding::what);
  EXPECT_NE(found, findings.end()) << what;
  return found == findings.end() ? Finding{} : *found;
}

inline Finding find(const Comparison& comparison, std::string_view what) {
  return find(comparison.findings, what);
}

/// The message of the UsageError that `action` throws.
template <class Action>
std::string refusal(const Action& action) {
  try {
    action();
  } catch (const UsageError& error) {
    return error.what();
  }
  ADD_FAILURE() << "nothing was refused";
  return {};
}

}  // namespace daa::bench
