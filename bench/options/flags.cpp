#include "options/flags.hpp"

#include <cctype>

#include "options/apply.hpp"

namespace daa::bench {
namespace {

constexpr std::string_view what = "What to measure";
constexpr std::string_view how = "How to measure it";
constexpr std::string_view results = "Results";

using enum Flag::Takes;

// The order matters: --elements is checked against the workloads, --json against --csv.
constexpr Flag table[]{
    {"workload", list, "NAME,...", "all", what,
     "Workloads to run; 'all' is each of them. --list describes them.", apply_workload},
    {"allocator", list, "NAME,...", "all", what,
     "Where their temporaries come from. An allocator named twice is measured twice\n"
     "(A/A: the difference between the two is noise). Ratios need 'preallocated'.",
     apply_allocator},
    {"against", value, "NAME", "preallocated", what,
     "The allocator that the table's ratios refer to. The CSV has the ratios to\n"
     "'preallocated' as well.",
     apply_against},
    {"elements", list, "N,...", "2^20", what,
     "Sizes, each for each workload: 65536, 2^16 or 64Ki. A size that does not fit\n"
     "in the device's memory is refused before anything is measured.",
     apply_elements},
    {"sync", value, "end|phase|both", "end", what,
     "When the host waits for the device: once at the end of many phases\n"
     "(throughput), or after each phase, as a solver does that reads a residual.\n"
     "The second is where an untuned memory pool gives its memory back each time.",
     apply_sync},
    {"device", value, "auto|cuda|host|INDEX", "auto", what,
     "auto: the first GPU, or the host runtime if none is usable. cuda, or a GPU's\n"
     "index: that or exit code 2. host: a simulator in host memory; its times mean\n"
     "nothing, its counts of calls and bytes are exact on any machine.",
     apply_device},
    {"iters", value, "N", "1000", how, "Measured phases in each turn of an allocator; 1 to 10^9.",
     apply_iters},
    {"warmup", value, "N", "20", how,
     "Phases before them, not measured. 0 also measures the first growth of pools.", apply_warmup},
    {"profile", nothing, "", "", how,
     "For use under a profiler: each measured block between cudaProfilerStart and\n"
     "cudaProfilerStop, with an NVTX range for each phase. Times then include that.\n"
     "Each combination takes one turn, unless --repetitions says otherwise.",
     apply_profile},
    {"max-noise", value, "FRACTION", "", how,
     "Ends the repetitions of a workload and size once each allocator's end-to-end\n"
     "ratio is known this well: half its 95% confidence interval, as a fraction of\n"
     "the ratio, over 9 repetitions at least. 0.01 is one per cent.",
     apply_max_noise},
    {"repetitions", value, "N", "5", how,
     "Turns of each allocator, randomly interleaved with the others'; 1 to 10000.\n"
     "The confidence interval of a ratio is over these: give 9 or more. With --profile\n"
     "the default is 1. With --max-noise it is the most, and the default is 100.",
     apply_repetitions},
    {"timeout", value, "SECONDS", "", how,
     "After so long no turn begins. What was finished is reported, how much is missing\n"
     "is said, and the exit code is 130, as after Ctrl-C.",
     apply_timeout},
    {"seed", value, "N", "", how,
     "Of the random input data. Drawn at random unless given; every result says\n"
     "which it was.",
     apply_seed},
    {"csv", value, "FILE|-|none", "daa-bench.csv", results,
     "One row for each combination (RFC 4180), whole even if the run is interrupted.\n"
     "Replaces the file when the run begins. '-' is stdout, in place of the table.",
     apply_csv},
    {"json", value, "FILE|-|none", "none", results,
     "The same measurements as Google Benchmark's JSON, for its compare.py. Replaces\n"
     "the file when the run begins. '-' is stdout, in place of the table.",
     apply_json},
    {"jsonl", value, "FILE|-|none", "none", results,
     "Every single sample, a JSON object a line, behind a line that says what the run\n"
     "was. Whole lines, even if the run is interrupted. Replaces the file when the run\n"
     "begins. '-' is stdout, in place of the table.",
     apply_jsonl},
    {config_flag, value, "FILE", "", general_group,
     "Flags from a file: lines such as iters = 100 or workload = [\"scan\", \"sort\"].\n"
     "Neither unknown keys nor sections are allowed.",
     nullptr},
};

}  // namespace

std::span<const Flag> flags() {
  return table;
}

std::vector<std::string_view> flag_names() {
  std::vector<std::string_view> names;
  for (const Flag& flag : flags()) names.push_back(flag.name);
  return names;
}

std::string environment_name(const Flag& flag) {
  std::string name{environment_prefix};
  for (const char c : flag.name)
    name += c == '-' ? '_' : static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  return name;
}

}  // namespace daa::bench
