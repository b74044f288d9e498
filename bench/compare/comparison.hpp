// BASE against HEAD: what became of each figure of each case.
#pragma once

#include <cstddef>
#include <limits>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "compare/gate_options.hpp"
#include "compare/result_row.hpp"

namespace daa::bench {

enum class Verdict {
  regression,    // fails the gate
  inconclusive,  // a regression could not have been seen
  improvement,
  added,  // a case that BASE does not have
  unchanged,
  not_judged,
};
[[nodiscard]] std::string_view to_string(Verdict verdict);

/// One figure of one case, or a case as a whole.
struct Finding {
  static constexpr double none = std::numeric_limits<double>::quiet_NaN();
  Verdict verdict = Verdict::not_judged;
  CaseKey key;
  std::string_view what;            // "end_to_end", "reserved_bytes"; "case" where the whole is meant
  double base = none, head = none;  // nanoseconds a phase (median over the repetitions), or the counter
  double p = none;                  // of a time: adjusted for the number of tests; none for counters
  std::string reason;               // where figures do not say it all
};

struct Comparison {
  std::vector<Finding> findings;        // by case, in BASE's order, then HEAD's
  std::size_t cases = 0;                // in both, and measured in both
  std::size_t counters = 0, times = 0;  // judged
  bool has_host = false;                // cases of the host runtime, whose times are not judged

  [[nodiscard]] std::size_t count(Verdict verdict) const;
};

/// Rows of one case on one side are taken together: repetitions put in one sample, the greatest of a counter.
///
/// A counter that grew, by whatever, is a regression; one that BASE could count and HEAD could not is
/// inconclusive. A case that HEAD does not have or could not measure is a regression. So is a time where
/// three things hold: HEAD's median is above BASE's by more than the threshold, and by more than the absolute
/// one, and the Mann-Whitney test finds HEAD's repetitions greater, significant at alpha among all times that
/// are judged (Holm-Bonferroni). An improvement is the mirror image.
///
/// A time that is neither is inconclusive where a slow-down by `visible`, or by twice the absolute threshold
/// if that is more, would not have been seen: where HEAD's repetitions, scaled to BASE's median and then
/// slowed by that much, would not be significant as the first of all tests. That is so with too few
/// repetitions, and with too much noise.
///
/// Does not look at the context: see find_difference().
[[nodiscard]] Comparison compare(std::span<const ResultRow> base, std::span<const ResultRow> head,
                                 const GateOptions& options);

/// 1 if there is a regression, else 3 if something is inconclusive, else 0.
[[nodiscard]] int exit_code(const Comparison& comparison);

}  // namespace daa::bench
