#include "compare/result_row.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <utility>

#include "compare/bad_result.hpp"
#include "compare/csv_table.hpp"
#include "report/row.hpp"
#include "report/text.hpp"

namespace daa::bench {
namespace {

constexpr ContextColumn contexts[]{
    {"device_kind", false, false},
    {"device", true, false},
    {"sm_clock_mhz", true, false},
    {"memory_clock_mhz", true, false},
    {"driver", true, false},
    {"toolkit", true, false},
    {"cpu", true, false},
    {"seed", false, true},
    {"iters", false, true},
    {"warmup", false, true},
    {"phases_per_sample", false, true},
    {"profiler", false, true},
};

// A GPU's driver maps memory by rules of its own, in what state others have left it.
constexpr CounterColumn counters[]{
    {"allocations_per_phase", true, false},     {"runtime_calls_per_phase", true, true},
    {"synchronisations_per_phase", true, true}, {"asked_per_phase_bytes", true, false},
    {"peak_phase_bytes", true, false},          {"reserved_bytes", true, false},
    {"pool_mapped_bytes", false, false},
};

/// The fields of one record, by the names of their columns.
class Fields {
 public:
  Fields(const CsvTable& table, const CsvRecord& record) : table_(table), record_(record) {}

  [[nodiscard]] std::string place() const { return fmt::format("{}: line {}", table_.path, record_.line); }

  [[nodiscard]] const std::string& operator[](std::string_view column) const {
    const auto found = std::ranges::find(table_.header, column);
    if (found == table_.header.end())
      throw BadResult(one_line(
          fmt::format("{}: no column {}: no result of this version's daa-bench --csv; measure it again",
                      table_.path, column)));
    return record_.fields[static_cast<std::size_t>(found - table_.header.begin())];
  }

  [[nodiscard]] double number(std::string_view column) const { return number(column, (*this)[column]); }

  [[nodiscard]] std::size_t size(std::string_view column) const {
    const std::string& text = (*this)[column];
    std::size_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{} || end != text.data() + text.size()) refuse(column, text, "is no whole number");
    return value;
  }

  /// Numbers above 0 with a blank between them.
  [[nodiscard]] std::vector<double> times(std::string_view column) const {
    std::vector<double> values;
    for (std::string_view left = (*this)[column]; !left.empty();) {
      const std::size_t blank = std::min(left.find(' '), left.size());
      const std::string_view text = left.substr(0, blank);
      values.push_back(number(column, text));
      if (values.back() <= 0) refuse(column, text, "is no time above 0");
      left.remove_prefix(blank);
      if (left == " ") refuse(column, (*this)[column], "ends in a blank");
      if (!left.empty()) left.remove_prefix(1);
    }
    return values;
  }

  [[noreturn]] void refuse(std::string_view column, std::string_view value, std::string_view why) const {
    throw BadResult(one_line(fmt::format("{}, column {}: \"{}\" {}", place(), column, excerpt(value), why)));
  }

 private:
  double number(std::string_view column, std::string_view text) const {
    double value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{} || end != text.data() + text.size() || !std::isfinite(value) || value < 0)
      refuse(column, text, "is no number of 0 or more");
    return value;
  }

  const CsvTable& table_;
  const CsvRecord& record_;
};

void check_choice(const Fields& fields, std::string_view column, std::vector<std::string_view> known) {
  const std::string& value = fields[column];
  if (std::ranges::find(known, value) == known.end())
    fields.refuse(column, value, fmt::format("is none of {}", fmt::join(known, ", ")));
}

std::string way_of(const Fields& fields) {
  check_choice(fields, "state", {to_string(State::steady), to_string(State::cold)});
  for (const std::string_view column : {"graph", "flush_l2"}) check_choice(fields, column, {"true", "false"});
  std::vector<std::string> parts;
  if (!fields["trace"].empty()) parts.push_back(fields["trace"]);
  if (fields["state"] == to_string(State::cold)) parts.push_back(fields["state"]);
  for (const std::string column : {"graph", "flush_l2"})
    if (fields[column] == "true") parts.push_back(column);
  for (const std::string column : {"threads", "streams"})
    if (const std::size_t count = fields.size(column); count != 1)
      parts.push_back(fmt::format("{} {}", count, column));
  if (!fields["allocs_per_phase"].empty())
    parts.push_back(fmt::format("{} allocations", fields.size("allocs_per_phase")));
  return fmt::format("{}", fmt::join(parts, ", "));
}

ResultRow row_of(const Fields& fields) {
  check_choice(fields, "device_kind", {"cuda", "host"});
  check_choice(fields, "sync", {to_string(SyncMode::end), to_string(SyncMode::phase)});
  check_choice(fields, "status",
               {to_string(Status::ok), to_string(Status::out_of_memory), to_string(Status::wrong_result),
                to_string(Status::failed), to_string(Status::unsupported)});
  ResultRow row;
  row.place = fields.place();
  row.key = {fields["workload"], fields.size("elements"), fields["sync"], fields["allocator"],
             way_of(fields)};
  row.schema_version = fields["schema_version"];
  row.commit = fields["commit"];
  row.is_host = fields["device_kind"] == "host";
  row.is_ok = fields["status"] == to_string(Status::ok);
  if (!row.is_ok) row.trouble = fmt::format("{}: {}", fields["status"], fields["message"]);
  for (const ContextColumn& column : context_columns()) row.context.push_back(fields[column.name]);
  for (const CounterColumn& column : counter_columns()) {
    const bool is_empty = column.may_be_empty && fields[column.name].empty();
    row.counters.push_back(is_empty ? std::nan("") : fields.number(column.name));
  }
  const std::size_t repetitions = fields.size("repetitions");
  for (std::size_t i = 0; i < clock_columns.size(); ++i) {
    const std::string column = fmt::format("{}_repetitions_ns", clock_columns[i].name);
    row.repetitions_ns[i] = fields.times(column);
    const bool has_no_such_clock = !fields["trace"].empty() && row.repetitions_ns[i].empty();
    const bool has_throttled = !fields["throttled_samples"].empty() && fields.size("throttled_samples") > 0;
    const bool has_all = row.repetitions_ns[i].size() == repetitions ||
                         (has_throttled && row.repetitions_ns[i].size() < repetitions);
    if (row.is_ok && !has_all && !has_no_such_clock)
      fields.refuse(column, fields[column], fmt::format("holds not as many as repetitions, {}", repetitions));
  }
  return row;
}

}  // namespace

std::span<const ContextColumn> context_columns() {
  return contexts;
}

std::span<const CounterColumn> counter_columns() {
  return counters;
}

std::vector<ResultRow> read_results(const std::string& path, std::string_view text) {
  const CsvTable table = read_csv_table(path, text);
  std::vector<ResultRow> rows;
  for (const CsvRecord& record : table.records) rows.push_back(row_of(Fields{table, record}));
  if (rows.empty()) throw BadResult(one_line(fmt::format("{}: holds no row, only a header", path)));
  return rows;
}

}  // namespace daa::bench
