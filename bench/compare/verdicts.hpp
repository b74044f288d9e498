// What a comparison found, for people and for programs.
#pragma once

#include <span>
#include <string>

#include "compare/comparison.hpp"
#include "compare/results.hpp"

namespace daa::bench {

/// One of the two results.
struct Side {
  std::string name;  // the path that was given
  std::span<const Result> rows;
};

/// What was compared; a line for each figure that is neither unchanged nor not judged, and where that is a
/// time, for the other times of its case; the outcome with the exit code. ASCII, and no wider than the table
/// of a run but for paths and reasons.
[[nodiscard]] std::string format_comparison(const Side& base, const Side& head, const Comparison& comparison);

/// Every finding, as CSV (RFC 4180) with a header: the key columns, then what, verdict, base, head, p,
/// reason.
[[nodiscard]] std::string verdicts_csv(const Comparison& comparison);

}  // namespace daa::bench
