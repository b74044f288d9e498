// daa-bench and daa-bench-host as their users meet them: streams, files and exit codes.

#include <algorithm>
#include <array>
#include <map>
#include <sstream>
#include <string>

#include "csv_reader.hpp"
#include "json_reader.hpp"
#include "program_fixture.hpp"
#include "text_match.hpp"

namespace daa::test {
namespace {

using bench::contains;

/// A run of a few short phases with `more` flags.
Command host_program(const Args& more = {}) {
  Args args{"--elements=1000", "--iters=5", "--warmup=2", "--repetitions=2"};
  const auto names_workload = [](const std::string& arg) { return arg.starts_with("--workload"); };
  if (std::ranges::none_of(more, names_workload)) args.emplace_back("--workload=scan");
  args.insert(args.end(), more.begin(), more.end());
  return {DAA_BENCH_HOST, args, {}};
}

constexpr std::size_t allocator_count = 8;
constexpr std::size_t row_count = allocator_count + 1;  // preallocated is measured again

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

TEST_F(HostProgram, PrintsTheTableAndWritesTheCsvFile) {
  const Outcome outcome = run(host_program());
  EXPECT_EQ(outcome.exit_code, 0);
  EXPECT_EQ(outcome.err, "");
  EXPECT_TRUE(contains(outcome.out, "device=host"));
  EXPECT_TRUE(
      contains(outcome.out, "scan, 1000 elements, sync=end: 2 repetitions of 5 phases after 2 to warm up"));
  EXPECT_EQ(files(), std::set<std::string>{"daa-bench.csv"});

  const std::vector<CsvRecord> rows = read_csv(written("daa-bench.csv"));
  ASSERT_EQ(rows.size(), row_count);
  for (const CsvRecord& row : rows) {
    EXPECT_EQ(row.at("device_kind"), "host");
    EXPECT_EQ(row.at("workload"), "scan");
    EXPECT_EQ(row.at("elements"), "1000");
    EXPECT_EQ(row.at("status"), "ok");
    EXPECT_EQ(row.at("repetitions"), "2");
    EXPECT_TRUE(contains(outcome.out, "\n" + row.at("allocator") + " "));
  }
  EXPECT_EQ(rows[0].at("allocator"), "preallocated");
  EXPECT_EQ(rows[0].at("end_to_end_ratio"), "1");
  EXPECT_EQ(rows[1].at("allocator"), "preallocated:2") << "what is noise stands beside every ratio";
}

TEST_F(HostProgram, PutsTheCsvAloneOnStdout) {
  const Outcome outcome = run(host_program({"--csv=-", "--sync=both"}));
  EXPECT_EQ(outcome.exit_code, 0);
  EXPECT_EQ(outcome.err, "");
  EXPECT_EQ(read_csv(outcome.out).size(), 2 * row_count);
  EXPECT_TRUE(files().empty());
}

TEST_F(HostProgram, PutsTheJsonAloneOnStdout) {
  const Outcome outcome = run(host_program({"--json=-", "--csv=rows.csv", "--sync=both"}));
  EXPECT_EQ(outcome.exit_code, 0);
  EXPECT_EQ(outcome.err, "");
  const Json report = read_json(outcome.out);
  EXPECT_EQ(report["context"]["device_kind"].string(), "host");
  EXPECT_GE(report["benchmarks"].array().size(), 2 * 2 * row_count);
  EXPECT_EQ(files(), std::set<std::string>{"rows.csv"});
  EXPECT_EQ(read_csv(written("rows.csv")).size(), 2 * row_count);
}

TEST_F(HostProgram, WritesNoFileWhereNoneIsWanted) {
  EXPECT_EQ(run(host_program({"--csv=none"})).exit_code, 0);
  EXPECT_TRUE(files().empty());
}

TEST_F(HostProgram, TheSameSeedGivesTheSameCounters) {
  constexpr std::array counters{"runtime_calls_per_phase",
                                "synchronisations_per_phase",
                                "wasted_bytes",
                                "allocations_per_phase",
                                "asked_per_phase_bytes",
                                "reserved_bytes",
                                "seed"};
  const Command command = host_program({"--csv=-", "--seed=7"});
  const std::vector<CsvRecord> once = read_csv(run(command).out), again = read_csv(run(command).out);
  ASSERT_EQ(once.size(), again.size());
  for (std::size_t i = 0; i < once.size(); ++i) {
    for (const char* const counter : counters)
      EXPECT_EQ(once[i].at(counter), again[i].at(counter)) << counter;
  }
}

TEST_F(HostProgram, RefusesToPassForAGpu) {
  for (const char* const device : {"cuda", "0", "3"})
    expect_refused(host_program({std::string{"--device="} + device}), 2, {"host runtime"});
}

TEST_F(HostProgram, RefusesBadUsageInOneLineAndRunsNothing) {
  expect_refused(host_program({"--allocator=arean"}), 105, {"--allocator=arean", "did you mean arena?"});
  expect_refused(host_program({"--seed=many"}), 104, {"--seed=many"});
  expect_refused(host_program({"--no-such-flag"}), 109, {"--no-such-flag"});
  expect_refused(host_program({"--csv=/no/such/directory/file.csv"}), 105, {"/no/such/directory"});
  expect_refused(host_program({"--", "--benchmark_repetitions=3"}), 109, {"--repetitions"});
}

TEST_F(HostProgram, NamesTheVariableThatAskedForAGpuOrIsUnknown) {
  Command command = host_program();
  command.environment = {{"DAA_BENCH_DEVICE", "cuda"}};
  expect_refused(command, 2, {"no usable GPU though DAA_BENCH_DEVICE asks for one"});
  command.environment = {{"DAA_BENCH_ITER", "5"}};
  expect_refused(command, 109, {"DAA_BENCH_ITER=5", "did you mean DAA_BENCH_ITERS?"});
}

TEST_F(HostProgram, RefusesASizeThatTheDeviceCannotHold) {
  expect_refused(
      host_program({"--elements=2^31"}), 105,
      {"--elements=2147483648: scan needs", "the device has 16.0GiB", "the largest that fits is "});
}

TEST_F(HostProgram, RefusesAFlagThatGoogleBenchmarkDoesNotKnow) {
  expect_refused(host_program({"--", "--v=0", "--benchmark_bogus"}), 109, {"-- --benchmark_bogus: unknown"});
  expect_refused(host_program({"--", "--benchmark_color="}), 109, {"-- --benchmark_color=: "});
}

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

TEST_F(HostProgram, ASweepEndsInItsBreakEvenPoints) {
  const Outcome outcome =
      run(host_program({"--workload=allocs", "--allocs-per-phase=2,1", "--allocator=preallocated,arena"}));
  EXPECT_EQ(outcome.exit_code, 0);
  EXPECT_TRUE(contains(outcome.out, "allocs, 1000 elements in 1, sync=end"));
  EXPECT_TRUE(contains(outcome.out, "allocs, 1000 elements in 2, sync=end"));
  EXPECT_TRUE(contains(outcome.out, "preallocated 2 and up"));
  const std::vector<CsvRecord> rows = read_csv(written("daa-bench.csv"));
  ASSERT_EQ(rows.size(), 2u * 3u);
  for (std::size_t i = 0; i < rows.size(); ++i) {
    EXPECT_EQ(rows[i].at("allocs_per_phase"), i < 3 ? "1" : "2");
    EXPECT_EQ(rows[i].at("allocations_per_phase"), i < 3 ? "1" : "2");
    EXPECT_FALSE(rows[i].at("break_even_allocs").empty());
  }
}

TEST_F(HostProgram, WhatCannotBeCapturedSaysWhyAndTheRestIsMeasured) {
  const Outcome outcome =
      run(host_program({"--graph", "--csv=-", "--allocator=preallocated,cuda-malloc,arena"}));
  EXPECT_EQ(outcome.exit_code, 0) << "it is no failure";
  for (const CsvRecord& row : read_csv(outcome.out)) {
    const bool is_right = row.at("allocator") != "cuda-malloc";
    EXPECT_EQ(row.at("status"), is_right ? "ok" : "unsupported");
    EXPECT_EQ(row.at("graph"), "true");
    EXPECT_EQ(row.at("graph_memory_nodes"), is_right ? "0" : "");
    if (!is_right) {
      EXPECT_TRUE(contains(row.at("message"), "cannot be captured into a graph: cudaMalloc"));
    }
  }
}

TEST_F(HostProgram, AnOutputThatCannotBeWrittenIsAnError) {
  for (const Args& args : {Args{}, {"--csv=-"}, {"--json=-"}, {"--json=/dev/full"}, {"--csv=/dev/full"}}) {
    SCOPED_TRACE(testing::PrintToString(args));
    const Outcome outcome = run(host_program(args), "/dev/full");
    EXPECT_EQ(outcome.exit_code, 4);
    EXPECT_TRUE(is_one_line(outcome.err));
  }
}

TEST_F(HostProgram, AnAnswerThatCannotBeWrittenIsAnError) {
  for (const std::string question : {"--help", "--list", "--version"}) {
    SCOPED_TRACE(question);
    const Outcome outcome = run({DAA_BENCH_HOST, {question}, {}}, "/dev/full");
    EXPECT_EQ(outcome.exit_code, 4);
    EXPECT_EQ(outcome.err, "daa-bench: standard output: No space left on device\n");
  }
}

/// `command` with its standard output closed.
Command without_stdout(const Command& command) {
  Args args{"-c", "exec \"$@\" >&-", "sh", command.program};
  args.insert(args.end(), command.args.begin(), command.args.end());
  return {"/bin/sh", args, command.environment};
}

TEST_F(HostProgram, AClosedStdoutIsAnErrorBeforeAnythingIsMeasured) {
  for (const Args& args : {Args{}, {"--csv=rows.csv"}, {"--csv=-"}, {"--help"}, {"--list"}, {"--version"}}) {
    SCOPED_TRACE(testing::PrintToString(args));
    const Outcome outcome = run(without_stdout(host_program(args)));
    EXPECT_EQ(outcome.exit_code, 4);
    EXPECT_EQ(outcome.err, "daa-bench: standard output: Bad file descriptor\n");
    EXPECT_TRUE(files().empty());
  }
}

TEST_F(HostProgram, NothingMeantForAClosedStdoutGetsIntoAFile) {
  const Outcome outcome = run(without_stdout(host_program({"--json=-", "--csv=rows.csv"})));
  EXPECT_EQ(outcome.exit_code, 4);
  EXPECT_TRUE(is_one_line(outcome.err));
  EXPECT_EQ(read_csv(written("rows.csv")).size(), row_count);
}

TEST_F(HostProgram, WritesEverySampleAsALineOfJson) {
  const Outcome outcome = run(host_program({"--jsonl=samples.jsonl", "--csv=rows.csv", "--sync=phase"}));
  EXPECT_EQ(outcome.exit_code, 0);
  EXPECT_EQ(outcome.err, "");
  std::istringstream lines{written("samples.jsonl")};
  std::string line;
  ASSERT_TRUE(std::getline(lines, line));
  EXPECT_EQ(read_json(line)["device_kind"].string(), "host");
  std::map<std::string, std::size_t> samples;
  while (std::getline(lines, line)) ++samples[read_json(line)["allocator"].string()];
  for (const CsvRecord& row : read_csv(written("rows.csv")))
    EXPECT_EQ(std::to_string(samples[row.at("allocator")]), row.at("samples"));
}

TEST_F(HostProgram, PutsTheSamplesAloneOnStdout) {
  const Outcome outcome = run(host_program({"--jsonl=-", "--csv=none"}));
  EXPECT_EQ(outcome.exit_code, 0);
  std::istringstream lines{outcome.out};
  std::size_t count = 0;
  for (std::string line; std::getline(lines, line); ++count) EXPECT_FALSE(read_json(line).object().empty());
  EXPECT_EQ(count, 1 + 2 * row_count);
}

TEST_F(HostProgram, EndsWhenItsTimeIsUpAndSaysWhatIsMissing) {
  const Outcome outcome = run(host_program({"--timeout=0.001", "--csv=rows.csv", "--elements=2000,3000"}));
  EXPECT_EQ(outcome.exit_code, 130);
  EXPECT_TRUE(is_one_line(outcome.err));
  EXPECT_TRUE(contains(outcome.err, "--timeout=0.001"));
  EXPECT_TRUE(contains(outcome.err, " of 27 combinations are missing, from scan/"));
  EXPECT_LT(read_csv(written("rows.csv")).size(), 3 * allocator_count);
}

TEST_F(HostProgram, TakesNoMoreTurnsThanItsPrecisionNeeds) {
  Command command = host_program({"--max-noise=1", "--csv=-", "--allocator=preallocated,arena"});
  std::ranges::replace(command.args, "--repetitions=2", "--repetitions=200");
  const Outcome outcome = run(command);
  EXPECT_EQ(outcome.exit_code, 0);
  EXPECT_EQ(outcome.err, "");
  for (const CsvRecord& row : read_csv(outcome.out)) {
    EXPECT_GE(std::stoi(row.at("repetitions")), 9);
    EXPECT_LT(std::stoi(row.at("repetitions")), 200);
  }
}

class FaultyProgram : public HostProgram {
 protected:
  static Command faulty_program(const Args& more) {
    Command command = host_program(more);
    command.program = DAA_BENCH_FAULTY;
    std::ranges::replace(command.args, "--elements=1000", "--elements=5003");
    return command;
  }
};

TEST_F(FaultyProgram, ReportsWhatFailedMeasuresTheRestAndExitsWithFour) {
  const Outcome outcome = run(faulty_program({"--sync=both"}));
  EXPECT_EQ(outcome.exit_code, 4);
  EXPECT_EQ(outcome.err, "");
  EXPECT_TRUE(contains(outcome.out, "wrong_result: "));
  EXPECT_TRUE(contains(outcome.out, "out_of_memory: "));
  const std::vector<CsvRecord> rows = read_csv(written("daa-bench.csv"));
  ASSERT_EQ(rows.size(), 2u * 5u);
  const std::array expected{"ok", "ok", "wrong_result", "out_of_memory", "ok"};
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const bool is_ok = rows[i].at("status") == "ok";
    EXPECT_EQ(rows[i].at("status"), expected[i % 5]);
    EXPECT_EQ(rows[i].at("message").empty(), is_ok);
    EXPECT_EQ(rows[i].at("end_to_end_median_ns").empty(), !is_ok);
    EXPECT_EQ(rows[i].at("samples"), is_ok ? (i < 5 ? "2" : "10") : "0");
  }
}

TEST_F(FaultyProgram, ExitsWithFourForEitherFaultAndWithZeroWithoutAny) {
  EXPECT_EQ(run(faulty_program({"--allocator=overlapping"})).exit_code, 4);
  EXPECT_EQ(run(faulty_program({"--allocator=preallocated,exhausted"})).exit_code, 4);
  EXPECT_EQ(run(faulty_program({"--allocator=preallocated,arena"})).exit_code, 0);
}

}  // namespace
}  // namespace daa::test
