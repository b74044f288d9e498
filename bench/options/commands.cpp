#include "options/commands.hpp"

#include <algorithm>

#include "options/help.hpp"

namespace daa::bench {
namespace {

constexpr std::string_view flags_to_compare[]{"threshold", "absolute-ns",    "alpha",
                                              "visible",   "ignore-context", "verdicts"};

constexpr Command run{"", "Measures what temporary GPU memory costs, by workload, size and allocator.",
                      "[FLAGS] [-- GOOGLE_BENCHMARK_FLAGS]", help_footer, [](const Flag&) { return true; }};

constexpr Command comparison{"compare",
                             "Tells whether HEAD is slower than BASE, or takes more calls or memory.",
                             "compare BASE HEAD [FLAGS]",
                             compare_help_footer,
                             [](const Flag& flag) {
                               return std::ranges::find(flags_to_compare, flag.name) !=
                                      std::end(flags_to_compare);
                             },
                             2,
                             "BASE and HEAD, two results of daa-bench --csv"};

}  // namespace

const Command& run_command() {
  return run;
}

const Command& compare_command() {
  return comparison;
}

}  // namespace daa::bench
