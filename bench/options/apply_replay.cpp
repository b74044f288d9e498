#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <filesystem>
#include <stdexcept>
#include <string>
#include <system_error>

#include "options/apply.hpp"
#include "options/count.hpp"
#include "options/nearest.hpp"

namespace daa::bench {
namespace {

constexpr CountRange phase_rows_range{1, 1'000'000'000};

/// The file that `name` stands for: a bundled trace's, or its own path. Throws std::runtime_error.
std::string find_trace(const std::string& name) {
  const std::vector<std::string_view> bundled = bundled_traces();
  if (std::ranges::find(bundled, name) != bundled.end()) return find_bundled_trace(name);
  // It is read twice where daa-bench carries on as daa-bench-host: a pipe would be empty then.
  std::error_code error;
  if (std::filesystem::is_regular_file(name, error)) return name;
  if (std::filesystem::exists(name, error)) throw std::runtime_error("is not a regular file");
  throw std::runtime_error(fmt::format("neither a file nor a bundled trace; {}bundled: {}, all",
                                       suggestion(name, bundled), fmt::join(bundled, ", ")));
}

void add_trace(Options& options, const Given& given, const std::string& name) {
  try {
    const std::string path = find_trace(name);
    auto trace = std::make_shared<NamedTrace>(trace_name(path), read_trace(path, options.phase_rows));
    for (const auto& other : options.traces)
      if (other->name == trace->name)
        refuse_value(given, fmt::format("a second trace by the name of {}; rename the file", trace->name));
    options.traces.push_back(std::move(trace));
  } catch (const std::runtime_error& error) {
    refuse_value(given, error.what());
  }
}

}  // namespace

void refuse_without_replay(const Options& options, const Given& given) {
  if (!options.replay) refuse_value(given, "is for replays of traces; add --workload=replay");
}

void apply_phase_rows(Options& options, const std::vector<Given>& values) {
  options.phase_rows = parse_count(values.front(), phase_rows_range);
  refuse_without_replay(options, values.front());
}

void apply_trace(Options& options, const std::vector<Given>& values) {
  if (!options.replay && values.front().by_default) return;
  for (const Given& given : values) {
    refuse_without_replay(options, given);
    if (given.value == "all") {
      for (const std::string_view name : bundled_traces()) add_trace(options, given, std::string{name});
    } else {
      add_trace(options, given, given.value);
    }
  }
}

}  // namespace daa::bench
