// BASE against HEAD: a verdict on each figure of each case.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "compare/finding.hpp"
#include "compare/results.hpp"
#include "run_config.hpp"

namespace daa::bench {

/// Whether times are judged, or why not.
enum class Times {
  judged,
  of_host,      // the host runtime's
  one_process,  // a side
  absent,       // no case was measured on both sides
};

struct Comparison {
  std::vector<Finding> suite;     // times over all cases
  std::vector<Finding> findings;  // counters by case, in BASE's order, then HEAD's; then times by case
  std::size_t cases = 0;          // in both, and measured in both
  std::size_t counters = 0;       // judged
  Times times = Times::absent;
  bool is_interleaved = true;                     // whether processes of BASE and HEAD were
  std::size_t case_times = 0, visible_times = 0;  // see TimeFindings

  [[nodiscard]] std::size_t count(Verdict verdict) const;
};

/// Compares the cases of both. A file is a process; a case is all rows of one key on one side.
///
/// A counter, of which the greatest of all processes counts, is a regression if it increased at all. It is
/// inconclusive if BASE has it and HEAD could not count it. Counters with Role::host_counter are judged on
/// the host runtime alone.
///
/// A case is a regression if HEAD does not have it or could not measure it in any one process. If BASE could
/// not measure it in some processes either, that is inconclusive, unless HEAD lost it in all. So is a case
/// that HEAD has in fewer of its processes than BASE. One that both sides do not support is not judged.
/// Counters and times are those of the processes that could measure it.
///
/// Times are judged by judge_times(), unless they are of the host runtime, of a run and its baseline, or of
/// one process a side. A time without a ratio is inconclusive. The own times of preallocated are those of the
/// machine at that time: they are not judged if all processes of one side began before those of the other.
///
/// Ignores contexts and settings: see require_comparable().
[[nodiscard]] Comparison compare(std::span<const Result> base, std::span<const Result> head,
                                 const GateConfig& config);

/// exit_regression if there is a regression, else exit_inconclusive if something is inconclusive, else
/// exit_ok.
[[nodiscard]] int exit_code(const Comparison& comparison);

}  // namespace daa::bench
