// Google Benchmark's JSON, collected over several runs of its into one document.
#pragma once

#include <benchmark/benchmark.h>

#include <fstream>
#include <ostream>
#include <string>
#include <string_view>
#include <vector>

namespace daa::bench {

/// Why a turn was skipped that nobody misses: its figures were precise enough. It is not in the document.
inline constexpr std::string_view precise_enough = "precise enough";

/// Writes to `path` or, if it is "-", to std::cout; nothing at all if it is empty. To be passed to each
/// RunSpecifiedBenchmarks(), then finished.
class JsonReporter final : public benchmark::BenchmarkReporter {
 public:
  /// Throws std::runtime_error if the file cannot be opened.
  explicit JsonReporter(const std::string& path);

  bool ReportContext(const Context& context) override;
  void ReportRuns(const std::vector<Run>& runs) override;

  /// Closes the document, which is whole even if nothing was run. Throws std::runtime_error if it could not
  /// be written whole.
  void finish();

 private:
  std::string path_;
  std::ofstream file_;
  std::ostream* out_ = nullptr;  // null where nothing is to be written
  benchmark::JSONReporter json_;
  bool has_context_ = false;
};

}  // namespace daa::bench
