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

/// What was compared; a line for each allocator's times over all cases; a line for each figure of a case that
/// is neither unchanged nor not judged; the outcome with the exit code. ASCII. `gate` is what compare() was
/// given.
[[nodiscard]] std::string format_comparison(const Side& base, const Side& head, const Comparison& comparison,
                                            const GateConfig& gate);

/// Every finding, as CSV (RFC 4180) with a header: the key columns, then what, verdict, base, head, change,
/// at_most, p, reason. Findings over all cases come first; of their key columns only kind and allocator are
/// set.
[[nodiscard]] std::string verdicts_csv(const Comparison& comparison);

}  // namespace daa::bench
