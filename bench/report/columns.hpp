// The columns of the CSV file.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "report/row.hpp"

namespace daa::bench {

/// Raised when a column changes its name or meaning or goes; a new column at the end leaves it.
inline constexpr int csv_schema_version = 2;

struct CsvColumn {
  std::string_view name;  // unique, snake_case, its unit last
  std::string_view description;
  std::string (*value)(const Row&, const Context&);
};

/// In the order in which they are written.
[[nodiscard]] std::span<const CsvColumn> csv_columns();

/// The shortest decimal that reads back as the same number, in no locale; nothing if `number` is not finite.
[[nodiscard]] std::string csv_number(double number);

}  // namespace daa::bench
