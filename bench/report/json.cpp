#include "report/json.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <iostream>
#include <system_error>
#include <utility>
#include <vector>

namespace daa::bench {

namespace {

using Run = benchmark::BenchmarkReporter::Run;

// Google Benchmark 1.8 has replaced error_occurred and error_message by skipped and skip_message.
template <class SomeRun>
void mark_failed(SomeRun& run, const std::string& message) {
  if constexpr (requires { run.skip_message; }) {
    run.skipped = decltype(run.skipped)(2);  // SkippedWithError
    run.skip_message = message;
  } else {
    run.error_occurred = true;
    run.error_message = message;
  }
}

Run run_of(const Row& row) {
  Run run;
  run.run_name.function_name = case_name(row) + "/" + row.allocator;
  run.run_type = Run::RT_Iteration;
  run.per_family_instance_index = 0;
  run.time_unit = benchmark::kMicrosecond;
  run.iterations = static_cast<benchmark::IterationCount>(row.iters);
  run.threads = static_cast<std::int64_t>(row.configuration.threads);
  run.repetitions = static_cast<std::int64_t>(row.repetitions);
  return run;
}

bool add_to_documents(const Context& context) {
  benchmark::AddCustomContext("device", context.device);
  benchmark::AddCustomContext("device_kind", context.device_kind);
  benchmark::AddCustomContext("driver", context.driver);
  benchmark::AddCustomContext("toolkit", context.toolkit);
  benchmark::AddCustomContext("compiler", context.compiler);
  benchmark::AddCustomContext("commit", context.commit);
  return true;
}

void add_counter(Run& run, const char* name, const ClockSummary& clock, std::size_t repetition) {
  if (repetition < clock.repetitions_ns.size()) run.counters[name] = clock.repetitions_ns[repetition];
}

}  // namespace

JsonSink::JsonSink(std::string path, const Context& context) : path_(std::move(path)), out_(&std::cout) {
  if (path_ != "-") {
    file_.open(path_, std::ios::trunc);
    out_ = &file_;
  }
  check();
  [[maybe_unused]] static const bool is_added = add_to_documents(context);  // once: a process has one context
  reporter_.SetOutputStream(out_);
  reporter_.SetErrorStream(&std::cerr);
  reporter_.ReportContext({});
}

void JsonSink::check() const {
  if (!*out_)
    throw std::system_error(errno != 0 ? errno : EIO, std::generic_category(),
                            path_ == "-" ? "standard output" : path_);
}

void JsonSink::write(std::span<const Row> rows) {
  std::vector<Run> runs;
  for (const Row& row : rows) {
    Run run = run_of(row);
    run.family_index = families_++;
    if (row.status != Status::ok) {
      mark_failed(run, fmt::format("{}: {}", to_string(row.status), row.message));
      runs.push_back(run);
      continue;
    }
    for (std::size_t i = 0; i < row.end_to_end.repetitions_ns.size(); ++i) {
      run.repetition_index = static_cast<std::int64_t>(i);
      run.real_accumulated_time =
          row.end_to_end.repetitions_ns[i] * 1e-9 * static_cast<double>(run.iterations);
      run.cpu_accumulated_time = run.real_accumulated_time;
      run.counters.clear();
      add_counter(run, "host_enqueue_ns", row.host_enqueue, i);
      add_counter(run, "device_ns", row.device, i);
      if (row.replay) add_counter(run, "operation_ns", row.replay->operation, i);
      runs.push_back(run);
    }
  }
  reporter_.ReportRuns(runs);
  check();
}

void JsonSink::finish() {
  reporter_.Finalize();
  out_->flush();
  check();
}

}  // namespace daa::bench
