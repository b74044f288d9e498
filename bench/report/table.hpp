// The table that a person reads.
#pragma once

#include <span>
#include <string>

#include "report/row.hpp"

namespace daa::bench {

/// Widest line of the table. ASCII only.
inline constexpr std::size_t table_width = 120;

/// What precedes the table: on what it was measured, what its columns mean, and on the host runtime that
/// times are a simulator's.
[[nodiscard]] std::string format_preamble(const Context& context);

/// A heading and a row for each allocator. `rows` are of one workload, size and sync mode, at least one.
[[nodiscard]] std::string format_block(std::span<const Row> rows);

}  // namespace daa::bench
