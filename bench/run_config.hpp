// What a run is: plain data. The command line fills it in, cases are made from it, and nothing else decides
// what is measured or where results go.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "allocators/allocators.hpp"
#include "device/device.hpp"
#include "workloads/workload.hpp"

namespace daa::bench {

/// When the host waits for the device: once at the end of a batch of phases, or after each phase.
enum class SyncMode { end, phase };

/// How phases are run.
enum class Mode {
  steady,   // one after the other, with a warmed-up allocator
  cold,     // each the first phase of a fresh allocator
  graph,    // captured once, and launched
  threads,  // by several host threads at once, each with its stream and allocator
  streams,  // on several streams by one host thread
  replay,   // those of a trace
};

/// How the phases of a replay differ from one another; see varied().
enum class Variation {
  none,   // they are the trace's
  scale,  // all sizes of a phase by one factor
  drop,   // without a tenth of the blocks
};

struct Configuration {
  SyncMode sync = SyncMode::end;
  Mode mode = Mode::steady;
  std::size_t threads = 1, streams = 1;
  bool flush_l2 = false;  // before each sample
  Variation vary = Variation::none;
};

[[nodiscard]] constexpr std::string_view to_string(SyncMode sync) {
  return sync == SyncMode::end ? "end" : "phase";
}

[[nodiscard]] constexpr std::string_view to_string(Mode mode) {
  constexpr std::string_view names[]{"steady", "cold", "graph", "threads", "streams", "replay"};
  return names[static_cast<std::size_t>(mode)];
}

[[nodiscard]] constexpr std::string_view to_string(Variation variation) {
  constexpr std::string_view names[]{"none", "scale", "drop"};
  return names[static_cast<std::size_t>(variation)];
}

/// A trace to replay, by the name that rows have for it. Names are unique.
struct TraceFile {
  std::string name, path;
};

/// How much slower is a regression.
struct GateConfig {
  double threshold = 0.02;     // of BASE's time; a time must have grown by more
  double visible = 0.05;       // growth that must be ruled out, or the times of an allocator are inconclusive
  double alpha = 0.01;         // family-wise error rate of a comparison's times
  bool is_of_run = false;      // HEAD is a run, one process: times are not judged
  bool is_interleaved = true;  // processes of BASE and HEAD alternated: preallocated's own times are judged
  bool ignore_context = false;

  /// Growth that must be ruled out. Less than what is called a regression cannot be.
  [[nodiscard]] double bound() const { return visible > threshold ? visible : threshold; }
};

/// A file that is written: "-" is standard output, empty is none.
struct OutputFile {
  std::string_view flag;
  std::string path;
};

struct RunConfig {
  // What is measured.
  std::vector<const WorkloadInfo*> workloads;  // without replays
  std::vector<std::size_t> elements;
  std::vector<std::size_t> allocs_per_phase;     // for workloads with make_cut, ascending
  std::vector<TraceFile> traces;                 // to replay
  std::vector<const AllocatorInfo*> allocators;  // one that is named twice is measured twice
  std::string against{lower_bound_name};         // what ratios refer to, beside the lower bound

  // How phases are run: each combination of these.
  std::vector<SyncMode> sync_modes{SyncMode::end};
  std::vector<Mode> modes{Mode::steady};      // of steady, cold and graph
  std::vector<std::size_t> threads, streams;  // where given, instead of those modes
  bool flush_l2 = false;
  std::vector<Variation> variations{Variation::none};  // of replays

  // How they are measured.
  std::size_t iters = 1000;       // measured phases a repetition
  std::size_t warmup = 20;        // untimed phases before them
  std::size_t replay_iters = 30;  // the same of replays, rounded up to whole passes over the trace
  std::size_t replay_warmup = 6;
  std::size_t repetitions = 5;      // trials of each allocator; with max_noise the most
  std::optional<double> max_noise;  // of a ratio, as a fraction, at which repetitions end
  std::optional<double> timeout_s;  // of the run
  std::uint64_t seed = 0;
  bool has_default_seed = false;  // drawn at random: a baseline's is taken instead
  bool profile = false;           // measured batches in the NVTX range "measured"
  bool count_calls = true;
  DeviceChoice device;

  // Where several ranks measure together.
  bool oversubscribe = false;   // ranks may share a device
  bool per_rank = false;        // a row of each rank, too
  double rank_timeout_s = 300;  // without progress of a rank, after which the job ends

  // Where results go.
  OutputFile csv{"--csv", {}}, json{"--json", {}}, verdicts{"--verdicts", {}};
  std::string baseline_path;    // results to compare with at the end; empty: none
  bool ignore_context = false;  // of the baseline

  /// Every output of the run: the only list of them. Verdicts are written only with a baseline.
  [[nodiscard]] std::vector<const OutputFile*> outputs() const {
    std::vector<const OutputFile*> all{&csv, &json};
    if (!baseline_path.empty()) all.push_back(&verdicts);
    return all;
  }
};

/// What `daa-bench compare BASE HEAD` is told.
struct CompareConfig {
  std::string base_path, head_path;
  OutputFile verdicts{"--verdicts", {}};
  GateConfig gate;
};

/// Repetitions below which no confidence interval is trusted to end a measurement.
inline constexpr std::size_t min_repetitions_for_noise = 9;

}  // namespace daa::bench
