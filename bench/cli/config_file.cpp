#include "cli/config_file.hpp"

#include <fmt/format.h>

#include <CLI/StringTools.hpp>
#include <cerrno>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>
#include <stdexcept>
#include <system_error>
#include <utility>

#include "cli/flags.hpp"
#include "text.hpp"

namespace daa::bench {
namespace {

constexpr std::string_view byte_order_mark = "\xef\xbb\xbf";  // in UTF-8; some editors write one

/// Without the byte order mark.
std::string read_file(const std::string& path, const Flag& config) {
  std::error_code error;
  // A pipe would be empty where daa-bench carries on as daa-bench-host, which reads the file again.
  if (const auto status = std::filesystem::status(path, error);
      std::filesystem::exists(status) && !std::filesystem::is_regular_file(status))
    config.refuse("is not a regular file; write the flags to one");
  std::ifstream file{path};
  if (!file) config.refuse(fmt::format("cannot be read: {}", std::generic_category().message(errno)));
  std::string text{std::istreambuf_iterator<char>{file}, {}};
  if (text.starts_with(byte_order_mark)) text.erase(0, byte_order_mark.size());
  return text;
}

/// `text` up to a comment, its items separated by `separator`, neither of them looked for in quotes.
std::vector<std::string> split(const std::string& text, char separator) {
  std::vector<std::string> items(1);
  char quote = '\0';
  for (const char c : text) {
    if (quote == '\0' && c == '#') break;
    if (c == quote)
      quote = '\0';
    else if (quote == '\0' && (c == '"' || c == '\''))
      quote = c;
    if (quote == '\0' && c == separator)
      items.emplace_back();
    else
      items.back() += c;
  }
  if (quote != '\0') throw std::invalid_argument("the quotes do not match");
  for (std::string& item : items) CLI::detail::trim(item);
  return items;
}

std::string without_quotes(std::string item) {
  constexpr std::string_view quotes = "\"'";
  if (item.size() > 1 && item.front() == item.back() && quotes.find(item.front()) != std::string_view::npos)
    item = item.substr(1, item.size() - 2);
  else if (item.find_first_of(quotes) != std::string::npos)
    throw std::invalid_argument("the quotes do not enclose the value");
  return item;
}

ConfigEntry parse_entry(const std::string& key, std::string text) {
  const bool is_array = text.starts_with('[');
  if (is_array) text = text.substr(1, text.size() - 2);
  std::vector<std::string> values = split(text, ',');
  if (is_array && values.back().empty()) values.pop_back();  // a comma may follow the last item
  if (values.empty()) throw std::invalid_argument("the value is missing");
  for (std::string& value : values) {
    value = without_quotes(value);
    if (value.empty()) throw std::invalid_argument("the value is missing");
  }
  return {key, std::move(values)};
}

}  // namespace

std::vector<ConfigEntry> read_config_file_entries(const std::string& path, const Flag& config) {
  std::istringstream lines{read_file(path, config)};
  std::vector<ConfigEntry> entries;
  std::string key, text;
  std::size_t number = 0, entry_number = 0;
  const auto refuse = [&](const std::string& line, std::string_view why) {
    config.refuse(fmt::format("line {}, \"{}\": {}", entry_number, excerpt(line), why));
  };
  for (std::string line; std::getline(lines, line);) {
    ++number;
    if (key.empty()) entry_number = number;
    try {
      const std::string stripped = split(line, '\0').front();
      if (stripped.empty() || (key.empty() && stripped.front() == ';')) continue;
      if (key.empty()) {
        const std::size_t equals = stripped.find('=');
        if (stripped.front() == '[')
          throw std::invalid_argument("sections are not used; write keys without one");
        if (equals == std::string::npos || equals == 0) throw std::invalid_argument("expected key = value");
        key = CLI::detail::trim_copy(stripped.substr(0, equals));
        text = CLI::detail::trim_copy(stripped.substr(equals + 1));
      } else {
        text += stripped;
      }
      if (text.starts_with('[') && !text.ends_with(']')) continue;
      entries.push_back(parse_entry(key, std::exchange(text, {})));
      key.clear();
    } catch (const std::invalid_argument& error) {
      refuse(line, error.what());
    }
  }
  if (!key.empty()) refuse(fmt::format("{} = {}", key, text), "the array is never closed");
  return entries;
}

}  // namespace daa::bench
