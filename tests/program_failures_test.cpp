// What fails ends in an exit code: outputs that cannot be written, allocators that go wrong.

#include <algorithm>
#include <array>
#include <string>
#include <vector>

#include "csv_reader.hpp"
#include "host_program_fixture.hpp"

namespace daa::test {
namespace {

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
