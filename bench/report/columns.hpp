// The columns of the CSV file: the one table of what a row says, and what each figure is.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "device/context.hpp"
#include "report/row.hpp"

namespace daa::bench {

/// Increased when a column changes its name or meaning or is removed, and when one is added that is compared
/// and has no value in_older_results.
inline constexpr int csv_schema_version = 4;

/// What a column means when results are compared.
enum class Role {
  context,       // of the run: must agree before results are compared
  gpu_context,   // the same on a GPU; the host runtime's counters are the same on every machine
  key,           // together they say which case and allocator a row is of
  setting,       // must agree between the rows of one key
  counter,       // depends on neither time nor luck: any increase is a regression; empty where not counted
  host_counter,  // the same on the host runtime alone
  time,          // nanoseconds; judged of preallocated
  ratio,         // of such a time, over preallocated's in the same run; judged of all other allocators
  information
};
[[nodiscard]] std::string_view to_string(Role role);

struct Column {
  std::string_view name;  // unique, snake_case, its unit last
  Role role;
  std::string_view description;
  std::string (*value)(const Row&, const Context&);
  std::optional<std::string_view> in_older_results = {};  // what those without the column would have in it
};

/// In the order in which they are written.
[[nodiscard]] std::span<const Column> columns();

/// The shortest decimal that reads back as the same number, in no locale; nothing if `number` is not finite.
[[nodiscard]] std::string csv_number(double number);

}  // namespace daa::bench
