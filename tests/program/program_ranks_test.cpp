// mpirun daa-bench, on the host runtime.

#include <chrono>
#include <cmath>

#include "host_program_fixture.hpp"

namespace daa::test {
namespace {

class RankedProgram : public HostProgram {
 protected:
  static Command on_ranks(std::size_t ranks, Args more, const char* program = DAA_BENCH_HOST) {
    more.emplace_back("--allocator=preallocated,cuda-malloc,arena");
    return started(ranks, command(more, program));
  }

  /// The flags name the allocators.
  static Command faulty_on_two_ranks(const Args& more, const std::string& fault) {
    Command result = started(2, command(more, DAA_BENCH_FAULTY_MPI));
    result.environment["DAA_FAULT"] = fault;
    return result;
  }

  /// mpirun's own lines aside, the lines of daa-bench on standard error.
  static Args lines_of_daa_bench(const std::string& text) {
    Args found;
    std::istringstream lines{text};
    for (std::string line; std::getline(lines, line);)
      if (line.starts_with("daa-bench: ")) found.push_back(line);
    return found;
  }

 private:
  static Command started(std::size_t ranks, const Command& alone) {
    Command result{DAA_MPIEXEC, {"-n", std::to_string(ranks), alone.program}, alone.environment};
    result.args.insert(result.args.end(), alone.args.begin(), alone.args.end());
    result.environment.merge(std::map<std::string, std::string>{
        {"ASAN_OPTIONS", "detect_leaks=0"},  // Open MPI's library leaks
        {"OMPI_ALLOW_RUN_AS_ROOT", "1"},
        {"OMPI_ALLOW_RUN_AS_ROOT_CONFIRM", "1"},
        {"OMPI_MCA_rmaps_base_oversubscribe", "1"},
        {"PRTE_MCA_rmaps_default_mapping_policy", ":oversubscribe"},  // Open MPI 5

        {"OMPI_MCA_btl_vader_single_copy_mechanism", "none"}});
    return result;
  }
};

TEST_F(RankedProgram, EveryWorkloadHasOneRowOfAllRanks) {
  for (const std::size_t ranks : {2u, 4u}) {
    ASSERT_EQ(run(on_ranks(ranks, {"--workload=scan,halo,allreduce,dist-sort", "--csv=r.csv"})).exit_code,
              ok);
    const std::vector<CsvRecord> rows = read_csv(written("r.csv"));
    EXPECT_EQ(rows.size(), 4u * 4);
    for (const CsvRecord& row : rows) {
      EXPECT_EQ(row.at("status"), "ok") << row.at("message");
      EXPECT_EQ(row.at("ranks"), std::to_string(ranks));
      EXPECT_EQ(row.at("rank") + row.at("hosts") + row.at("ranks_per_device"), "11");
      EXPECT_GE(std::stod(row.at("rank_imbalance")), 1);
      EXPECT_GT(std::stod(row.at("weak_efficiency")), 0);
      if (row.at("allocator") == "arena") {
        EXPECT_EQ(row.at("runtime_calls_per_phase"), "0");
      }
    }
  }
}

TEST_F(RankedProgram, OnRequestEachRankHasItsRow) {
  ASSERT_EQ(run(on_ranks(2, {"--per-rank", "--csv=r.csv"})).exit_code, ok);
  std::map<std::string, std::size_t> rows;
  for (const CsvRecord& row : read_csv(written("r.csv"))) ++rows[row.at("rank")];
  EXPECT_EQ(rows, (std::map<std::string, std::size_t>{{"", 4}, {"0", 4}, {"1", 4}}));
}

TEST_F(RankedProgram, OtherModesRunOnSeveralRanksOrAreUnsupported) {
  for (const Args& mode : {Args{"--state=cold"}, {"--graph"}, {"--threads=2"}, {"--streams=2"}})
    EXPECT_EQ(run(on_ranks(2, mode)).exit_code, ok) << mode.front();
  write("t.csv",
        "Thread,Time,Action,Pointer,Size,Stream\n1,0,allocate,0x100,4096,0\n1,1,allocate,0x200,512,0\n"
        "1,2,free,0x100,4096,0\n1,3,free,0x200,512,0\n");
  EXPECT_EQ(run(on_ranks(2, {"--workload=replay", "--trace=t.csv"})).exit_code, ok);
  for (const std::string mode : {"--state=cold", "--graph"}) {
    ASSERT_EQ(run(on_ranks(2, {"--workload=halo,allreduce,dist-sort", mode, "--csv=r.csv"})).exit_code, ok);
    for (const CsvRecord& row : read_csv(written("r.csv")))
      EXPECT_EQ(
          row.at("status") == "unsupported",
          mode == "--graph" && (row.at("workload") == "dist-sort" || row.at("allocator") == "cuda-malloc"))
          << row.at("workload") << ' ' << row.at("allocator") << ' ' << row.at("message");
  }
}

TEST_F(RankedProgram, StreamsOfAWorkloadInWhichRanksExchangeDataAreRefusedByName) {
  expect_refused(command({"--workload=halo", "--threads=2"}), usage, {"--threads=2", "halo"});
}

TEST_F(RankedProgram, AWrongResultInOneRankIsThatOfAll) {
  const Outcome outcome =
      run(faulty_on_two_ranks({"--workload=halo", "--allocator=overlapping,arena", "--csv=r.csv"}, ""));
  EXPECT_EQ(outcome.exit_code, not_measured);
  for (const CsvRecord& row : read_csv(written("r.csv"))) {
    if (row.at("allocator") == "arena") {
      EXPECT_EQ(row.at("status"), "ok");
    } else {
      EXPECT_EQ(row.at("status"), "wrong_result");
      EXPECT_TRUE(row.at("message").starts_with("rank 0 on ")) << row.at("message");
    }
  }
}

TEST_F(RankedProgram, AFailureInOneRankIsThatOfAllWhereNoneWaitsForIt) {
  const Outcome outcome =
      run(faulty_on_two_ranks({"--allocator=faulty-in-one-rank,arena", "--csv=r.csv"}, "throw"));
  EXPECT_EQ(outcome.exit_code, not_measured);
  const std::vector<CsvRecord> rows = read_csv(written("r.csv"));
  ASSERT_EQ(rows.size(), 2u);
  EXPECT_TRUE(contains(rows[0].at("message"), "rank 1 on "));
  EXPECT_TRUE(contains(rows[0].at("message"), "the tenth allocation"));
  EXPECT_EQ(rows[1].at("status"), "ok");
}

// The others are then in the middle of a trial, or before it.
TEST_F(RankedProgram, AFailureInATrialOfOneRankIsThatOfAll) {
  for (const std::string allocations : {"1", "7"}) {
    const Outcome outcome = run(faulty_on_two_ranks(
        {"--workload=allocs", "--allocs-per-phase=" + allocations, "--elements=1000", "--iters=40",
         "--allocator=faulty-in-one-rank,arena", "--csv=r.csv", "--rank-timeout=20"},
        "throw"));
    EXPECT_EQ(outcome.exit_code, not_measured) << outcome.err;
    const std::vector<CsvRecord> rows = read_csv(written("r.csv"));
    ASSERT_EQ(rows.size(), 2u);
    EXPECT_TRUE(contains(rows[0].at("message"), "the tenth allocation"));
    EXPECT_EQ(rows[1].at("status"), "ok");
  }
}

// A rank that has found it goes on with those that have not.
TEST_F(RankedProgram, AWrongResultOfOneRankInAnExchangeIsARow) {
  const Outcome outcome =
      run(faulty_on_two_ranks({"--workload=halo,allreduce,dist-sort", "--allocator=faulty-in-one-rank,arena",
                               "--csv=r.csv", "--rank-timeout=20"},
                              "overlap"));
  EXPECT_EQ(outcome.exit_code, not_measured) << outcome.err;
  const std::vector<CsvRecord> rows = read_csv(written("r.csv"));
  ASSERT_EQ(rows.size(), 6u);
  for (const CsvRecord& row : rows)
    EXPECT_EQ(row.at("status"), row.at("allocator") == "arena" ? "ok" : "wrong_result") << row.at("message");
}

TEST_F(RankedProgram, BadUsageThatOneRankFindsEndsAll) {
  const Outcome outcome = run(on_ranks(2, {"--baseline=/no/such/file.csv", "--rank-timeout=20"}));
  EXPECT_EQ(outcome.exit_code, usage);
  EXPECT_EQ(lines_of_daa_bench(outcome.err).size(), 1u) << outcome.err;
}

// Where ranks exchange data the others would wait for ever.
TEST_F(RankedProgram, ARankThatFailsInAnExchangeEndsTheJobAndIsNamed) {
  const Outcome outcome = run(faulty_on_two_ranks(
      {"--workload=scan,halo", "--allocator=faulty-in-one-rank", "--elements=1000"}, "throw"));
  EXPECT_EQ(outcome.exit_code, job_ended);
  const Args said = lines_of_daa_bench(outcome.err);
  ASSERT_EQ(said.size(), 1u) << outcome.err;
  EXPECT_TRUE(contains(said[0], "rank 1 on "));
  EXPECT_TRUE(contains(said[0], "the tenth allocation"));
}

TEST_F(RankedProgram, ARankThatHangsEndsTheJobInTimeAndEachSaysWhereItIs) {
  const auto begin = std::chrono::steady_clock::now();
  const Outcome outcome = run(
      faulty_on_two_ranks({"--workload=halo", "--allocator=faulty-in-one-rank", "--rank-timeout=1"}, "hang"));
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds{30});
  EXPECT_EQ(outcome.exit_code, job_ended);
  EXPECT_TRUE(contains(outcome.err, "rank 1 on "));
  EXPECT_TRUE(contains(outcome.err, "no progress for 1 s"));
}

// Of a process that is gone mpirun tells which it was, and how it went.
TEST_F(RankedProgram, ARankThatDiesEndsTheJobWithItsExitCode) {
  const Outcome outcome =
      run(faulty_on_two_ranks({"--workload=halo", "--allocator=faulty-in-one-rank"}, "exit"));
  EXPECT_EQ(outcome.exit_code, 7);
  EXPECT_TRUE(contains(outcome.err, "Exit code:    7")) << outcome.err;
}

TEST_F(RankedProgram, ATimeoutEndsAllRanksAndLeavesNoRowOfACaseThatIsNotComplete) {
  for (const Args& size :
       {Args{"--iters=1000000", "--repetitions=1000"}, {"--iters=20", "--repetitions=10000"}}) {
    Args args{"--workload=halo", "--timeout=2", "--per-rank", "--csv=r.csv"};
    args.insert(args.end(), size.begin(), size.end());
    const Outcome outcome = run(on_ranks(2, args));
    EXPECT_EQ(outcome.exit_code, interrupted);
    EXPECT_EQ(lines_of_daa_bench(outcome.err).size(), 1u) << outcome.err;
    EXPECT_EQ(read_csv(written("r.csv")).size(), 0u);
  }
}

}  // namespace
}  // namespace daa::test
