// What nvtx_injection.cpp has written, as ranges.
#pragma once

#include <cstddef>
#include <map>
#include <sstream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace daa::test {

struct NvtxRange {
  std::string path;  // the names of the ranges open on its thread, in any domain: "scan > arena > block"
  int domain = 0;
  bool is_registered = false;
  std::string payload;  // "-" if it has none
};

struct NvtxTrace {
  std::map<int, std::string> domains;  // their names, by number
  std::vector<NvtxRange> ranges;       // in the order in which they began
  bool is_balanced = true;             // each pop ends the range begun last on its thread, and all end

  [[nodiscard]] std::size_t count(std::string_view path) const {
    std::size_t result = 0;
    for (const NvtxRange& range : ranges) result += range.path == path;
    return result;
  }

  /// The payloads of the ranges with this path.
  [[nodiscard]] std::vector<std::string> payloads(std::string_view path) const {
    std::vector<std::string> result;
    for (const NvtxRange& range : ranges) {
      if (range.path == path) result.push_back(range.payload);
    }
    return result;
  }
};

[[nodiscard]] inline NvtxTrace read_nvtx_trace(const std::string& text) {
  NvtxTrace trace;
  std::map<std::string, std::vector<NvtxRange>> open;  // by thread
  std::istringstream lines{text};
  for (std::string line; std::getline(lines, line);) {
    std::vector<std::string> fields;
    std::istringstream parts{line};
    for (std::string field; std::getline(parts, field, '\t');) fields.push_back(std::move(field));
    fields.resize(6);
    if (fields[0] == "domain") {
      trace.domains[std::stoi(fields[1])] = fields[2];
      continue;
    }
    std::vector<NvtxRange>& stack = open[fields[1]];
    const int domain = std::stoi(fields[2]);
    if (fields[0] == "push") {
      const std::string outer = stack.empty() ? "" : stack.back().path + " > ";
      stack.push_back({outer + fields[4], domain, fields[3] == "registered", fields[5]});
      trace.ranges.push_back(stack.back());
    } else if (stack.empty() || stack.back().domain != domain) {
      trace.is_balanced = false;
    } else {
      stack.pop_back();
    }
  }
  for (const auto& [thread, stack] : open) trace.is_balanced = trace.is_balanced && stack.empty();
  return trace;
}

}  // namespace daa::test
