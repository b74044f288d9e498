#include "driver/json_reporter.hpp"

#include <fmt/format.h>

#include <cstdint>
#include <iostream>
#include <stdexcept>

namespace daa::bench {

JsonReporter::JsonReporter(const std::string& path, bool aggregates_only)
    : path_(path), aggregates_only_(aggregates_only) {
  if (path_.empty()) return;
  if (path_ == "-") {
    out_ = &std::cout;
  } else {
    file_.open(path_, std::ios::trunc);
    if (!file_) throw std::runtime_error("--json=" + path_ + ": cannot be written");
    out_ = &file_;
  }
  json_.SetOutputStream(out_);
}

bool JsonReporter::ReportContext(const Context& context) {
  if (out_ == nullptr || has_context_) return true;
  has_context_ = true;
  return json_.ReportContext(context);
}

void JsonReporter::ReportRuns(const std::vector<Run>& runs) {
  if (out_ == nullptr) return;
  for (const Run& run : runs) {
    // They are the benchmark's, which goes when its round has ended; a run without figures has none.
    if (skip_message_of(run).empty()) statistics_ = *run.statistics;
    Run& kept = runs_[run.run_name.function_name].emplace_back(run);
    kept.statistics = nullptr;
  }
}

void JsonReporter::end_group(const std::vector<std::string>& names, std::size_t repetitions) {
  if (out_ == nullptr) return;
  for (std::size_t family = 0; family < names.size(); ++family) {
    std::vector<Run>& runs = runs_[names[family]];
    for (std::size_t i = 0; i < runs.size(); ++i) {
      runs[i].run_name.repetitions = fmt::format("repeats:{}", repetitions);
      runs[i].repetitions = static_cast<std::int64_t>(repetitions);
      runs[i].repetition_index = static_cast<std::int64_t>(i);
      runs[i].family_index = static_cast<std::int64_t>(family);
    }
    const std::vector<Run> aggregates = aggregates_of(runs, statistics_);
    if (!aggregates_only_ || aggregates.empty()) json_.ReportRuns(runs);
    if (!aggregates.empty()) json_.ReportRuns(aggregates);
  }
  runs_.clear();
}

void JsonReporter::finish() {
  if (out_ == nullptr) return;
  ReportContext(Context{});
  json_.Finalize();
  out_->flush();
  if (!*out_) throw std::runtime_error("--json=" + path_ + ": could not be written whole");
}

}  // namespace daa::bench
