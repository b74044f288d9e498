#include "driver/json_reporter.hpp"

#include <stdexcept>

namespace daa::bench {

JsonReporter::JsonReporter(const std::string& path) : path_(path) {
  if (path_.empty()) return;
  file_.open(path_, std::ios::trunc);
  if (!file_) throw std::runtime_error("--json=" + path_ + ": cannot be written");
  json_.SetOutputStream(&file_);
  json_.SetErrorStream(&file_);
}

bool JsonReporter::ReportContext(const Context& context) {
  if (path_.empty() || has_context_) return true;
  has_context_ = true;
  return json_.ReportContext(context);
}

void JsonReporter::ReportRuns(const std::vector<Run>& runs) {
  if (!path_.empty()) json_.ReportRuns(runs);
}

void JsonReporter::finish() {
  if (path_.empty()) return;
  if (has_context_) json_.Finalize();
  file_.flush();
  if (!file_) throw std::runtime_error("--json=" + path_ + ": could not be written whole");
}

}  // namespace daa::bench
