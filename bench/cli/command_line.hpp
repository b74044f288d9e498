// The command line of daa-bench.
#pragma once

#include <cstddef>
#include <string>
#include <variant>

#include "run_config.hpp"
#include "usage_error.hpp"

namespace daa::bench {

/// What --help, --list or --version prints on standard output; the program then exits with exit_ok.
struct Answer {
  std::string text;
};

/// What the program is asked to do.
using Command = std::variant<RunConfig, CompareConfig, Answer>;

/// Reads the command line, the environment and the configuration file, in this order of precedence. Changes
/// no file, and reads only the configuration file; outputs are known to be writable, and traces to exist.
/// Throws UsageError, one line that names the flag, variable or key, its value and what is allowed.
[[nodiscard]] Command parse_command_line(int argc, const char* const* argv);

}  // namespace daa::bench
