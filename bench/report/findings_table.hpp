// What only some ways to run find out, below the block of figures that all have.
#pragma once

#include <span>
#include <string>

#include "report/row.hpp"

namespace daa::bench {

/// A line of column names and one for each row that is ok; nothing where no row has found anything.
[[nodiscard]] std::string format_findings(std::span<const Row> rows);

}  // namespace daa::bench
