// The regression gate: as a command, and at the end of a run.
#pragma once

#include <cstdint>
#include <cstdio>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "compare/results.hpp"
#include "report/sink.hpp"
#include "run_config.hpp"

namespace daa::bench {

/// daa-bench compare: writes what it found and returns the exit code. The table goes to standard output, or
/// to standard error if the verdicts go to standard output. Throws UsageError before anything is written for
/// what cannot be compared, and std::system_error where nothing can be written.
[[nodiscard]] int run_comparison(const CompareConfig& config);

/// The seed of the results that --baseline names; nothing if they have several. Throws UsageError as
/// load_results().
[[nodiscard]] std::optional<std::uint64_t> seed_of(const std::string& baseline_path);

/// Compares the rows of a run with what --baseline names.
class BaselineSink final : public Sink {
 public:
  /// `rows_to_come` has a row for each case and allocator, with all that the key and setting columns say, and
  /// without figures. Throws UsageError, before anything is measured, if the baseline cannot be read, has
  /// none of their keys, or was measured in another context or with other settings. Only the last is ignored
  /// with ignore_context. A key that one side alone has is no error: compare() judges it.
  BaselineSink(const RunConfig& config, const Context& context, std::span<const Row> rows_to_come);

  void write(std::span<const Row> rows) override;

  /// Compares what was written. Prints to `table`, writes --verdicts, and returns the exit code. Throws as
  /// run_comparison().
  [[nodiscard]] int compare(std::FILE* table) const;

 private:
  std::string path_;
  OutputFile verdicts_;
  GateConfig gate_;
  Context context_;
  std::vector<Result> base_;
  std::vector<Row> written_;
};

}  // namespace daa::bench
