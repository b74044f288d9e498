// The answers to --help and --list.
#pragma once

#include <memory>
#include <string>

namespace CLI {
class FormatterBase;
}

namespace daa::bench {

/// Lays out the flags() of a CLI::App: a line for the flag and its default, its text below.
[[nodiscard]] std::shared_ptr<CLI::FormatterBase> help_formatter();

/// What follows the flags: precedence, Google Benchmark's flags, exit codes, examples.
[[nodiscard]] std::string help_footer();

/// The tables of workloads and allocators, a line each.
[[nodiscard]] std::string format_list();

}  // namespace daa::bench
