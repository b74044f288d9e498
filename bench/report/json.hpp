// Google Benchmark's JSON, for its compare.py and for whatever else reads it.
#pragma once

#include <cstdint>
#include <fstream>
#include <string>

#include <benchmark/benchmark.h>

#include "device/context.hpp"
#include "report/sink.hpp"

namespace daa::bench {

/// A benchmark for each row, "scan/1048576/sync:end/arena", with a run for each repetition: its real time is
/// the median end-to-end time of a phase. Failed rows have their message in place of figures.
class JsonSink final : public Sink {
 public:
  /// Replaces the file. "-" is standard output. Throws std::system_error.
  JsonSink(std::string path, const Context& context);

  void write(std::span<const Row> rows) override;

  /// Closes the document, which is complete even if nothing was written. Throws std::system_error.
  void finish() override;

 private:
  void check() const;

  std::string path_;
  std::ofstream file_;
  std::ostream* out_;
  benchmark::JSONReporter reporter_;
  std::int64_t families_ = 0;
};

}  // namespace daa::bench
