// Rows of a test held against each other, and what is found.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <string_view>
#include <vector>

#include "compare/comparison.hpp"
#include "gate_rows.hpp"

namespace daa::bench {

inline const GateOptions defaults;
inline constexpr double time_ns = 50'000;

inline Comparison compare_rows(const std::vector<Row>& base, const std::vector<Row>& head,
                               const GateOptions& options = defaults, const Context& context = a_context()) {
  return compare(results(base, context), results(head, context), options);
}

inline Comparison compare_times(const std::vector<double>& base, const std::vector<double>& head,
                                const GateOptions& options = defaults) {
  return compare_rows({measured("arena", base)}, {measured("arena", head)}, options);
}

inline Finding find(const Comparison& comparison, std::string_view what) {
  const auto found = std::ranges::find(comparison.findings, what, &Finding::what);
  EXPECT_NE(found, comparison.findings.end()) << what;
  return found == comparison.findings.end() ? Finding{} : *found;
}

}  // namespace daa::bench
