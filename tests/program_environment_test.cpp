// What reaches a run of Google Benchmark's flags, of profilers and of the environment.

#include <algorithm>
#include <string>
#include <vector>

#include "csv_reader.hpp"
#include "host_program_fixture.hpp"
#include "json_reader.hpp"

namespace daa::test {
namespace {

TEST_F(HostProgram, PassesFlagsOnToGoogleBenchmark) {
  const Command command = host_program({"--json=file.json", "--", "--benchmark_context=room=lab3"});
  const Outcome outcome = run(command);
  EXPECT_EQ(outcome.exit_code, 0);
  EXPECT_EQ(outcome.err, "");
  EXPECT_EQ(read_json(written("file.json"))["context"]["room"].string(), "lab3");
}

TEST_F(HostProgram, WhatTheEnvironmentSaysToGoogleBenchmarkChangesNothing) {
  Command command = host_program({"--csv=-"});
  command.environment = {{"BENCHMARK_FILTER", "none"},         {"BENCHMARK_LIST_TESTS", "1"},
                         {"BENCHMARK_MIN_WARMUP_TIME", "0.1"}, {"BENCHMARK_OUT", "out.json"},
                         {"BENCHMARK_FORMAT", "odd"},          {"BENCHMARK_COLOR", ""},
                         {"BENCHMARK_REPETITIONS", "9"}};
  const Outcome outcome = run(command);
  EXPECT_EQ(outcome.exit_code, 0);
  EXPECT_EQ(outcome.err, "");
  const std::vector<CsvRecord> rows = read_csv(outcome.out);
  EXPECT_EQ(rows.size(), row_count);
  for (const CsvRecord& row : rows) EXPECT_EQ(row.at("repetitions"), "2");
  EXPECT_TRUE(files().empty());
}

TEST_F(HostProgram, ProfileRunsEachCombinationOnceUnlessMoreIsAskedFor) {
  Command command = host_program({"--profile", "--csv=-", "--sync=both"});
  std::erase(command.args, "--repetitions=2");
  std::ranges::replace(command.args, "--iters=5", "--iters=50");
  const std::vector<CsvRecord> rows = read_csv(run(command).out);
  EXPECT_EQ(rows.size(), 2 * allocator_count) << "a profile compares nothing";
  for (const CsvRecord& row : rows) {
    EXPECT_EQ(row.at("profiler"), "profile");
    EXPECT_EQ(row.at("repetitions"), "1");
    EXPECT_EQ(row.at("samples"), row.at("sync") == "end" ? "3" : "50");
  }

  command.args.emplace_back("--repetitions=3");
  for (const CsvRecord& row : read_csv(run(command).out)) EXPECT_EQ(row.at("repetitions"), "3");
}

TEST_F(HostProgram, AToolThatLooksOnIsInTheRows) {
  Command command = host_program({"--csv=-", "--allocator=arena"});
  EXPECT_EQ(read_csv(run(command).out).at(0).at("profiler"), "none");
  command.environment = {{"NSYS_PROFILING_SESSION_ID", "1"}};
  EXPECT_EQ(read_csv(run(command).out).at(0).at("profiler"), "nsys");
  command.environment = {{"NVTX_INJECTION64_PATH", "/no/such/tool.so"}};
  EXPECT_EQ(read_csv(run(command).out).at(0).at("profiler"), "injected");
}

TEST_F(HostProgram, ArenasThatTheEnvironmentMakesOthersAreMarked) {
  Command command = host_program({"--csv=-", "--allocator=arena"});
  for (const std::string variable : {"DAA_CHECKED", "DAA_SANITIZER"}) {
    command.environment = {{variable, "1"}};
    EXPECT_EQ(read_csv(run(command).out).at(0).at("profiler"), variable);
    command.environment = {{variable, "0"}};
    EXPECT_EQ(read_csv(run(command).out).at(0).at("profiler"), "none");
  }
}

}  // namespace
}  // namespace daa::test
