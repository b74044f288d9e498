// What a comparison has found, as a person and as a program reads it.
#pragma once

#include <span>
#include <string>

#include "compare/comparison.hpp"
#include "compare/result_row.hpp"

namespace daa::bench {

/// One of the two results.
struct Side {
  std::string name;  // the path that was given
  std::span<const ResultRow> rows;
};

/// What was compared, a line for each figure that moved or is inconclusive, where one of these is a time that
/// case's other times as well, and a last line with the verdict and the exit code. ASCII, no wider than the
/// program's table but for paths and reasons.
[[nodiscard]] std::string format_comparison(const Side& base, const Side& head, const Comparison& comparison);

/// Every finding, as CSV (RFC 4180) with a header.
[[nodiscard]] std::string verdicts_csv(const Comparison& comparison);

}  // namespace daa::bench
