// daa-bench-host as its users meet it: what a run reports, on streams and in files.

#include <sstream>

#include "host_program_fixture.hpp"
#include "json_reader.hpp"

namespace daa::test {
namespace {

TEST_F(HostProgram, PrintsTheTableAndWritesTheCsvFile) {
  const Outcome outcome = run_host();
  EXPECT_EQ(outcome.exit_code, ok);
  EXPECT_EQ(outcome.err, "");
  EXPECT_EQ(files(), std::set<std::string>{"daa-bench.csv"});
  for (const std::string part :
       {"simulator", "\nscan, 1000 elements, sync=end\n2 repetitions of 5 phases", "\nallocator "})
    EXPECT_TRUE(contains(outcome.out, part));

  const std::vector<CsvRecord> rows = read_csv(written("daa-bench.csv"));
  ASSERT_EQ(rows.size(), row_count);
  for (const CsvRecord& row : rows) {
    for (const auto& [column, value] : CsvRecord{{"schema_version", "4"},
                                                 {"device_kind", "host"},
                                                 {"kind", "steady"},
                                                 {"workload", "scan"},
                                                 {"elements", "1000"},
                                                 {"status", "ok"},
                                                 {"repetitions", "2"}})
      EXPECT_EQ(row.at(column), value) << column;
    EXPECT_TRUE(contains(outcome.out, "\n" + row.at("allocator") + " "));
  }
  EXPECT_EQ(rows[0].at("allocator"), "preallocated");
  EXPECT_EQ(rows[0].at("end_to_end_ratio"), "1");
  EXPECT_EQ(rows[1].at("allocator"), "preallocated:2") << "noise stands beside every ratio";
}

TEST_F(HostProgram, TheTableIsOneLineThenCasesThenTwoLines) {
  const Outcome outcome = run_host({"--sync=both", "--csv=none"});
  std::vector<std::size_t> paragraphs{0};  // their lines
  std::istringstream text{outcome.out};
  for (std::string line; std::getline(text, line);) {
    EXPECT_LE(line.size(), 100u) << line;
    EXPECT_EQ(line.find('\x1b'), line.npos) << "not on a terminal: " << line;
    if (line.empty())
      paragraphs.push_back(0);
    else
      ++paragraphs.back();
  }
  EXPECT_EQ(paragraphs, (std::vector<std::size_t>{1, 3 + row_count, 3 + row_count, 2}));
  EXPECT_TRUE(files().empty());
}

TEST_F(HostProgram, PutsOneFormatAloneOnStdout) {
  const Outcome csv = run_host({"--csv=-", "--json=file.json", "--sync=both"});
  const Outcome json = run_host({"--json=-", "--csv=file.csv", "--sync=both"});
  for (const Outcome& outcome : {csv, json}) {
    EXPECT_EQ(outcome.exit_code, ok);
    EXPECT_EQ(outcome.err, "");
  }
  EXPECT_EQ(files(), (std::set<std::string>{"file.csv", "file.json"}));
  EXPECT_EQ(read_csv(csv.out).size(), 2 * row_count);
  EXPECT_EQ(read_csv(written("file.csv")).size(), 2 * row_count);
  for (const std::string& text : {json.out, written("file.json")}) {
    const Json report = read_json(text);
    EXPECT_EQ(report["context"]["device_kind"].string(), "host");
    EXPECT_EQ(report["benchmarks"].array().size(), 2 * 2 * row_count);
  }
}

TEST_F(HostProgram, TheSameSeedGivesTheSameCounters) {
  const Command seeded = command({"--seed=7", "--workload=all", "--elements=3000"});
  const std::vector<CsvRecord> once = rows(seeded), again = rows(seeded);
  ASSERT_EQ(once.size(), again.size());
  for (std::size_t i = 0; i < once.size(); ++i)
    for (const std::string counter :
         {"runtime_calls_per_phase", "synchronisations_per_phase", "wasted_bytes", "allocations_per_phase",
          "asked_per_phase_bytes", "reserved_bytes", "seed"})
      EXPECT_EQ(once[i].at(counter), again[i].at(counter)) << counter;
}

TEST_F(HostProgram, MeasuresEachNumberOfAllocationsOfASweep) {
  const std::vector<CsvRecord> found =
      rows({"--workload=allocs", "--allocs-per-phase=2,1", "--allocator=preallocated,arena"});
  ASSERT_EQ(found.size(), 2u * 3u);
  for (std::size_t i = 0; i < found.size(); ++i) {
    EXPECT_EQ(found[i].at("kind"), "sweep");
    EXPECT_EQ(found[i].at("allocs_per_phase"), i < 3 ? "1" : "2");
    EXPECT_EQ(found[i].at("allocations_per_phase"), i < 3 ? "1" : "2");
  }
}

TEST_F(HostProgram, WhatCannotBeCapturedSaysWhyAndTheRestIsMeasured) {
  const Outcome outcome = run_host({"--graph", "--csv=-", "--allocator=preallocated,cuda-malloc,arena"});
  EXPECT_EQ(outcome.exit_code, ok) << "it is no failure";
  for (const CsvRecord& row : read_csv(outcome.out)) {
    const bool is_right = row.at("allocator") != "cuda-malloc";
    EXPECT_EQ(row.at("status"), is_right ? "ok" : "unsupported");
    EXPECT_EQ(row.at("graph_memory_nodes"), is_right ? "0" : "");
    EXPECT_TRUE(is_right || contains(row.at("message"), "cudaMalloc"));
  }
}

TEST_F(HostProgram, TakesNoMoreRepetitionsThanItsPrecisionNeeds) {
  for (const CsvRecord& row :
       rows({"--max-noise=1", "--repetitions=200", "--allocator=preallocated,arena"})) {
    EXPECT_GE(std::stoi(row.at("repetitions")), 9);
    EXPECT_LT(std::stoi(row.at("repetitions")), 200);
  }
}

TEST_F(HostProgram, UnderProfileEachCaseIsRunOnceUnlessMoreIsAskedFor) {
  Command profiled = command({"--profile", "--sync=both", "--iters=50"});
  std::erase(profiled.args, "--repetitions=2");
  const std::vector<CsvRecord> found = rows(profiled);
  EXPECT_EQ(found.size(), 2 * allocator_count) << "a profile compares nothing";
  for (const CsvRecord& row : found) {
    EXPECT_EQ(row.at("profiler"), "profile");
    EXPECT_EQ(row.at("repetitions"), "1");
    EXPECT_EQ(row.at("samples"), row.at("sync") == "end" ? "3" : "50");
  }
  for (const CsvRecord& row : rows({"--profile", "--repetitions=3"})) EXPECT_EQ(row.at("repetitions"), "3");
}

TEST_F(HostProgram, WhatSlowsARunDownIsInItsRows) {
  const std::pair<std::map<std::string, std::string>, std::string> environments[]{
      {{}, "none"},
      {{{"NSYS_PROFILING_SESSION_ID", "1"}}, "nsys"},
      {{{"NVTX_INJECTION64_PATH", "/no/such/tool.so"}}, "injected"},
      {{{"DAA_CHECKED", "1"}}, "DAA_CHECKED"},
      {{{"DAA_CHECKED", "0"}}, "none"},
      {{{"DAA_SANITIZER", "1"}}, "DAA_SANITIZER"},
      {{{"DAA_SANITIZER", "0"}}, "none"}};
  for (const auto& [environment, profiler] : environments) {
    Command short_run = command({"--allocator=arena"});
    short_run.environment = environment;
    EXPECT_EQ(rows(short_run).at(0).at("profiler"), profiler);
  }
}

TEST_F(HostProgram, WhatTheEnvironmentSaysToGoogleBenchmarkChangesNothing) {
  Command with_variables = command({"--json=-", "--csv=none"});
  with_variables.environment = {{"BENCHMARK_FILTER", "none"},         {"BENCHMARK_LIST_TESTS", "1"},
                                {"BENCHMARK_MIN_WARMUP_TIME", "0.1"}, {"BENCHMARK_OUT", "out.json"},
                                {"BENCHMARK_FORMAT", "odd"},          {"BENCHMARK_REPETITIONS", "9"}};
  const Outcome outcome = run(with_variables);
  EXPECT_EQ(outcome.exit_code, ok);
  EXPECT_EQ(outcome.err, "");
  EXPECT_EQ(read_json(outcome.out)["benchmarks"].array().size(), 2 * row_count);
  EXPECT_TRUE(files().empty());
}

}  // namespace
}  // namespace daa::test
