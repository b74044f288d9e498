#include "compare/results.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <initializer_list>
#include <iterator>
#include <map>
#include <system_error>
#include <utility>

#include "compare/csv_table.hpp"
#include "text.hpp"
#include "usage_error.hpp"

namespace daa::bench {
namespace {

namespace fs = std::filesystem;

// Columns that are read by name, whatever their role.
namespace column {
constexpr std::string_view commit = "commit", device_kind = "device_kind", kind = "kind", message = "message",
                           schema_version = "schema_version", status = "status", time = "time_utc";
}  // namespace column

bool is_read(const Column& which) {
  if (which.role != Role::information) return true;
  constexpr std::string_view names[]{column::commit, column::message, column::status, column::time};
  return std::ranges::find(names, which.name) != std::end(names);
}

std::vector<const Column*> columns_of(std::initializer_list<Role> roles) {
  std::vector<const Column*> found;
  for (const Column& each : columns())
    if (std::ranges::find(roles, each.role) != roles.end()) found.push_back(&each);
  return found;
}

template <class Number>
bool parse(std::string_view text, Number& number) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc{} && end == text.data() + text.size();
}

/// The values of one row, in the order of columns().
class Values {
 public:
  Values(std::string location, std::vector<std::string> values)
      : location_(std::move(location)), values_(std::move(values)) {}

  [[nodiscard]] const std::string& location() const { return location_; }

  [[nodiscard]] const std::string& operator[](const Column& which) const {
    return values_[static_cast<std::size_t>(&which - columns().data())];
  }

  [[nodiscard]] const std::string& operator[](std::string_view name) const {
    return (*this)[*std::ranges::find(columns(), name, &Column::name)];
  }

  [[nodiscard]] std::vector<std::string> of(const std::vector<const Column*>& which) const {
    std::vector<std::string> found;
    for (const Column* const each : which) found.push_back((*this)[*each]);
    return found;
  }

  [[nodiscard]] double count(const Column& which) const {
    const std::string& text = (*this)[which];
    return text.empty() ? std::nan("") : number(which.name, text);
  }

  /// `name`, whose value is one of `known`.
  [[nodiscard]] const std::string& choice(std::string_view name, std::vector<std::string_view> known) const {
    const std::string& value = (*this)[name];
    if (std::ranges::find(known, value) == known.end())
      refuse(name, value, fmt::format("is none of {}", fmt::join(known, ", ")));
    return value;
  }

  /// NaN if it is empty, or 0: a clock too coarse for it.
  [[nodiscard]] double time(const Column& which) const {
    const double value = count(which);
    return value > 0 ? value : std::nan("");
  }

  [[noreturn]] void refuse(std::string_view name, std::string_view value, std::string_view why) const {
    throw UsageError(one_line(fmt::format("{}, column {}: \"{}\" {}", location_, name, excerpt(value), why)));
  }

 private:
  [[nodiscard]] double number(std::string_view name, std::string_view text) const {
    double value = 0;
    if (!parse(text, value) || !std::isfinite(value) || value < 0)
      refuse(name, text, "is not a number of 0 or more");
    return value;
  }

  std::string location_;
  std::vector<std::string> values_;
};

// All three clocks of a replay read the same time: only that of an operation is compared.
std::vector<Time> times_of(const Values& values) {
  const ComparedColumns& compared = compared_columns();
  const bool is_replay = values[column::kind] == to_string(Mode::replay);
  std::vector<Time> times(compared.times.size());
  for (std::size_t i = 0; i < times.size(); ++i)
    if (is_replay == (clock_of(*compared.times[i]) == "operation"))
      times[i] = {values.time(*compared.times[i]), values.time(*compared.ratios[i])};
  return times;
}

Result result_of(std::string process, const Values& values) {
  const ComparedColumns& compared = compared_columns();
  Result result;
  result.process = std::move(process);
  result.location = values.location();
  result.key = values.of(compared.keys);
  result.contexts = values.of(compared.contexts);
  result.settings = values.of(compared.settings);
  result.commit = values[column::commit];
  result.time = values[column::time];
  result.is_host = values.choice(column::device_kind, {"cuda", "host"}) == "host";
  const std::string& status =
      values.choice(column::status,
                    {to_string(Status::ok), to_string(Status::out_of_memory), to_string(Status::wrong_result),
                     to_string(Status::failed), to_string(Status::unsupported)});
  result.is_ok = status == to_string(Status::ok);
  result.is_unsupported = status == to_string(Status::unsupported);
  if (!result.is_ok) result.trouble = fmt::format("{}: {}", status, values[column::message]);
  for (const Column* const counter : compared.counters) result.counters.push_back(values.count(*counter));
  result.times = result.is_ok ? times_of(values) : std::vector<Time>(compared.times.size());
  return result;
}

/// Where columns() are in `header`; header.size() for those that are not there and need not be.
std::vector<std::size_t> positions_in(const CsvTable& table, const std::string& path) {
  const std::vector<std::string>& header = table.header;
  const auto place =
      static_cast<std::size_t>(std::ranges::find(header, column::schema_version) - header.begin());
  const bool has_version = place < header.size() && !table.records.empty();
  const std::string version = has_version ? excerpt(table.records.front().fields[place]) : "none";
  std::vector<std::size_t> positions;
  for (const Column& each : columns()) {
    const auto found = std::ranges::find(header, each.name);
    if (found == header.end() && is_read(each) && !each.in_older_results)
      throw UsageError(
          one_line(fmt::format("{}: no column {}: not a result of daa-bench --csv with schema_version {}, "
                               "but {}; measure it again",
                               path, each.name, csv_schema_version, version)));
    positions.push_back(static_cast<std::size_t>(found - header.begin()));
  }
  return positions;
}

[[noreturn]] void refuse_file(const fs::path& path, std::string_view why) {
  throw UsageError(one_line(fmt::format("{}: {}", path.native(), why)));
}

std::string read_file(const fs::path& path) {
  errno = 0;
  std::ifstream file{path, std::ios::binary};
  std::string text{std::istreambuf_iterator<char>{file}, {}};
  if (!file) refuse_file(path, fmt::format("cannot be read: {}", std::generic_category().message(errno)));
  return text;
}

std::vector<fs::path> csv_files(const fs::path& folder) {
  std::error_code error;
  std::vector<fs::path> files;
  for (fs::directory_iterator entry{folder, error}, end; !error && entry != end; entry.increment(error))
    if (entry->path().extension() == ".csv" && entry->is_regular_file(error) &&
        !entry->path().filename().native().starts_with('.'))
      files.push_back(entry->path());
  if (error) refuse_file(folder, fmt::format("cannot be read: {}", error.message()));
  if (files.empty()) refuse_file(folder, "contains no *.csv file");
  std::ranges::sort(files);
  return files;
}

[[noreturn]] void refuse_difference(std::string_view what, std::string_view of_this, std::string_view at_this,
                                    std::string_view of_other, std::string_view remedy) {
  throw UsageError(one_line(fmt::format("{} is {} in {}, but {}: {}, or compare anyway with --ignore-context",
                                        what, excerpt(of_this), at_this, of_other, remedy)));
}

void require_equal(const Column& which, const std::string& before, const Result& a, const std::string& after,
                   const Result& b) {
  if (before == after || (which.role == Role::gpu_context && (a.is_host || b.is_host))) return;
  refuse_difference(which.name, after, b.location, fmt::format("{} in {}", excerpt(before), a.location),
                    which.name == "seed" ? "measure both with one --seed" : "measure both alike");
}

void require_settings(const Result& a, const Result& b) {
  const std::string known = fmt::format("{}", csv_schema_version);
  for (std::size_t i = 0; i < b.settings.size(); ++i) {
    const Column& which = *compared_columns().settings[i];
    if (which.name == column::schema_version && b.settings[i] != known)
      refuse_difference(which.name, b.settings[i], b.location,
                        fmt::format("this daa-bench reads version {}", known), "measure it again");
    require_equal(which, a.settings[i], a, b.settings[i], b);
  }
}

/// One key column for a person; empty if its value is the default, or another column says it.
std::string format_part(std::string_view name, const std::string& value, const std::string& kind) {
  if (name == column::kind) return {};
  if (name == "workload" || name == "trace" || name == "allocator") return value;
  if (name == "elements") return value == "0" ? "" : value;
  if (name == "allocs_per_phase") return value.empty() ? "" : "in " + value;
  if (name == "state") return value == "steady" ? "" : value;
  if (name == "threads" || name == "streams")  // a row of 1 thread is not one of kind steady
    return value == "1" && kind != name ? "" : fmt::format("{} {}", value, name);
  if (name == "ranks") return value == "1" ? "" : fmt::format("{} ranks", value);
  if (name == "rank") return value.empty() ? "" : "rank " + value;
  if (value == "true") return std::string{name};
  return value == "false" || (name == "vary" && value == "none") ? "" : fmt::format("{}={}", name, value);
}

}  // namespace

const ComparedColumns& compared_columns() {
  using enum Role;
  static const ComparedColumns compared{
      columns_of({context, gpu_context}),  columns_of({key}),        columns_of({setting}),
      columns_of({counter, host_counter}), columns_of({Role::time}), columns_of({ratio})};
  return compared;
}

const std::string& part_of(const Key& key, std::string_view name) {
  const std::vector<const Column*>& keys = compared_columns().keys;
  return key.at(static_cast<std::size_t>(std::ranges::find(keys, name, &Column::name) - keys.begin()));
}

std::string_view clock_of(const Column& time) {
  const std::string_view name = time.name;
  return name.substr(0, std::min(name.rfind("_median_ns"), name.rfind("_ns")));
}

std::string format_key(const Key& key) {
  const std::vector<const Column*>& keys = compared_columns().keys;
  std::string text;
  for (std::size_t i = 0; i < keys.size(); ++i) {
    const std::string part = format_part(keys[i]->name, key[i], part_of(key, column::kind));
    if (!part.empty()) text += (text.empty() ? "" : " ") + part;
  }
  return text;
}

Result to_result(std::string process, const Row& row, const Context& context) {
  std::vector<std::string> values;
  for (const Column& each : columns())
    values.push_back(is_read(each) ? each.value(row, context) : std::string{});
  return result_of(process, {process, std::move(values)});
}

std::vector<Result> read_results(const std::string& path, std::string_view text) {
  const CsvTable table = read_csv_table(path, text);
  const std::vector<std::size_t> positions = positions_in(table, path);
  std::vector<Result> results;
  std::map<Key, std::size_t> lines;
  for (const CsvRecord& record : table.records) {
    std::vector<std::string> values;
    for (std::size_t i = 0; i < positions.size(); ++i)
      values.push_back(positions[i] < record.fields.size()
                           ? record.fields[positions[i]]
                           : std::string{columns()[i].in_older_results.value_or("")});
    results.push_back(result_of(path, {fmt::format("{}: line {}", path, record.line), std::move(values)}));
    const Result& result = results.back();
    if (const auto [first, is_new] = lines.try_emplace(result.key, record.line); !is_new)
      throw UsageError(
          one_line(fmt::format("{}: has the case of line {} again, {}: a file is what one process wrote; "
                               "compare a folder of files",
                               result.location, first->second, format_key(result.key))));
  }
  if (results.empty()) refuse_file(path, "has a header, but no row");
  return results;
}

std::vector<Result> load_results(const std::string& path) {
  std::error_code error;
  if (!fs::is_directory(path, error)) return read_results(path, read_file(path));
  std::vector<Result> results;
  std::map<std::string, fs::path> contents;
  for (const fs::path& file : csv_files(path)) {
    std::string text = read_file(file);
    std::ranges::move(read_results(file, text), std::back_inserter(results));
    if (const auto [same, is_new] = contents.try_emplace(std::move(text), file); !is_new)
      refuse_file(file, fmt::format("is a copy of {}: each file is what another process wrote",
                                    same->second.native()));
  }
  return results;
}

void require_comparable(std::span<const Result> base, std::span<const Result> head) {
  std::map<Key, const Result*> first;
  for (const std::span<const Result> side : {base, head})
    for (const Result& result : side) {
      for (std::size_t i = 0; i < result.contexts.size(); ++i)
        require_equal(*compared_columns().contexts[i], base.front().contexts[i], base.front(),
                      result.contexts[i], result);
      require_settings(*first.try_emplace(result.key, &result).first->second, result);
    }
}

}  // namespace daa::bench
