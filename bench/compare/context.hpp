// Whether two results may be compared at all.
#pragma once

#include <optional>
#include <span>
#include <string>

#include "compare/result_row.hpp"

namespace daa::bench {

/// What forbids it, in one line that names both places, values and the remedy: a version of the columns that
/// is not this program's, another device, driver, toolkit or processor, or a case that was measured otherwise
/// (seed, phases). Nothing if nothing does. Also of the rows of one side among themselves.
[[nodiscard]] std::optional<std::string> find_difference(std::span<const ResultRow> base,
                                                         std::span<const ResultRow> head);

}  // namespace daa::bench
