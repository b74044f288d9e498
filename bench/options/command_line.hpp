// From the command line, the environment and the config file to values, not yet understood.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "options/commands.hpp"
#include "options/given.hpp"

namespace daa::bench {

/// What was given.
struct RawOptions {
  /// Of each of flags(), lists taken apart; empty: nothing was given, or the command does not take the flag.
  std::vector<std::vector<Given>> values;
  std::vector<std::string> arguments;       // that stand without a flag: as many as the command takes
  std::vector<std::string> benchmark_args;  // what followed "--"
  /// The text that answers --help, --list or --version, in place of all else.
  std::optional<std::string> answer;
};

/// Each flag's values from the first that has any: command line, environment, config file, default. Throws
/// CLI::ParseError for flags, variables and keys that there are not, and for values that are missing or too
/// many.
[[nodiscard]] RawOptions read_raw_options(const Command& command, int argc, const char* const* argv);

}  // namespace daa::bench
