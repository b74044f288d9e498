#include "driver/json_reporter.hpp"

#include <iostream>
#include <stdexcept>

namespace daa::bench {

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
  if (out_ != nullptr) json_.ReportRuns(runs);
}

void JsonReporter::finish() {
  if (out_ == nullptr) return;
  ReportContext(Context{});
  json_.Finalize();
  out_->flush();
  if (!*out_) throw std::runtime_error("--json=" + path_ + ": could not be written whole");
}

}  // namespace daa::bench
