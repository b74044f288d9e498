// The configuration file: lines of key = value, in the part of TOML that flags need.
#pragma once

#include <string>
#include <vector>

namespace daa::bench {

class Flag;

struct ConfigEntry {
  std::string key;
  std::vector<std::string> values;  // never empty
};

/// Values are plain, in quotes, separated by commas, or an array, which may span lines. # begins a comment,
/// and so does ; at the beginning of a line. Throws UsageError, which names `config`, the line and what is
/// expected, for everything else, and if the file cannot be read.
[[nodiscard]] std::vector<ConfigEntry> read_config_file_entries(const std::string& path, const Flag& config);

}  // namespace daa::bench
