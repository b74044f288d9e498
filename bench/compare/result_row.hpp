// Results of runs, read back from CSV.
#pragma once

#include <array>
#include <compare>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace daa::bench {

/// What a row is about: rows of one key are of one case.
struct CaseKey {
  std::string workload;
  std::size_t elements = 0;
  std::string sync;
  std::string allocator;
  std::string way = {};  // to run, beyond the sync mode: "cold, flush_l2"; empty for the plain one
  auto operator<=>(const CaseKey&) const = default;
};

/// A column that must agree before figures may be compared.
struct ContextColumn {
  std::string_view name;
  bool of_gpu;   // says nothing about the host runtime, whose counters are the same on every machine
  bool of_case;  // may differ from case to case
};
[[nodiscard]] std::span<const ContextColumn> context_columns();

/// A column whose figure does not depend on time, nor on luck.
struct CounterColumn {
  std::string_view name;
  bool on_gpu;        // exact there too
  bool may_be_empty;  // counted only where there is a tool for it
};
[[nodiscard]] std::span<const CounterColumn> counter_columns();

/// A clock, whose repetitions are in the column <name>_repetitions_ns.
struct ClockColumn {
  std::string_view name;
  bool is_judged;
};
inline constexpr std::array<ClockColumn, 3> clock_columns{
    {{"end_to_end", true}, {"host_enqueue", true}, {"device", false}}};

struct ResultRow {
  std::string place;  // "base.csv: line 2"
  CaseKey key;
  std::string schema_version;
  std::string commit;
  bool is_host = false;  // of the host runtime
  bool is_ok = false;
  std::string trouble;               // status and message where it is not ok
  std::vector<std::string> context;  // of context_columns()
  std::vector<double> counters;      // of counter_columns(); NaN where nothing was counted
  std::array<std::vector<double>, clock_columns.size()> repetitions_ns;  // positive; empty where not ok
};

/// The rows of the CSV `text`, whose name for messages is `path`; at least one. Further columns are let be.
/// Throws BadResult for a text that is no CSV, for missing columns and for values that no daa-bench writes.
[[nodiscard]] std::vector<ResultRow> read_results(const std::string& path, std::string_view text);

/// Those of a file, or of all *.csv files of a folder together. Throws BadResult, also if it cannot be read.
[[nodiscard]] std::vector<ResultRow> load_results(const std::string& path);

}  // namespace daa::bench
