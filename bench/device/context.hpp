// What a result must be read with: machine, sources, compilers, and whether a tool observes the program.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace daa::bench {

/// The same for all rows of a run.
struct Context {
  std::string daa_version;
  std::string commit;       // of the sources, "-dirty" appended if they differ from it; "unknown" outside git
  std::string device_kind;  // "cuda" or "host"
  std::string device;       // "NVIDIA H200"
  std::string driver;       // "580.159.04" if available, else the driver API's version
  std::string toolkit;      // version of the CUDA runtime that was linked: "13.0"
  std::string compiler;     // "g++ 12.2.0, nvcc 13.0.88"
  std::string cpu;          // model name of the host's processor; "unknown" where it cannot be had
  int sm_clock_mhz = 0;     // greatest clock rates of the device; 0 where it reports none
  int memory_clock_mhz = 0;
  std::string time;  // of the run's start, UTC, ISO 8601
};

/// Of the current device, at this moment. Throws daa::CudaError if the device's name cannot be had;
/// everything else that cannot be had is "unknown".
[[nodiscard]] Context current_context();

/// The driver's version in the text of /proc/driver/nvidia/version: "580.159.04".
[[nodiscard]] std::optional<std::string> parse_driver_version(std::string_view text);

/// What the program was built from and with.
[[nodiscard]] std::string_view build_version();
/// "0123456789ab", with "-dirty" if the sources differ from that commit; "unknown" outside git.
[[nodiscard]] std::string_view build_commit();
/// "g++ 12.2.0, nvcc 13.0.88"
[[nodiscard]] std::string build_compilers();

/// "none"; "nsys"; "injected" for another tool, which was loaded by the injection variables of the driver or
/// NVTX; "DAA_SANITIZER" or "DAA_CHECKED" if that variable changes how arenas allocate; "profile" if no tool
/// is seen but
/// --profile was given.
[[nodiscard]] std::string profiler_of(bool profile);

}  // namespace daa::bench
