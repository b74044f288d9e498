// Results of runs, as a comparison needs them: what the roles of the columns say, from a CSV file or a Row.
#pragma once

#include <limits>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "device/context.hpp"
#include "report/columns.hpp"
#include "report/row.hpp"

namespace daa::bench {

/// The columns that a comparison looks at by their role, each in the order of columns().
struct ComparedColumns {
  std::vector<const Column*> contexts;  // gpu_context included
  std::vector<const Column*> keys, settings;
  std::vector<const Column*> counters;       // host_counter included
  std::vector<const Column*> times, ratios;  // of each clock
};
[[nodiscard]] const ComparedColumns& compared_columns();

using Key = std::vector<std::string>;  // the values of the key columns

/// `key` as a person reads it, without what is the default: "scan 1048576 sync=end cold arena".
[[nodiscard]] std::string format_key(const Key& key);

/// The value of the key column `name`.
[[nodiscard]] const std::string& part_of(const Key& key, std::string_view name);

/// What the clock of a column of Role::time is called: "end_to_end" for "end_to_end_median_ns", "allocation"
/// for "allocation_ns".
[[nodiscard]] std::string_view clock_of(const Column& time);

/// What one clock read; NaN where it read nothing, or where there is no ratio.
struct Time {
  double ns = std::numeric_limits<double>::quiet_NaN();
  double ratio = std::numeric_limits<double>::quiet_NaN();  // to preallocated in the same process
};

/// Values are in the order of compared_columns().
struct Result {
  std::string process;   // the file, "base.csv", or what a run is called
  std::string location;  // as messages name it: "base.csv: line 2"
  Key key;
  std::vector<std::string> contexts, settings;
  std::vector<double> counters;  // NaN where not counted
  std::vector<Time> times;       // of each clock
  std::string commit, time;      // of the run's start, ISO 8601
  bool is_host = false;          // of the host runtime
  bool is_ok = false;
  bool is_unsupported = false;
  std::string trouble;  // status and message if it is not ok
};

/// The result that `row`, of the process of that name, is written as.
[[nodiscard]] Result to_result(std::string process, const Row& row, const Context& context);

/// The rows of the CSV file `text`, at least one. `path` is the name in messages. Unknown columns are
/// ignored. Throws UsageError for text that is not CSV, a missing column, a value that no run writes, and two
/// rows of one case: a file is a process.
[[nodiscard]] std::vector<Result> read_results(const std::string& path, std::string_view text);

/// The rows of a file, or of all *.csv files of a folder. Throws UsageError, also if it cannot be read.
[[nodiscard]] std::vector<Result> load_results(const std::string& path);

/// Throws UsageError, which names both locations, both values and the remedy, if the two may not be compared:
/// if a schema version is not this program's, a context differs between any two rows of either, or a
/// setting differs between two rows of one key. Contexts of a GPU are ignored for the host runtime. `base`
/// is not empty.
void require_comparable(std::span<const Result> base, std::span<const Result> head);

}  // namespace daa::bench
