// Short runs of daa-bench-host and daa-bench-faulty.
#pragma once

#include <algorithm>
#include <fstream>
#include <string>
#include <vector>

#include "csv_reader.hpp"
#include "program_fixture.hpp"
#include "text_match.hpp"

namespace daa::test {

using bench::contains;

/// Exit codes, as daa-bench --help has them.
enum Exit {
  ok = 0,
  regression = 1,
  no_device = 2,
  not_measured = 4,
  job_ended = 5,
  usage = 100,
  interrupted = 130
};

inline constexpr std::size_t allocator_count = 7;              // of the host runtime
inline constexpr std::size_t row_count = allocator_count + 1;  // preallocated is measured again

class HostProgram : public ProgramTest {
 protected:
  /// A run of a few short phases. `more` flags may say otherwise.
  static Command command(const Args& more = {}, const char* program = DAA_BENCH_HOST) {
    Args args;
    for (const std::string flag :
         {"--workload=scan", "--elements=1000", "--iters=5", "--warmup=2", "--repetitions=2"}) {
      const std::string name = flag.substr(0, flag.find('='));
      const bool is_given =
          std::ranges::any_of(more, [&](const std::string& arg) { return arg.starts_with(name + '='); });
      const bool is_replay = std::ranges::find(more, "--workload=replay") != more.end();
      if (!is_given && !(is_replay && name == "--elements")) args.push_back(flag);
    }
    args.insert(args.end(), more.begin(), more.end());
    return {program, args, {}};
  }

  static Command faulty(const Args& more, const std::string& planted_delay = {}) {
    Command result = command(more, DAA_BENCH_FAULTY);
    if (!planted_delay.empty()) result.environment["DAA_PLANT_DELAY"] = planted_delay;
    return result;
  }

  /// daa-bench-host with command(`more`).
  [[nodiscard]] Outcome run_host(const Args& more = {}) const { return run(command(more)); }

  /// The rows of `command`, which puts them on standard output.
  [[nodiscard]] std::vector<CsvRecord> rows(Command command) const {
    command.args.emplace_back("--csv=-");
    return read_csv(run(command).out);
  }
  [[nodiscard]] std::vector<CsvRecord> rows(const Args& more) const { return rows(command(more)); }

  /// Folders in `name` are made.
  void write(const std::string& name, const std::string& text) const {
    const std::filesystem::path path = working_directory() / name;
    std::filesystem::create_directories(path.parent_path());
    std::ofstream{path, std::ios::binary} << text;
  }

  /// It says why in one line, prints nothing else and changes no file.
  void expect_refused(const Command& command, int exit_code, const std::vector<std::string>& said) const {
    SCOPED_TRACE(testing::PrintToString(command.args));
    const auto before = contents();
    const Outcome outcome = run(command);
    EXPECT_EQ(outcome.exit_code, exit_code);
    EXPECT_EQ(outcome.out, "");
    EXPECT_TRUE(is_one_line(outcome.err));
    EXPECT_TRUE(outcome.err.starts_with("daa-bench: ")) << outcome.err;
    for (const std::string& part : said) EXPECT_TRUE(contains(outcome.err, part));
    EXPECT_EQ(contents(), before);
  }
};

}  // namespace daa::test
