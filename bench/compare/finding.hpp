// What a comparison says of one figure.
#pragma once

#include <cstddef>
#include <limits>
#include <string>
#include <string_view>

#include "compare/results.hpp"

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

/// Of one case, or of the suite: then its key has kind and allocator alone.
struct Finding {
  static constexpr double none = std::numeric_limits<double>::quiet_NaN();
  Verdict verdict = Verdict::not_judged;
  Key key = {};
  std::string_view what = "case";   // "end_to_end", "reserved_bytes"; "case": the case as a whole
  bool is_time = false;             // of a clock
  double base = none, head = none;  // the counter, or the median over the processes of a case's time
  double change = none;             // of a time, as a fraction
  double at_most = none;            // its one-sided 95 % upper bound; infinity: too few processes
  double p = none;                  // of a time that is judged: adjusted for the number of tests
  std::string reason = {};          // what the figures do not say
};

}  // namespace daa::bench
