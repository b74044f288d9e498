#include "driver/profiler.hpp"

#include <cstdlib>

namespace daa::bench {

namespace {

bool is_set(const char* variable) {
  const char* const value = std::getenv(variable);
  return value != nullptr && *value != '\0';
}

}  // namespace

std::string profiler_of(bool profile) {
  if (is_set("NSYS_PROFILING_SESSION_ID")) return "nsys";
  if (is_set("CUDA_INJECTION64_PATH") || is_set("NVTX_INJECTION64_PATH")) return "injected";
  return profile ? "profile" : "none";
}

}  // namespace daa::bench
