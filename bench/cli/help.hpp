// What --help and --list print.
#pragma once

#include <CLI/Formatter.hpp>
#include <memory>
#include <string>

namespace daa::bench {

/// Sets flags in groups, each with its default and its help below it. For the program and its subcommand.
[[nodiscard]] std::shared_ptr<CLI::FormatterBase> help_formatter();

[[nodiscard]] std::string run_footer();
[[nodiscard]] std::string compare_footer();

/// The workloads, traces and allocators, a line each.
[[nodiscard]] std::string list_names();

/// The columns of the CSV file, a line each.
[[nodiscard]] std::string list_columns();

}  // namespace daa::bench
