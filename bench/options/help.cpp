#include "options/help.hpp"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>

#include "allocators/allocators.hpp"
#include "options/apply.hpp"
#include "options/flags.hpp"
#include "report/text.hpp"
#include "workloads/workload.hpp"

namespace daa::bench {
namespace {

class HelpFormatter : public CLI::Formatter {
 public:
  explicit HelpFormatter(std::string_view usage) : usage_(usage) {}

  std::string make_usage(const CLI::App*, std::string name) const override {
    return fmt::format("\nUsage: {} {}\n\n", name, usage_);
  }

  std::string make_group(std::string group, bool is_positional,
                         std::vector<const CLI::Option*> options) const override {
    std::string text = group + ":\n";
    for (const CLI::Option* const option : options) text += make_option(option, is_positional);
    return text;
  }

  std::string make_option(const CLI::Option* option, bool) const override {
    std::string text = "  " + option->get_name(false, true);
    if (!option->get_type_name().empty()) text += ' ' + option->get_type_name();
    if (!option->get_default_str().empty()) text += fmt::format(" (default: {})", option->get_default_str());
    text += "\n      ";
    for (const char c : option->get_description()) {
      text += c;
      if (c == '\n') text += "      ";
    }
    return text += '\n';
  }

 private:
  std::string_view usage_;
};

template <class Info>
std::size_t name_width(std::span<const Info> table) {
  std::size_t width = 0;
  for (const Info& row : table) width = std::max(width, row.name.size());
  return width;
}

}  // namespace

std::shared_ptr<CLI::FormatterBase> help_formatter(std::string_view usage) {
  return std::make_shared<HelpFormatter>(usage);
}

std::string help_footer() {
  return R"(Where values come from:
  The command line, else the environment, else the config file, else the default.
  In the environment a flag is DAA_BENCH_ and its name in capitals, with _ for -:
  DAA_BENCH_ITERS=100. A variable DAA_BENCH_... of no flag is refused. Lists are
  separated by commas, and a flag that takes a list may be repeated.

Google Benchmark:
  What follows -- is handed to Google Benchmark, which runs the repetitions:
  -- --benchmark_context=room=lab3. Its --benchmark_out, --benchmark_format and
  --benchmark_repetitions are refused: use --json and --repetitions.

Replays of traces:
  The time of an operation, an allocation or a free, is the host's in the thread
  that makes it, without what it waits for another thread. No kernel is launched
  while it is taken, for a launch takes longer than most allocations. Before and
  after, the trace is replayed with each block marked by a kernel when allocated
  and checked when freed: memory is real, and an allocator that gives out memory
  in use has a wrong result. Each thread of a trace is a thread, each stream a
  stream; a block that another one frees is freed behind what that one has done.
  An allocator that cannot free inside a phase keeps all of it to its end.
  preallocated is a plan of all phases, made beforehand: a look into a table. It is
  the floor of memory and of time, but an allocator as cheap as that may come out a
  few per cent below it.
  CUDA calls are counted for traces of one thread only.

Exit codes:
  0    every combination was measured, and its result was right; or it is
       unsupported: an allocator that cannot be captured, with --graph
  1    with --baseline: a regression, which the table names
  2    no usable GPU, though --device asked for one
  3    with --baseline: inconclusive, for too few repetitions or too much noise
  4    a result was wrong, or a combination could not be measured: the status in
       its row says why; or the output could not be written
  100  and up: bad usage, explained in one line on stderr; nothing was run
  130  interrupted, or --timeout was over; what was finished is reported
  2, 4, 100 and up, and 130 come before 1 and 3.

Regression gate:
  daa-bench compare BASE HEAD compares two results; see daa-bench compare --help.

Examples:
  daa-bench --workload=scan --iters=1000
  daa-bench --workload=stencil --elements=2^16,2^20,2^24 --sync=both --csv=stencil.csv
  daa-bench --workload=sort --allocator=preallocated,preallocated,arena
  daa-bench --workload=scan --state=cold
  daa-bench --workload=stencil --elements=2^12 --threads=1,4,16
  daa-bench --workload=allocs --allocs-per-phase=1,10,100,1000
  daa-bench --workload=replay --trace=gpt2_decode,my_log.csv --min-fit
  daa-bench --workload=scan --against=cuda-malloc-async --max-noise=0.01 --timeout=600
  DAA_BENCH_DEVICE=host daa-bench --workload=all --csv=- 2>/dev/null)";
}

std::string compare_help_footer() {
  return R"(BASE and HEAD:
  Results of daa-bench --csv: a file each, or a folder each, whose *.csv are taken
  together. Runs of BASE and HEAD in turns on one machine, many processes of few
  repetitions, see less of the machine's moods than two long ones.

What is a regression:
  counters  allocations, CUDA calls and bytes that grew, by whatever
  times     end to end and host enqueue, where HEAD's median grew by more than
            --threshold and --absolute-ns and the Mann-Whitney U test of the
            repetitions is significant at --alpha over all times (Holm-Bonferroni).
            Device times are shown beside them, and not judged. Nor are any of the
            host runtime, a simulator's.
  cases     that HEAD does not have, or could not measure while BASE could, be it
            because they are unsupported there
  An improvement never is, nor a case that only HEAD has.

What is inconclusive:
  A time that did not regress, if a slow-down by --visible (or by twice --absolute-ns,
  if that is more) would not have been seen: HEAD's repetitions, scaled to BASE's
  median and slowed by that much, are not significantly above BASE's, at --alpha
  divided by the number of times. 120 times need 8 repetitions a side at least.

What is refused:
  Other devices, clock rates, drivers, CUDA runtimes, processors, seeds, phases, and
  other versions of the columns. --ignore-context compares all the same. The host
  runtime's counters are the same on every machine: there, only seed, phases and
  version count.

Exit codes:
  0    no regression
  1    a regression
  3    no regression, but something inconclusive
  4    the output could not be written
  100  and up: bad usage, a file that is no result, or another context, explained in
       one line on stderr; nothing was compared

In the environment a flag is DAA_BENCH_ and its name in capitals: DAA_BENCH_ALPHA.)";
}

std::string format_list() {
  const std::size_t width =
      std::max({name_width(workloads()), name_width(allocators()), name_width(absent_allocators())});
  std::string text = "Workloads (--workload):\n";
  for (const WorkloadInfo& workload : workloads())
    text += fmt::format("  {:{}}  {} (size {} and up, about {} an element)\n", workload.name, width,
                        workload.summary, workload.min_elements,
                        format_bytes(static_cast<double>(workload.bytes_per_element)));
  for (const WorkloadInfo& workload : synthetic_workloads())
    text += fmt::format("  {:{}}  {} (not part of 'all')\n", workload.name, width, workload.summary);
  text += fmt::format("  {:{}}  {}\n", replay_name, width,
                      "allocations and frees of real programs, from traces (not part of 'all')");
  text += "\nTraces (--trace):\n";
  for (const std::string_view trace : bundled_traces()) text += fmt::format("  {}\n", trace);
  text += "\nAllocators (--allocator):\n";
  for (const AllocatorInfo& allocator : allocators())
    text += fmt::format("  {:{}}  {}\n", allocator.name, width, allocator.summary);
  if (!absent_allocators().empty()) text += "\nAllocators that are not built in:\n";
  for (const AllocatorInfo& allocator : absent_allocators())
    text += fmt::format("  {:{}}  {}\n", allocator.name, width, allocator.absence);
  return text;
}

}  // namespace daa::bench
