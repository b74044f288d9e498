#include "options/config_file.hpp"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cerrno>
#include <exception>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>
#include <system_error>
#include <utility>

#include "report/text.hpp"

namespace daa::bench {
namespace {

constexpr std::string_view byte_order_mark = "\xef\xbb\xbf";  // in UTF-8; some editors write one

/// Without the byte order mark.
std::string read_file(const Given& path) {
  std::error_code error;
  if (std::filesystem::is_directory(path.value, error))
    error = std::make_error_code(std::errc::is_a_directory);
  // It is read twice where daa-bench carries on as daa-bench-host: a pipe would be empty then.
  if (!error && std::filesystem::exists(path.value, error) && !std::filesystem::is_regular_file(path.value))
    throw CLI::FileError(fmt::format("{}: is not a regular file; write the flags to one", to_string(path)));
  std::ifstream file;
  if (!error) {
    file.open(path.value);
    if (!file) error = {errno, std::generic_category()};
  }
  if (error) throw CLI::FileError(fmt::format("{}: cannot be read: {}", to_string(path), error.message()));
  std::string text{std::istreambuf_iterator<char>{file}, {}};
  if (text.starts_with(byte_order_mark)) text.erase(0, byte_order_mark.size());
  return text;
}

[[noreturn]] void refuse_line(const Given& path, std::size_t number, std::string_view line,
                              std::string_view why) {
  throw CLI::ConfigError(fmt::format("{}: line {}, \"{}\": {}", to_string(path), number, excerpt(line), why));
}

/// Without what follows a #, and blanks at both ends.
std::string stripped(std::string line) {
  line.erase(std::min(line.find('#'), line.size()));
  return CLI::detail::trim(line);
}

bool is_empty_array(std::string entry) {
  std::erase_if(entry, [](char c) { return c == ' ' || c == '\t'; });
  return entry.ends_with("=[]");
}

/// `text` with each entry on one line, without comments. CLI11's reader skips or repairs what it cannot
/// parse; this refuses it first.
std::string checked(const Given& path, const std::string& text) {
  std::istringstream lines{text};
  std::string result, entry;
  std::size_t number = 0;
  std::size_t entry_number = 0;
  for (std::string line; std::getline(lines, line);) {
    ++number;
    line = stripped(line);
    if (line.empty() || (entry.empty() && line.front() == ';')) continue;
    if (entry.empty()) {
      if (line.front() == '[')
        refuse_line(path, number, line, "sections are not used; write the keys without one");
      const std::size_t equals = line.find('=');
      if (equals == std::string::npos || equals == 0) refuse_line(path, number, line, "expected key = value");
      if (equals + 1 == line.size()) refuse_line(path, number, line, "the value is missing");
      entry_number = number;
    }
    entry += line;
    const bool is_array = entry[entry.find_first_not_of(" \t", entry.find('=') + 1)] == '[';
    if (is_array && entry.back() != ']') continue;
    if (is_empty_array(entry)) refuse_line(path, entry_number, entry, "the value is missing");
    result += entry + '\n';
    entry.clear();
  }
  if (!entry.empty()) refuse_line(path, entry_number, entry, "the array is never closed");
  return result;
}

std::vector<CLI::ConfigItem> read_items(const Given& path) {
  std::istringstream stream{checked(path, read_file(path))};
  try {
    return CLI::ConfigTOML{}.from_config(stream);
  } catch (const std::exception& error) {  // of CLI11 or of the standard library, by version
    throw CLI::ConfigError(fmt::format("{}: {}", to_string(path), error.what()));
  }
}

bool has_stray_quote(const std::string& value) {
  constexpr std::string_view quotes = "\"'`";
  return !value.empty() && (quotes.find(value.front()) != std::string_view::npos ||
                            quotes.find(value.back()) != std::string_view::npos);
}

}  // namespace

std::vector<ConfigEntry> read_config_file(const Given& path) {
  std::vector<ConfigEntry> entries;
  for (CLI::ConfigItem& item : read_items(path)) {
    const std::string place = fmt::format("{}: {}", excerpt(path.value), excerpt(item.fullname()));
    for (const std::string& value : item.inputs)
      if (has_stray_quote(value))
        throw CLI::ConfigError(
            fmt::format("{}={}: the quotes do not match, or enclose a #", place, excerpt(value)));
    entries.push_back({item.fullname(), place, std::move(item.inputs)});
  }
  return entries;
}

}  // namespace daa::bench
