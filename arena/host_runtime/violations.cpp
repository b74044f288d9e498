#include "violations.hpp"

#include <cstdio>
#include <mutex>
#include <vector>

#include "daa/host_runtime.hpp"

namespace daa::host_runtime {
namespace {

struct Found {
  std::mutex mutex;
  std::vector<std::string> sentences;
};

Found& found() {
  static Found& instance = *new Found;  // outlives every static object
  return instance;
}

}  // namespace

void report_violation(std::string sentence) {
  Found& all = found();
  const std::lock_guard lock(all.mutex);
  if (all.sentences.size() == max_recorded_violations) return;
  std::fprintf(stderr, "daa host runtime: %s\n", sentence.c_str());
  all.sentences.push_back(std::move(sentence));
}

std::vector<std::string> violations() {
  Found& all = found();
  const std::lock_guard lock(all.mutex);
  return all.sentences;
}

void clear_violations() {
  Found& all = found();
  const std::lock_guard lock(all.mutex);
  all.sentences.clear();
}

}  // namespace daa::host_runtime
