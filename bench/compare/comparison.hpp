// BASE against HEAD: a verdict on each figure of each case.
#pragma once

#include <cstddef>
#include <limits>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "compare/results.hpp"
#include "run_config.hpp"

namespace daa::bench {

enum class Verdict {
  regression,    // fails the gate
  inconclusive,  // a regression could not have been seen
  improvement,
  added,  // a case that BASE does not have
  unchanged,
  not_judged,
};

[[nodiscard]] constexpr std::string_view to_string(Verdict verdict) {
  constexpr std::string_view names[]{"regression", "inconclusive", "improvement",
                                     "added",      "unchanged",    "not_judged"};
  return names[static_cast<std::size_t>(verdict)];
}

/// One figure of one case, or a case as a whole.
struct Finding {
  static constexpr double none = std::numeric_limits<double>::quiet_NaN();
  Verdict verdict = Verdict::not_judged;
  Key key = {};
  std::string_view what = "case";   // "end_to_end", "reserved_bytes"; "case": the case as a whole
  bool is_time = false;             // of a clock
  double base = none, head = none;  // nanoseconds a phase (median over the repetitions), or the counter
  double p = none;                  // of a time that is judged: adjusted for the number of tests
  std::string reason = {};          // what the figures do not say
};

struct Comparison {
  std::vector<Finding> findings;        // by case, in BASE's order, then HEAD's
  std::size_t cases = 0;                // in both, and measured in both
  std::size_t counters = 0, times = 0;  // judged
  bool has_host = false;                // cases of the host runtime, whose times are not judged

  [[nodiscard]] std::size_t count(Verdict verdict) const;
};

/// Compares the cases of both. A case is all rows of one key on one side: their repetitions form one sample,
/// and of a counter the greatest counts.
///
/// A counter is a regression if it increased at all. It is inconclusive if BASE has it and HEAD could not
/// count it. Counters with Role::host_counter are judged on the host runtime alone.
///
/// A case is a regression if HEAD does not have it or could not measure it.
///
/// A time is a regression if HEAD's median exceeds BASE's by more than the threshold and by more than the
/// absolute threshold, and the Mann-Whitney test finds HEAD's repetitions greater, significant at alpha among
/// all times that are judged (Holm-Bonferroni). An improvement is the mirror image. Otherwise a time is
/// inconclusive if a slow-down by `visible`, or by twice the absolute threshold if that is more, would not
/// have been seen: if HEAD's repetitions, scaled to BASE's median and then slowed by that much, would not be
/// significant as the first of all tests. Causes are too few repetitions or too much noise. Times of the host
/// runtime and of Role::shown_clock are not judged.
///
/// Ignores contexts and settings: see require_comparable().
[[nodiscard]] Comparison compare(std::span<const Result> base, std::span<const Result> head,
                                 const GateConfig& config);

/// exit_regression if there is a regression, else exit_inconclusive if something is inconclusive, else
/// exit_ok.
[[nodiscard]] int exit_code(const Comparison& comparison);

}  // namespace daa::bench
