#include "replay/bundled_traces.hpp"

#include <fmt/format.h>

#include <array>
#include <string>
#include <system_error>

#include "usage_error.hpp"

namespace daa::bench {
namespace {

namespace fs = std::filesystem;

constexpr std::array names = {std::string_view{"bert_train"}, std::string_view{"gat_train"},
                              std::string_view{"gpt2_decode"}, std::string_view{"resnet50_infer"},
                              std::string_view{"sort_unique_topk"}};

}  // namespace

std::vector<std::string_view> bundled_traces() {
  return {names.begin(), names.end()};
}

std::vector<fs::path> trace_folders() {
  std::vector<fs::path> folders;
  std::error_code error;
  const fs::path program = fs::read_symlink("/proc/self/exe", error);
  if (!error) folders.push_back((program.parent_path() / DAA_INSTALLED_TRACES).lexically_normal());
  folders.emplace_back(DAA_SOURCE_TRACES);
  return folders;
}

std::string find_bundled_trace(std::string_view name) {
  std::string looked_at;
  for (const fs::path& folder : trace_folders()) {
    const fs::path file = folder / fmt::format("{}.csv", name);
    std::error_code error;
    if (fs::is_regular_file(file, error)) return file;
    looked_at += fmt::format("{}{}", looked_at.empty() ? "" : ", ", file.native());
  }
  throw UsageError(
      fmt::format("the bundled trace is not there (looked at: {}); give the path of its file", looked_at));
}

std::string trace_name(const std::string& path) {
  const fs::path file = fs::path{path}.filename();
  return file.extension() == ".csv" ? file.stem() : file;
}

}  // namespace daa::bench
