// From the command line, the environment and the config file to values, not yet understood.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "options/given.hpp"

namespace daa::bench {

/// What was given.
struct RawOptions {
  std::vector<std::vector<Given>> values;  // of each of flags(), lists taken apart; empty: nothing was given
  std::vector<std::string> benchmark_args;
  /// The text that answers --help, --list or --version, in place of all else.
  std::optional<std::string> answer;
};

/// Each flag's values from the first that has any: command line, environment, config file, default. Throws
/// CLI::ParseError for flags, variables and keys that there are not, and for values that are missing or too
/// many.
[[nodiscard]] RawOptions read_raw_options(int argc, const char* const* argv);

}  // namespace daa::bench
