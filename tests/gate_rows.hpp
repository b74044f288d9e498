// Results to hold against each other.
#pragma once

#include <random>
#include <string>
#include <vector>

#include "compare/result_row.hpp"
#include "report/csv.hpp"
#include "report_rows.hpp"

namespace daa::bench {

/// A measured case, each of whose clocks has these repetitions.
inline Row measured(const std::string& allocator, const std::vector<double>& repetitions_ns) {
  Row row = a_row(allocator);
  row.repetitions = repetitions_ns.size();
  row.throttled_samples = 0;
  for (ClockSummary* clock : {&row.host_enqueue, &row.device, &row.end_to_end})
    clock->repetitions_ns = repetitions_ns;
  return row;
}

inline std::string csv_of(const std::vector<Row>& rows, const Context& context = a_context()) {
  std::string text = csv_header();
  for (const Row& row : rows) text += csv_line(row, context);
  return text;
}

/// `rows` as they are read back from a file of that name.
inline std::vector<ResultRow> results(const std::vector<Row>& rows, const Context& context = a_context(),
                                      const std::string& name = "a.csv") {
  return read_results(name, csv_of(rows, context));
}

/// `count` different repetitions within `noise` (a fraction) of `ns`, evenly.
inline std::vector<double> around(double ns, double noise = 0.005, std::size_t count = 12) {
  std::vector<double> values;
  for (std::size_t i = 0; i < count; ++i)
    values.push_back(ns *
                     (1 + noise * (2 * (static_cast<double>(i) + 0.5) / static_cast<double>(count) - 1)));
  return values;
}

}  // namespace daa::bench
