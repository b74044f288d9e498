// The command line of daa-bench.
#pragma once

#include <cstddef>
#include <cstdint>
#include <iosfwd>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "allocators/allocators.hpp"
#include "compare/gate_options.hpp"
#include "traces/bundled_traces.hpp"
#include "workloads/workload.hpp"

namespace daa::bench {

/// When a measured block is synchronised: once at its end, or after each of its phases.
enum class SyncMode { end, phase };
[[nodiscard]] std::string_view to_string(SyncMode mode);

/// What a sample begins with: a warmed-up allocator, or a fresh one, whose first phase it is.
enum class State { steady, cold };
[[nodiscard]] std::string_view to_string(State state);

enum class DeviceKind { automatic, cuda, host };

/// Slows a run down on purpose, to try a regression gate out: the fraction by which a clock's time is drawn
/// out, by waiting on the host before the clock is read.
struct PlantedDelay {
  double host_enqueue = 0;  // of a block's enqueueing, once
  double end_to_end = 0;    // of a block, after its synchronisation: no device time can hide it
};
/// Repetitions below which no confidence interval is trusted to end a measurement.
inline constexpr std::size_t least_repetitions_for_noise = 9;

struct Options {
  std::vector<const WorkloadInfo*> workloads;
  std::vector<const AllocatorInfo*> allocators;  // naming one twice measures it twice (A/A)
  std::vector<std::size_t> elements;
  std::size_t iters = 0;            // measured phases a repetition
  std::size_t warmup = 0;           // phases before them, not measured; may be 0
  std::size_t repetitions = 0;      // rounds, each with a turn of each allocator; the most, with max_noise
  std::optional<double> max_noise;  // of a ratio, as a fraction, at which repetitions end
  std::optional<double> timeout_s;  // after which no turn begins
  std::string against{floor_name};  // what ratios refer to, beside the floor
  std::vector<SyncMode> sync_modes;
  std::vector<State> states{State::steady};
  bool graph = false;                // phases are captured once, and replayed
  std::vector<std::size_t> threads;  // at once, with a stream each; not with `streams`
  std::vector<std::size_t> streams;  // at once, in one thread; empty, as `threads`: one stream, not asked for
  std::vector<std::size_t> allocs_per_phase;  // for workloads that are cut into that many temporaries
  bool flush_l2 = false;
  bool count_calls = true;
  DeviceKind device = DeviceKind::automatic;
  int device_index = 0;    // for DeviceKind::cuda
  std::string csv_path;    // "-" is stdout, in place of the table; empty: none
  std::string json_path;   // as csv_path; never the same file, nor "-" both
  std::string jsonl_path;  // as csv_path
  std::uint64_t seed = 0;  // drawn at random unless given
  bool profile = false;
  bool replay = false;                                    // of traces, beside the workloads
  std::vector<std::shared_ptr<const NamedTrace>> traces;  // for replay, read; no two of one name
  std::size_t phase_rows = 0;                             // of the traces' phases; 0: where nothing is live
  std::size_t replay_iters = 0;                           // as iters and warmup, rounded up to whole passes
  std::size_t replay_warmup = 0;                          // over a trace
  bool min_fit = false;                                   // find the least memory for each trace
  PlantedDelay planted;
  std::string planted_given;  // as it was given; empty: none
  std::string baseline_path;  // what the run is held against; empty: nothing
  std::string verdicts_path;  // as csv_path
  GateOptions gate;
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

/// What `daa-bench compare BASE HEAD` is told.
struct CompareOptions {
  std::string base_path, head_path;
  std::string verdicts_path;  // "-" is stdout, in place of the table; empty: none
  GateOptions gate;
};

/// As ParseResult.
struct CompareParseResult {
  std::optional<CompareOptions> options;
  int exit_code = 0;
};

/// Whether the arguments are those of `daa-bench compare`.
[[nodiscard]] bool asks_to_compare(int argc, const char* const* argv);

/// Reads them, and the environment.
[[nodiscard]] CompareParseResult parse_compare_options(int argc, const char* const* argv, std::ostream& out,
                                                       std::ostream& err);

/// Reads the command line, the environment and the config file, in this order of precedence. Has no effect on
/// any file: what is to be written is only known to be writable.
[[nodiscard]] ParseResult parse_options(int argc, const char* const* argv, std::ostream& out,
                                        std::ostream& err);

/// One line that names the flag and the value if a size cannot be run on a device with `total_bytes` of
/// memory; nothing if all can.
[[nodiscard]] std::optional<std::string> find_oversized(const Options& options, std::size_t total_bytes);

}  // namespace daa::bench
