#include "driver/profiler.hpp"

#include <algorithm>
#include <cstdlib>
#include <string_view>

namespace daa::bench {

namespace {

bool is_set(const char* variable) {
  const char* const value = std::getenv(variable);
  return value != nullptr && *value != '\0';
}

// As the arena reads its own variables.
constexpr std::string_view off[]{"", "0", "off", "OFF", "false", "no"};

bool asks(const char* variable) {
  const char* const value = std::getenv(variable);
  return value != nullptr && std::ranges::find(off, value) == std::end(off);
}

}  // namespace

std::string profiler_of(bool profile) {
  if (is_set("NSYS_PROFILING_SESSION_ID")) return "nsys";
  if (is_set("CUDA_INJECTION64_PATH") || is_set("NVTX_INJECTION64_PATH")) return "injected";
  if (asks("DAA_SANITIZER")) return "DAA_SANITIZER";
  if (asks("DAA_CHECKED")) return "DAA_CHECKED";
  return profile ? "profile" : "none";
}

}  // namespace daa::bench
