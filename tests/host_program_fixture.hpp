// Short runs of daa-bench-host.
#pragma once

#include <algorithm>
#include <string>
#include <vector>

#include "program_fixture.hpp"
#include "text_match.hpp"

namespace daa::test {

using bench::contains;

/// A run of a few short phases with `more` flags.
inline Command host_program(const Args& more = {}) {
  Args args{"--elements=1000", "--iters=5", "--warmup=2", "--repetitions=2"};
  const auto names_workload = [](const std::string& arg) { return arg.starts_with("--workload"); };
  if (std::ranges::none_of(more, names_workload)) args.emplace_back("--workload=scan");
  args.insert(args.end(), more.begin(), more.end());
  return {DAA_BENCH_HOST, args, {}};
}

inline constexpr std::size_t allocator_count = 8;
inline constexpr std::size_t row_count = allocator_count + 1;  // preallocated is measured again

class HostProgram : public ProgramTest {
 protected:
  /// It says why in one line and leaves no trace.
  void expect_refused(const Command& command, int exit_code, const std::vector<std::string>& said) const {
    SCOPED_TRACE(testing::PrintToString(command.args));
    const Outcome outcome = run(command);
    EXPECT_EQ(outcome.exit_code, exit_code);
    EXPECT_EQ(outcome.out, "");
    EXPECT_TRUE(is_one_line(outcome.err));
    EXPECT_TRUE(outcome.err.starts_with("daa-bench: ")) << outcome.err;
    for (const std::string& part : said) EXPECT_TRUE(contains(outcome.err, part));
    EXPECT_TRUE(files().empty());
  }
};

}  // namespace daa::test
