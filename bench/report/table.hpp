// The table that a person reads.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "report/row.hpp"

namespace daa::bench {

/// Widest line of the table. ASCII only.
inline constexpr std::size_t table_width = 120;

/// What precedes the table: on what it was measured, what its columns mean, and on the host runtime that
/// times are a simulator's.
[[nodiscard]] std::string format_preamble(const Context& context);

/// A heading and a row for each allocator. `rows` are of one workload, size (or trace) and way to run, at
/// least one.
[[nodiscard]] std::string format_block(std::span<const Row> rows);

/// Below the blocks of a sweep over the number of allocations: `rows` are those of its last block. Nothing
/// where no break-even point is known.
[[nodiscard]] std::string format_break_even(std::span<const Row> rows);

// --- what all blocks share ---------------------------------------------------------------------------------

/// Of the column of allocators, its heading included.
[[nodiscard]] std::size_t allocator_width(std::span<const Row> rows);
/// What stands in place of a row's figures if it is not ok.
[[nodiscard]] std::string format_trouble(const Row& row);
/// A line for each row that is ok and has a message nevertheless.
[[nodiscard]] std::string format_notes(std::span<const Row> rows);
/// In a heading: ", ratios to arena" if they are not to the floor.
[[nodiscard]] std::string format_reference(const Row& row);
/// "1 thread", "2 threads".
[[nodiscard]] std::string plural(std::size_t count, std::string_view what);
/// One line of ASCII, no wider than the table.
void append_line(std::string& text, std::string_view line);

}  // namespace daa::bench
