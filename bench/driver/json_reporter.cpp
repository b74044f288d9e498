#include "driver/json_reporter.hpp"

#include <iostream>
#include <stdexcept>

namespace daa::bench {

namespace {

// Google Benchmark 1.8 has renamed it.
template <class Run>
const std::string& skip_message_of(const Run& run) {
  if constexpr (requires { run.skip_message; }) {
    return run.skip_message;
  } else {
    return run.error_message;
  }
}

}  // namespace

JsonReporter::JsonReporter(const std::string& path) : path_(path) {
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
  std::vector<Run> taken = runs;
  std::erase_if(taken, [](const Run& run) { return skip_message_of(run) == precise_enough; });
  json_.ReportRuns(taken);
}

void JsonReporter::finish() {
  if (out_ == nullptr) return;
  ReportContext(Context{});
  json_.Finalize();
  out_->flush();
  if (!*out_) throw std::runtime_error("--json=" + path_ + ": could not be written whole");
}

}  // namespace daa::bench
