#include "cli/help.hpp"

#include <fmt/format.h>

#include <CLI/App.hpp>
#include <algorithm>

#include "allocators/allocators.hpp"
#include "cli/run_flags.hpp"
#include "replay/bundled_traces.hpp"
#include "report/columns.hpp"
#include "text.hpp"
#include "workloads/workload.hpp"

namespace daa::bench {
namespace {

class HelpFormatter : public CLI::Formatter {
 public:
  std::string make_usage(const CLI::App* app, std::string name) const override {
    if (app->get_parent() != nullptr) return fmt::format("\nUsage: {} BASE HEAD [FLAGS]\n\n", name);
    return fmt::format("\nUsage: {0} [FLAGS]\n       {0} compare BASE HEAD [FLAGS]\n\n", name);
  }

  std::string make_group(std::string group, bool is_positional,
                         std::vector<const CLI::Option*> options) const override {
    std::string text = group + ":\n";
    for (const CLI::Option* const option : options) text += make_option(option, is_positional);
    return is_positional ? text + '\n' : text;
  }

  std::string make_option(const CLI::Option* option, bool is_positional) const override {
    std::string text = "  " + option->get_name(is_positional, true);
    if (!is_positional && !option->get_type_name().empty()) text += ' ' + option->get_type_name();
    if (!option->get_default_str().empty()) text += fmt::format(" (default: {})", option->get_default_str());
    text += "\n      ";
    for (const char c : option->get_description()) {
      text += c;
      if (c == '\n') text += "      ";
    }
    return text += '\n';
  }

  std::string make_footer(const CLI::App* app) const override { return app->get_footer() + '\n'; }
};

template <class Table>
std::size_t name_width(const Table& table) {
  std::size_t width = 0;
  for (const auto& row : table) width = std::max(width, row.name.size());
  return width;
}

}  // namespace

std::shared_ptr<CLI::FormatterBase> help_formatter() {
  return std::make_shared<HelpFormatter>();
}

std::string run_footer() {
  return R"(Where values come from:
  The command line, else the environment, else the configuration file, else the
  default. In the environment a flag is DAA_BENCH_ and its name in capitals, with _
  for -: DAA_BENCH_ITERS=100. Other variables DAA_BENCH_... are refused. In the file
  a flag is a key: iters = 100. The values of a list are separated by commas; on the
  command line the flag may also be repeated.

How to read the table:
  phase         a pass over the workload, at whose end all its temporaries are freed
  batch         phases between two synchronisations: up to 20, or 1 with --sync=phase
  sample        the mean of the phases of a batch
  trial         a freshly constructed allocator's warm-up and measured phases
  repetition    a trial of each allocator, in random order
  enqueue       host time to enqueue a phase
  device        time of a phase on the device, between two events
  end to end    time of a phase until its batch is synchronised
  ratio         of a time to that of --against in the same repetition: the median over
                the repetitions, and its 95 % confidence interval
  calls         CUDA calls that the allocator makes in a phase
  reserved      the most memory that it took from the driver at any time
  preallocated  one buffer allocated in advance: the lower bound
  preallocated:2
                the same, measured again: a ratio no further from 1 than this one is noise

Replays of traces:
  The time of an operation, an allocation or a free, is that of the host in the thread
  that makes it, without waiting for other threads. No kernel is launched meanwhile,
  because a launch takes longer than most allocations. Before and after, the trace is
  replayed with a kernel that marks each allocation and one that checks it when it is
  freed: an allocator that hands out memory that is in use has a wrong result. Each
  thread of a trace is a thread and each stream a stream; memory that is freed by
  another thread is freed after that thread's work, in stream order. An allocator that
  cannot free inside a phase keeps all of it until the phase ends, where nothing is
  live. preallocated looks addresses up in a plan made in advance, and is the lower
  bound of memory; an allocator as cheap as a lookup may be a few per cent faster.
  The CSV has the time of an operation in the first phase of a fresh allocator and in the
  slowest phase after it as well. With --vary the phases differ from one another.
  CUDA calls are counted for traces of one thread only.

Exit codes:
  0    every case was measured and its result was right, or it is unsupported
  1    a regression from --baseline, which the table names
  2    no usable GPU, though --device asks for one
  3    inconclusive against --baseline: a counter or a case that could not be measured
  4    a result was wrong, or a case could not be measured: the status of its row says
       why; or the output could not be written
  5    of several ranks, one failed where others waited for it, or hung: the job ended
       in the middle of a case
  100  bad usage, explained in one line on stderr; nothing was run
  130  interrupted, or --timeout expired; what was complete is reported
  2, 4, 5, 100 and 130 take precedence over 1 and 3.

Examples:
  daa-bench --workload=scan --iters=1000
  daa-bench --workload=stencil --elements=2^16,2^20,2^24 --sync=both --csv=stencil.csv
  daa-bench --workload=scan --against=cuda-malloc-async --max-noise=0.01 --timeout=600
  daa-bench --workload=scan --state=cold
  daa-bench --workload=stencil --elements=2^12 --threads=1,4,16
  daa-bench --workload=allocs --allocs-per-phase=1,10,100,1000
  daa-bench --workload=replay --trace=gpt2_decode,my_log.csv
  daa-bench --workload=scan --baseline=base.csv
  DAA_BENCH_DEVICE=host daa-bench --workload=all --csv=- 2>/dev/null)";
}

std::string compare_footer() {
  return R"(BASE and HEAD:
  Results of daa-bench --csv: a folder each, whose *.csv are one process each, or a file
  each. scripts/gate.sh makes two such folders, by processes of BASE and HEAD alternately.
  Of one process a side only counters and cases are judged.

What is a regression:
  counters  allocations, CUDA calls and bytes that grew, by any amount
  times     end to end, host enqueue, an allocation alone and an operation of a replay, as
            ratios to preallocated in the same process, which share what slows a machine.
            First of each allocator over all cases: the median of how far a process is
            above what each case usually takes. Then of each case and, where processes of
            BASE and HEAD were interleaved, of preallocated itself. A regression has
            grown by more than --threshold (Hodges-Lehmann estimate) and significantly by
            the Mann-Whitney U test of HEAD's processes against BASE's (Holm-Bonferroni,
            half of --alpha each).
            Times of the host runtime, a simulator, are not judged.
  cases     that HEAD does not have, or could not measure in a process while BASE could,
            even because they are unsupported in HEAD
  An improvement is not a regression, nor is a case that only HEAD has.

What is inconclusive:
  Of an allocator over all cases end to end and host enqueue, if growth by --visible
  cannot be ruled out: if the one-sided 95 % upper bound of the change, "at most",
  reaches it (or --threshold, if that is more). Sweeps, whose phases are mostly
  allocations, are left out of this. Times of so few processes that no change can be
  significant. Times without preallocated to divide by, and counters that only BASE
  counted. Cases that HEAD has in fewer of its processes, or that failed in some
  processes of both.

What is refused:
  Results of different devices, clock rates, drivers, CUDA runtimes, processors, seeds
  or numbers of phases, and of other versions of the columns; --ignore-context compares
  them all the same if the columns are there. The host runtime's counters are the same on
  every machine: only seed, numbers of phases and version must agree there.

Exit codes:
  0    no regression
  1    a regression
  3    no regression, but something inconclusive
  4    the output could not be written
  100  bad usage, a file that holds no result, or results that do not fit together,
       explained in one line on stderr; nothing was compared

In the environment a flag is DAA_BENCH_ and its name in capitals: DAA_BENCH_ALPHA.)";
}

std::string list_names() {
  const std::size_t width =
      std::max({name_width(workloads()), name_width(allocators()), name_width(absent_allocators())});
  std::string text = "Workloads (--workload):\n";
  for (const WorkloadInfo& row : workloads())
    text += fmt::format("  {:{}}  {} (size {} and up, about {} an element)\n", row.name, width, row.summary,
                        row.min_elements, format_bytes(static_cast<double>(row.bytes_per_element)));
  for (const WorkloadInfo& row : synthetic_workloads())
    text += fmt::format("  {:{}}  {} (not part of 'all')\n", row.name, width, row.summary);
  for (const WorkloadInfo& row : communicating_workloads())
    text += fmt::format("  {:{}}  {} (not part of 'all')\n", row.name, width, row.summary);
  text += fmt::format("  {:{}}  allocations and frees of real programs, from traces (not part of 'all')\n",
                      replay_name, width);
  text += "\nTraces (--trace):\n";
  for (const std::string_view trace : bundled_traces()) text += fmt::format("  {}\n", trace);
  text += "\nAllocators (--allocator):\n";
  for (const AllocatorInfo& row : allocators())
    text += fmt::format("  {:{}}  {}\n", row.name, width, row.summary);
  if (!absent_allocators().empty()) text += "\nAllocators that are not built in:\n";
  for (const AllocatorInfo& row : absent_allocators())
    text += fmt::format("  {:{}}  {}\n", row.name, width, row.absence);
  return text;
}

std::string list_columns() {
  const std::size_t width = name_width(columns());
  std::string text;
  for (const Column& column : columns())
    text += fmt::format("{:{}}  {:11}  {}\n", column.name, width, to_string(column.role), column.description);
  return text;
}

}  // namespace daa::bench
