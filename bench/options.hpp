// The command line of daa-bench.
#pragma once

#include <cstddef>
#include <cstdint>
#include <iosfwd>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "allocators/allocators.hpp"
#include "workloads/workload.hpp"

namespace daa::bench {

/// When a measured block is synchronised: once at its end, or after each of its phases.
enum class SyncMode { end, phase };
[[nodiscard]] std::string_view to_string(SyncMode mode);

enum class DeviceKind { automatic, cuda, host };

/// Repetitions below which no confidence interval is trusted to end a measurement.
inline constexpr std::size_t least_repetitions_for_noise = 9;

struct Options {
  std::vector<const WorkloadInfo*> workloads;
  std::vector<const AllocatorInfo*> allocators;  // naming one twice measures it twice (A/A)
  std::vector<std::size_t> elements;
  std::size_t iters = 0;            // measured phases a repetition
  std::size_t warmup = 0;           // phases before them, not measured; may be 0
  std::size_t repetitions = 0;      // turns of each allocator, randomly interleaved; the most, with max_noise
  std::optional<double> max_noise;  // of a ratio, as a fraction, at which repetitions end
  std::optional<double> timeout_s;  // after which no turn begins
  std::string against{floor_name};  // what ratios refer to, beside the floor
  std::vector<SyncMode> sync_modes;
  DeviceKind device = DeviceKind::automatic;
  int device_index = 0;    // for DeviceKind::cuda
  std::string csv_path;    // "-" is stdout, in place of the table; empty: none
  std::string json_path;   // as csv_path; never the same file, nor "-" both
  std::string jsonl_path;  // as csv_path
  std::uint64_t seed = 0;  // drawn at random unless given
  bool profile = false;
  std::vector<std::string> benchmark_args;  // what followed "--"
  // Where the sizes and the device were given, as messages name it: "DAA_BENCH_ELEMENTS".
  std::string elements_place = "--elements";
  std::string device_place = "--device";
};

/// Either options to run with, or nothing to run and an exit code: --help, --list and --version have been
/// answered on `out` (0), bad usage has been explained in one line on `err` (CLI11's code of the error, 100
/// and up).
struct ParseResult {
  std::optional<Options> options;
  int exit_code = 0;
};

/// Reads the command line, the environment and the config file, in this order of precedence. Has no effect on
/// any file: what is to be written is only known to be writable.
[[nodiscard]] ParseResult parse_options(int argc, const char* const* argv, std::ostream& out,
                                        std::ostream& err);

/// One line that names the flag and the value if a size cannot be run on a device with `total_bytes` of
/// memory; nothing if all can.
[[nodiscard]] std::optional<std::string> find_oversized(const Options& options, std::size_t total_bytes);

}  // namespace daa::bench
