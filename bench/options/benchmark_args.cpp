#include "options/benchmark_args.hpp"

#include <fmt/format.h>

#include <CLI/Error.hpp>
#include <string_view>

#include "report/text.hpp"

namespace daa::bench {
namespace {

struct Refused {
  std::string_view name;
  std::string_view why;
};

constexpr Refused refused[]{
    {"--benchmark_out", "use --json"},
    {"--benchmark_out_format", "use --json"},
    {"--benchmark_format", "use --json=-"},
    {"--benchmark_repetitions", "use --repetitions"},
    {"--benchmark_enable_random_interleaving", "turns go in rounds, each in an order drawn from --seed"},
    {"--benchmark_min_warmup_time", "use --warmup"},
    {"--benchmark_filter", "use --workload, --allocator, --elements and --sync"},
    {"--benchmark_list_tests", "use --list"},
    {"--benchmark_dry_run", "use --iters=1 --repetitions=1"},
};

[[noreturn]] void refuse(std::string_view arg, std::string_view why) {
  throw CLI::ExtrasError(fmt::format("-- {}: {}", excerpt(arg), why), CLI::ExitCodes::ExtrasError);
}

}  // namespace

void refuse_benchmark_args(const std::vector<std::string>& args) {
  for (const std::string_view arg : args) {
    const std::string_view name = arg.substr(0, arg.find('='));
    for (const Refused& flag : refused)
      if (name == flag.name) refuse(arg, flag.why);
    if (!name.starts_with("--benchmark_") && name != "--v")
      refuse(
          arg,
          "not a flag of Google Benchmark's (--benchmark_..., --v=N); flags of daa-bench go before the --");
  }
}

}  // namespace daa::bench
