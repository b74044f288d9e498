#include "options/flags.hpp"

#include <cctype>

#include "options/apply.hpp"
#include "options/apply_gate.hpp"

namespace daa::bench {
namespace {

constexpr std::string_view what = "What to measure";
constexpr std::string_view how = "How to measure it";
constexpr std::string_view results = "Results";

using enum Flag::Takes;

// The order matters: --elements and what is for replays are checked against the workloads, --json against
// --csv; --phase-rows says how traces are read, and the ways to run are checked against each other.
constexpr Flag table[]{
    {"workload", list, "NAME,...", "all", what,
     "Workloads to run; 'all' is each of them but replay, which has figures of its\n"
     "own, and the synthetic ones, none and allocs: these are run where they are\n"
     "named. --list describes them.",
     apply_workload},
    {"phase-rows", value, "N", "", what,
     "Ends a phase of a replay after each N lines of its trace. What is live then is\n"
     "given back there, and its later free is dropped. Without it phases end where\n"
     "nothing is live.",
     apply_phase_rows},
    {"trace", list, "NAME|FILE,...", "all", what,
     "What to replay: logs of RMM's (Thread,Time,Action,Pointer,Size,Stream), or\n"
     "bundled traces by name; 'all' is each of these. scripts/trace_from_pytorch.py\n"
     "makes one of a memory snapshot of PyTorch's. A trace that is malformed is\n"
     "refused with file and line, and nothing is run.",
     apply_trace},
    {"min-fit", nothing, "", "", what,
     "Also finds, for each trace and allocator, the least device memory in which the\n"
     "trace completes, in steps of 2 MiB: by bisection, with a fresh allocator each\n"
     "time and the rest of the memory taken. Takes 10 to 30 passes, and wants the GPU\n"
     "for itself.",
     apply_min_fit},
    {"allocator", list, "NAME,...", "all", what,
     "Where their temporaries come from; 'all' is each that is built in, --list says\n"
     "why others are not. An allocator named twice is measured twice\n"
     "(A/A: the difference between the two is noise). Ratios need 'preallocated'.",
     apply_allocator},
    {"against", value, "NAME", "preallocated", what,
     "The allocator that the table's ratios refer to. The CSV has the ratios to\n"
     "'preallocated' as well.",
     apply_against},
    {"elements", list, "N,...", "2^20", what,
     "Sizes, each for each workload: 65536, 2^16 or 64Ki. A size that does not fit\n"
     "in the device's memory is refused before anything is measured. Not for replays.",
     apply_elements},
    {"sync", value, "end|phase|both", "end", what,
     "When the host waits for the device: once at the end of many phases\n"
     "(throughput), or after each phase, as a solver does that reads a residual.\n"
     "The second is where an untuned memory pool gives its memory back each time.",
     apply_sync},
    {"allocs-per-phase", list, "N,...", "", what,
     "For the workload allocs: cuts the same scratch memory into N temporaries, each N\n"
     "in turn (default: 1,4,16,64,256,1024). The break-even point is the greatest N at\n"
     "which, and at all smaller ones given, the interval of an allocator's end-to-end\n"
     "ratio to preallocated does not lie above 1.01; 0 if it does so at the first.\n"
     "That of preallocated:2 shows from where on it is noise.",
     apply_allocs_per_phase},
    {"state", value, "steady|cold|both", "steady", what,
     "steady: phases of an allocator that is warmed up. cold: the first phase of a\n"
     "fresh allocator, for each sample; growing is in its time, constructing and\n"
     "destroying are not. It is synchronised after it, whatever --sync says.",
     apply_state},
    {"graph", nothing, "", "", what,
     "Captures the phases of a cycle into graphs once and measures their replays. An\n"
     "allocator that cannot be captured has a row that says why, with the status\n"
     "unsupported. Arenas are presized: they keep the memory that graphs use.",
     apply_graph},
    {"threads", list, "N,...", "", what,
     "N host threads at once, each with a stream, an allocator and a copy of the\n"
     "workload. Host time is a phase's in one thread, end to end that of a phase on\n"
     "each stream. Also reports the host time of one allocation while all threads do\n"
     "nothing else (10,000 in each or a tenth of a second, without kernels, whatever\n"
     "--sync says; mean of the threads, and the slowest), and an overlap score:\n"
     "(S - T) / (S - F), where T is end to end, F that of preallocated, and S that of\n"
     "its streams one after the other. 1: streams overlap as with memory taken\n"
     "beforehand; 0: as if serialised; less: slower than that, for T has the\n"
     "allocator's own cost in it, too. Empty where S - F is below 5 % of S or F's\n"
     "spread.",
     apply_threads},
    {"streams", list, "N,...", "", what, "The same with one thread, which goes round N streams.",
     apply_streams},
    {"device", value, "auto|cuda|host|INDEX", "auto", what,
     "auto: the first GPU, or the host runtime if none is usable. cuda, or a GPU's\n"
     "index: that or exit code 2. host: a simulator in host memory; its times mean\n"
     "nothing, its counts of calls and bytes are exact on any machine.",
     apply_device},
    {"iters", value, "N", "1000", how,
     "Measured phases in each turn of an allocator; 1 to 10^9. Of a replay the default\n"
     "is 30, rounded up to whole passes over the trace.",
     apply_iters},
    {"warmup", value, "N", "20", how,
     "Phases before them, not measured. 0 also measures the first growth of pools.\n"
     "Of a replay the default is 6, rounded up to whole passes over the trace.",
     apply_warmup},
    {"profile", nothing, "", "", how,
     "For use under a profiler: the measured blocks of a turn are in an NVTX range,\n"
     "\"measured\" in the domain \"daa\", with a range for each phase. Times then include\n"
     "that. Each combination takes one turn, unless --repetitions says otherwise.",
     apply_profile},
    {"flush-l2", nothing, "", "", how,
     "Empties the device's L2 cache before each sample, outside of its clocks: by\n"
     "overwriting a buffer of twice its size, which no allocator under test has given.\n"
     "With --sync=end a sample is up to 20 phases, of which the first finds it empty.\n"
     "The host runtime has none: the buffer is overwritten there, and that is all.",
     apply_flush_l2},
    {"count-calls", value, "true|false", "true", how,
     "Counts CUDA calls in a pass that is not timed. On a GPU it attaches CUPTI to the\n"
     "process for each such pass; false never does, and leaves the columns empty.",
     apply_count_calls},
    {"aa", value, "true|false", "true", how,
     "Measures preallocated a second time where others are compared with it, as\n"
     "preallocated:2: a ratio that differs from 1 no more than that one's is noise.\n"
     "With --profile the default is false.",
     apply_aa},
    {"max-noise", value, "FRACTION", "", how,
     "Ends the rounds of a workload and size once each allocator's end-to-end\n"
     "ratio is known this well: half its 95% confidence interval, as a fraction of\n"
     "the ratio, over 9 repetitions at least. 0.01 is one per cent. Not for replays.",
     apply_max_noise},
    {"repetitions", value, "N", "5", how,
     "Rounds in each of which every allocator takes one turn, in an order drawn from\n"
     "--seed; 1 to 10000. A ratio is one of turns of the same round, its confidence\n"
     "interval is over the rounds: give 9 or more. With --profile\n"
     "the default is 1. With --max-noise it is the most, and the default is 100.",
     apply_repetitions},
    {"timeout", value, "SECONDS", "", how,
     "After so long no turn begins; one that has begun is not cut short. Workloads and\n"
     "sizes whose rounds were all taken are reported, how much is missing is said, and\n"
     "the exit code is 130, as after Ctrl-C. With --max-noise nine rounds are enough.\n"
     "(A second Ctrl-C ends the run at once.)",
     apply_timeout},
    {"seed", value, "N", "", how,
     "Of the random input data, and of the order of turns. Drawn at random unless\n"
     "given; every result says which it was.",
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
     "begins. '-' is stdout, in place of the table. Not for replays.",
     apply_jsonl},
    {"baseline", value, "FILE|FOLDER", "", gate_group,
     "After the run, holds it against these results of daa-bench --csv, as BASE of\n"
     "daa-bench compare, whose exit codes these are then.",
     apply_baseline},
    {"threshold", value, "FRACTION", "0.025", gate_group,
     "A time must have grown by more than this part of BASE's to be a regression,", apply_threshold},
    {"absolute-ns", value, "NS", "200", gate_group, "... and by more than so many nanoseconds a phase.",
     apply_absolute_ns},
    {"alpha", value, "P", "0.01", gate_group,
     "... and be significant: the probability of a false alarm by luck of the\n"
     "repetitions alone, over all times of a comparison together.",
     apply_alpha},
    {"visible", value, "FRACTION", "0.1", gate_group,
     "A time is inconclusive where noise, or too few repetitions, would hide that it\n"
     "grew by this part.",
     apply_visible},
    {"ignore-context", nothing, "", "", gate_group,
     "Compares results of different devices, drivers, seeds and so on all the same.", apply_ignore_context},
    {"verdicts", value, "FILE|-|none", "none", gate_group,
     "What became of each figure, a row each (RFC 4180). '-' is stdout, in place of\n"
     "the table.",
     apply_verdicts},
    {"plant-delay", value, "[host:]FRACTION", "", gate_group,
     "To try the gate out: draws each measured block out by this part of its own time\n"
     "(host: of its enqueueing), by waiting. The results say so.",
     apply_plant_delay},
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
