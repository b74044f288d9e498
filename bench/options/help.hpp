// The answers to --help and --list.
#pragma once

#include <memory>
#include <string>
#include <string_view>

namespace CLI {
class FormatterBase;
}

namespace daa::bench {

/// Lays out the flags() of a CLI::App: a line for the flag and its default, its text below. `usage`, a view
/// of static storage, stands behind the program's name.
[[nodiscard]] std::shared_ptr<CLI::FormatterBase> help_formatter(std::string_view usage);

/// What follows the flags: precedence, Google Benchmark's flags, exit codes, examples.
[[nodiscard]] std::string help_footer();

/// The same of daa-bench compare: what is compared, and how.
[[nodiscard]] std::string compare_help_footer();

/// The tables of workloads and allocators, a line each.
[[nodiscard]] std::string format_list();

}  // namespace daa::bench
