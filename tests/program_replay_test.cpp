// Replays by the program: its rows, and that nothing runs on a malformed trace.

#include <algorithm>
#include <array>
#include <fstream>

#include "csv_reader.hpp"
#include "program_fixture.hpp"
#include "text_match.hpp"

namespace daa::test {
namespace {

using bench::contains;

constexpr const char* header = "Thread,Time,Action,Pointer,Size,Stream\n";

class ReplayProgram : public ProgramTest {
 protected:
  ReplayProgram() {
    write("small.csv",
          "0,0,allocate,0x1,3145728,0\n0,1,allocate,0x2,1048576,0\n0,2,free,0x1,3145728,0\n"
          "0,3,allocate,0x1,4194304,0\n0,4,free,0x2,1048576,0\n0,5,free,0x1,4194304,0\n"
          "0,6,allocate,0x3,70001,0\n0,7,free,0x3,70001,0\n");
    write("threads.csv",
          "7,0,allocate,0x1,3000000,a\n8,1,allocate,0x2,1000000,b\n8,2,free,0x1,3000000,b\n"
          "7,3,allocate,0x1,4000000,a\n8,4,free,0x2,1000000,a\n9,5,free,0x1,4000000,a\n");
  }

  void write(const std::string& name, const std::string& lines) const {
    std::ofstream{working_directory() / name} << header << lines;
  }

  static Command replay(const Args& more, const char* program = DAA_BENCH_HOST) {
    Args args{"--workload=replay", "--iters=5", "--warmup=1", "--repetitions=2", "--aa=false"};
    args.insert(args.end(), more.begin(), more.end());
    return {program, args, {}};
  }
};

TEST_F(ReplayProgram, HasARowForEachTraceAndAllocator) {
  const Outcome outcome =
      run(replay({"--trace=small.csv,threads.csv", "--csv=rows.csv", "--json=rows.json"}));
  EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_EQ(outcome.err, "");
  EXPECT_TRUE(
      contains(outcome.out, "replay of small, sync=end: 2 repetitions of 6 phases after 2 to warm up"));
  EXPECT_TRUE(contains(outcome.out, "6 operations in 3 threads and 2 streams, 4.77MiB live at most"));
  EXPECT_TRUE(contains(written("rows.json"), "replay/threads/sync:end/arena-recycle"));

  const std::vector<CsvRecord> rows = read_csv(written("rows.csv"));
  ASSERT_EQ(rows.size(), 16u);
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const CsvRecord& row = rows[i];
    const bool is_small = i < 8;
    EXPECT_EQ(row.at("workload"), "replay");
    EXPECT_EQ(row.at("elements"), "0");
    EXPECT_EQ(row.at("trace"), is_small ? "small" : "threads");
    EXPECT_EQ(row.at("status"), "ok") << row.at("message");
    EXPECT_EQ(row.at("operations"), is_small ? "8" : "6");
    EXPECT_EQ(row.at("iters"), is_small ? "6" : "5");  // whole passes of 2 phases, and of 1
    EXPECT_EQ(row.at("samples"), is_small ? "6" : "10");
    EXPECT_EQ(row.at("peak_live_bytes"), is_small ? "5242880" : "5000000");
    EXPECT_GT(std::stod(row.at("operation_median_ns")), 0);
    EXPECT_GE(std::stod(row.at("held_over_live")), 1);
    EXPECT_EQ(row.at("min_fit_bytes"), "");
    EXPECT_EQ(row.at("device_median_ns"), "");
  }
  EXPECT_EQ(rows[0].at("allocator"), "preallocated");
  EXPECT_EQ(rows[0].at("operation_ratio"), "1");
  EXPECT_EQ(rows[0].at("held_over_live"), "1");
  EXPECT_EQ(rows[0].at("runtime_calls_per_phase"), "0");
  EXPECT_EQ(rows[1].at("runtime_calls_per_phase"), "4");
  EXPECT_EQ(rows[8].at("runtime_calls_per_phase"), "") << "of a trace of three threads, not counted";
}

TEST_F(ReplayProgram, FindsTheMinimumThatFitsIfAsked) {
  const std::vector<CsvRecord> rows =
      read_csv(run(replay({"--trace=small.csv", "--allocator=preallocated,arena", "--min-fit", "--csv=-",
                           "--sync=both"}))
                   .out);
  ASSERT_EQ(rows.size(), 4u);
  for (const CsvRecord& row : rows)
    EXPECT_EQ(row.at("min_fit_bytes"), row.at("allocator") == "arena" ? "8388608" : "6291456");
  EXPECT_EQ(rows[0].at("min_fit_over_live"), "1.2");
}

TEST_F(ReplayProgram, OnceTheTimeIsUpNoTurnBeginsAndTheRestIsMissing) {
  const Outcome outcome = run(replay({"--trace=small.csv", "--csv=-", "--timeout=0.001"}));
  EXPECT_EQ(outcome.exit_code, 130);
  EXPECT_TRUE(contains(outcome.err, "--timeout=0.001: the time was up; ")) << outcome.err;
  EXPECT_TRUE(contains(outcome.err, "of 8 combinations are missing, from replay/small/sync:end/"))
      << outcome.err;
  EXPECT_LT(read_csv(outcome.out).size(), 8u);
}

TEST_F(ReplayProgram, HasRatiosToWhatIsAskedFor) {
  const std::vector<CsvRecord> rows = read_csv(
      run(replay({"--trace=small.csv", "--csv=-", "--allocator=arena,cuda-malloc", "--against=arena"})).out);
  ASSERT_EQ(rows.size(), 2u);
  EXPECT_EQ(rows[0].at("against_operation_ratio"), "1");
  EXPECT_GT(std::stod(rows[1].at("against_operation_ratio")), 0);
  EXPECT_EQ(rows[1].at("operation_ratio"), "") << "preallocated was not measured";
}

TEST_F(ReplayProgram, RunsBesideWorkloads) {
  Command command = replay({"--trace=small.csv", "--csv=-", "--allocator=arena", "--elements=1000"});
  command.args.front() = "--workload=scan,replay";
  const std::vector<CsvRecord> rows = read_csv(run(command).out);
  ASSERT_EQ(rows.size(), 2u);
  EXPECT_EQ(rows[0].at("workload"), "scan");
  EXPECT_EQ(rows[0].at("trace"), "");
  EXPECT_EQ(rows[1].at("workload"), "replay");
}

TEST_F(ReplayProgram, NothingRunsOnAMalformedTrace) {
  const auto before = files();
  const std::string good = "0,0,allocate,0x1,10,0\n0,1,free,0x1,10,0\n";
  const std::array<std::pair<const char*, const char*>, 5> bad{{
      {"0,2,move,0x1,10,0\n", "bad.csv:4: unknown action"},
      {"0,2,free,0x1,10,0\n", "bad.csv:4: 0x1 is freed and is not live"},
      {"0,2,allocate,0x1,99999999999999999999,0\n", "bad.csv:4: size"},
      {"0,2,allocate,0x1\n", "bad.csv:4: 4 fields"},
      {"0,2,allocate,0x1,1", "bad.csv:4: "},
  }};
  for (const auto& [lines, why] : bad) {
    write("bad.csv", good + lines);
    const Outcome outcome = run(replay({"--trace=small.csv,bad.csv"}));
    EXPECT_EQ(outcome.exit_code, 105);
    EXPECT_EQ(outcome.out, "");
    EXPECT_TRUE(is_one_line(outcome.err));
    EXPECT_TRUE(contains(outcome.err, why));
    std::filesystem::remove(working_directory() / "bad.csv");
    EXPECT_EQ(files(), before);
  }
}

TEST_F(ReplayProgram, AnAllocatorThatGivesOutLiveMemoryExitsWithFour) {
  const Outcome outcome = run(replay({"--trace=small.csv", "--csv=rows.csv"}, DAA_BENCH_FAULTY));
  EXPECT_EQ(outcome.exit_code, 4);
  const std::vector<CsvRecord> rows = read_csv(written("rows.csv"));
  ASSERT_EQ(rows.size(), 4u);
  EXPECT_EQ(rows[0].at("status"), "ok");
  EXPECT_EQ(rows[1].at("status"), "wrong_result");
  EXPECT_TRUE(contains(rows[1].at("message"), "was overwritten while it was live"));
  EXPECT_EQ(rows[1].at("operation_median_ns"), "");
  EXPECT_EQ(rows[2].at("status"), "out_of_memory");
  EXPECT_EQ(rows[3].at("status"), "ok");
}

}  // namespace
}  // namespace daa::test
