// The table of flags: what each is called, what it says in --help, and what it does to the options.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "options.hpp"
#include "options/given.hpp"

namespace daa::bench {

struct Flag {
  enum class Takes { value, list, nothing };  // a list: separated by commas, or the flag repeated, or both

  std::string_view name;  // without dashes; also the key in a config file
  Takes takes;
  std::string_view metavar;        // as in "--iters N"
  std::string_view default_value;  // as if it had been given; none if empty
  std::string_view group;          // of --help
  std::string_view help;           // lines of at most 78 characters
  /// Called once, in the order of the table, with at least one value, exactly one unless it is a list. Throws
  /// a CLI::ParseError if a value is bad. Null: parse_options() itself needs it.
  void (*apply)(Options& options, const std::vector<Given>& values);
};

inline constexpr std::string_view config_flag = "config";
inline constexpr std::string_view general_group = "General";
inline constexpr std::string_view gate_group = "Regression gate";

[[nodiscard]] std::span<const Flag> flags();

/// Their names, as in the table.
[[nodiscard]] std::vector<std::string_view> flag_names();

/// Before the names of all variables that daa-bench listens to; no other variable's name begins so.
inline constexpr std::string_view environment_prefix = "DAA_BENCH_";

/// DAA_BENCH_ITERS for iters, DAA_BENCH_MAX_NOISE for max-noise.
[[nodiscard]] std::string environment_name(const Flag& flag);

}  // namespace daa::bench
