// daa-bench-host as its users meet it: what a run reports, on streams and in files.

#include <algorithm>
#include <array>
#include <map>
#include <sstream>
#include <string>

#include "csv_reader.hpp"
#include "host_program_fixture.hpp"
#include "json_reader.hpp"

namespace daa::test {
namespace {

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

}  // namespace
}  // namespace daa::test
