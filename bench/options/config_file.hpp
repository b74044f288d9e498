// Flags from a file.
#pragma once

#include <string>
#include <vector>

#include "options/given.hpp"

namespace daa::bench {

struct ConfigEntry {
  std::string key;
  std::string place;  // "bench.toml: iters"
  std::vector<std::string> values;
};

/// The entries of the file that `path` names, in its order: `key = value` or `key = [value, ...]` a line, as
/// TOML and INI write them, without sections. Throws CLI::FileError if it cannot be read and CLI::ConfigError
/// if it is not of this form; never leaves out what it does not understand.
[[nodiscard]] std::vector<ConfigEntry> read_config_file(const Given& path);

}  // namespace daa::bench
