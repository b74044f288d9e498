// The traces that come with the program, and how a trace is named.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace daa::bench {

/// Their names, in alphabetical order.
[[nodiscard]] std::vector<std::string_view> bundled_traces();

/// Where the bundled traces may be, the first place first: beside the program as installed, and in the source
/// folder from which it was built.
[[nodiscard]] std::vector<std::filesystem::path> trace_folders();

/// The file of a bundled trace. Throws UsageError that says where it was looked for.
[[nodiscard]] std::string find_bundled_trace(std::string_view name);

/// "a/b.csv" is "b".
[[nodiscard]] std::string trace_name(const std::string& path);

}  // namespace daa::bench
