// The regression gate, as a command and at the end of a run.
#pragma once

#include <string>
#include <vector>

#include "compare/result_row.hpp"
#include "options.hpp"
#include "report/row.hpp"

namespace daa::bench {

/// daa-bench compare: writes what it has found and returns the exit code. Throws BadResult for what cannot be
/// compared, before anything is written, and std::system_error where nothing can be written.
[[nodiscard]] int run_comparison(const CompareOptions& options);

/// What --baseline names, and the rows of a run that are to be held against it.
class Baseline {
 public:
  /// `context` is the run's. Throws BadResult, before anything is measured, if the results of `options`,
  /// which must outlive this, could not be compared.
  Baseline(const Options& options, const Context& context);

  void add(const Row& row, const Context& context);

  /// As run_comparison(), of the rows so far, at least one.
  [[nodiscard]] int compare() const;

 private:
  const Options& options_;
  std::vector<ResultRow> base_;
  std::string run_;  // CSV
};

}  // namespace daa::bench
