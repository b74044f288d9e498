// Google Benchmark's JSON, collected over several runs of its into one document.
#pragma once

#include <benchmark/benchmark.h>

#include <cstddef>
#include <fstream>
#include <map>
#include <ostream>
#include <string>
#include <vector>

#include "driver/aggregates.hpp"

namespace daa::bench {

/// Writes to `path` or, if it is "-", to std::cout; nothing at all if it is empty. To be passed to each
/// RunSpecifiedBenchmarks(), told where a group ends, then finished.
class JsonReporter final : public benchmark::BenchmarkReporter {
 public:
  /// With `aggregates_only`, benchmarks with two or more repetitions have their aggregates alone. Throws
  /// std::runtime_error if the file cannot be opened.
  explicit JsonReporter(const std::string& path, bool aggregates_only = false);

  bool ReportContext(const Context& context) override;
  void ReportRuns(const std::vector<Run>& runs) override;

  /// Writes the runs since the last call: in the order of `names`, those of a name together, as the
  /// repetitions of one benchmark of which there should be `repetitions`, and their aggregates.
  void end_group(const std::vector<std::string>& names, std::size_t repetitions);

  /// Closes the document, which is whole even if nothing was run. Throws std::runtime_error if it could not
  /// be written whole.
  void finish();

 private:
  std::string path_;
  bool aggregates_only_;
  std::ofstream file_;
  std::ostream* out_ = nullptr;  // null where nothing is to be written
  benchmark::JSONReporter json_;
  bool has_context_ = false;
  std::map<std::string, std::vector<Run>> runs_;  // of the group, by name
  BenchmarkStatistics statistics_;
};

}  // namespace daa::bench
