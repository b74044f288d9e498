#include "device/context.hpp"

#include <cuda_runtime_api.h>
#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <ctime>
#include <fstream>
#include <iterator>
#include <sstream>

#include "daa/error.hpp"
#include "daa_commit.hpp"  // written at each build, by cmake/write_commit.cmake
#include "device/device.hpp"

namespace daa::bench {
namespace {

#if defined(__clang__)
const std::string cxx_compiler =
    fmt::format("clang++ {}.{}.{}", __clang_major__, __clang_minor__, __clang_patchlevel__);
#else
const std::string cxx_compiler = fmt::format("g++ {}.{}.{}", __GNUC__, __GNUC_MINOR__, __GNUC_PATCHLEVEL__);
#endif

constexpr std::string_view nvcc_version = DAA_NVCC_VERSION;  // empty if no kernel was compiled

bool is_set(const char* variable) {
  const char* const value = std::getenv(variable);
  return value != nullptr && *value != '\0';
}

// Values that mean off: the same list as in the arena.
constexpr std::string_view off[]{"", "0", "off", "OFF", "false", "no"};

bool asks(const char* variable) {
  const char* const value = std::getenv(variable);
  return value != nullptr && std::ranges::find(off, value) == std::end(off);
}

constexpr const char* unknown = "unknown";

/// 13000 is "13.0".
std::string format_cuda_version(int version) {
  return version > 0 ? fmt::format("{}.{}", version / 1000, version % 1000 / 10) : unknown;
}

std::string driver_version() {
  if (device_kind() == DeviceKind::cuda) {
    std::ifstream file{"/proc/driver/nvidia/version"};
    const std::string text{std::istreambuf_iterator<char>{file}, {}};
    if (const auto version = parse_driver_version(text)) return *version;
  }
  int version = 0;
  if (cudaDriverGetVersion(&version) != cudaSuccess) static_cast<void>(cudaGetLastError());
  return format_cuda_version(version);
}

std::string toolkit_version() {
  int version = 0;
  if (cudaRuntimeGetVersion(&version) != cudaSuccess) static_cast<void>(cudaGetLastError());
  return format_cuda_version(version);
}

/// A clock rate of `device`, in MHz; 0 if it tells none.
int clock_mhz(cudaDeviceAttr rate, int device) {
  int khz = 0;
  if (cudaDeviceGetAttribute(&khz, rate, device) == cudaSuccess) return khz / 1000;
  static_cast<void>(cudaGetLastError());
  return 0;
}

std::string cpu_model() {
  std::ifstream file{"/proc/cpuinfo"};
  for (std::string line; std::getline(file, line);) {
    const std::size_t colon = line.find(": ");
    if (line.starts_with("model name") && colon != std::string::npos) return line.substr(colon + 2);
  }
  return unknown;
}

}  // namespace

std::optional<std::string> parse_driver_version(std::string_view text) {
  // "NVRM version: NVIDIA UNIX x86_64 Kernel Module  580.159.04  ...": the first word of digits and points.
  std::istringstream words{std::string{text}};
  for (std::string word; words >> word;) {
    const bool numeric = word.find_first_not_of("0123456789.") == std::string::npos;
    if (numeric && word.front() != '.' && word.find('.') != std::string::npos) return word;
  }
  return std::nullopt;
}

Context current_context() {
  int device = 0;
  DAA_CUDA_CHECK(cudaGetDevice(&device));
  cudaDeviceProp properties{};
  DAA_CUDA_CHECK(cudaGetDeviceProperties(&properties, device));

  Context context;
  context.daa_version = build_version();
  context.commit = build_commit();
  context.device_kind = device_kind() == DeviceKind::cuda ? "cuda" : "host";
  context.device = properties.name;
  context.driver = driver_version();
  context.toolkit = toolkit_version();
  context.compiler = build_compilers();
  context.cpu = cpu_model();
  context.sm_clock_mhz = clock_mhz(cudaDevAttrClockRate, device);
  context.memory_clock_mhz = clock_mhz(cudaDevAttrMemoryClockRate, device);
  context.time = fmt::format("{:%Y-%m-%dT%H:%M:%SZ}", fmt::gmtime(std::time(nullptr)));
  return context;
}

std::string_view build_version() {
  return DAA_VERSION;
}

std::string_view build_commit() {
  return daa_commit;
}

std::string build_compilers() {
  return nvcc_version.empty() ? cxx_compiler : fmt::format("{}, nvcc {}", cxx_compiler, nvcc_version);
}

std::string profiler_of(bool profile) {
  if (is_set("NSYS_PROFILING_SESSION_ID")) return "nsys";
  if (is_set("CUDA_INJECTION64_PATH") || is_set("NVTX_INJECTION64_PATH")) return "injected";
  if (asks("DAA_SANITIZER")) return "DAA_SANITIZER";
  if (asks("DAA_CHECKED")) return "DAA_CHECKED";
  return profile ? "profile" : "none";
}

}  // namespace daa::bench
