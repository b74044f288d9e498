// What fails ends in an exit code: bad usage, outputs that cannot be written, allocators that go wrong.

#include <array>

#include "host_program_fixture.hpp"

namespace daa::test {
namespace {

TEST_F(HostProgram, RefusesToPassForAGpu) {
  for (const std::string device : {"cuda", "0", "3"})
    expect_refused(command({"--device=" + device}), no_device, {"host runtime"});
}

// Whatever is wrong, and wherever it is noticed. What is wrong with each flag: tests/bench/cli_*.
TEST_F(HostProgram, RefusesBadUsageInOneLineAndRunsNothing) {
  write("base.csv", "no result\r\n");
  const std::pair<Args, Args> rows[]{
      {{"--allocator=arean"}, {"--allocator=arean", "did you mean arena?"}},
      {{"--seed=many"}, {"--seed=many"}},
      {{"--no-such-flag"}, {"--no-such-flag"}},
      {{"stray"}, {"stray"}},
      {{"--csv=/no/such/directory/file.csv"}, {"/no/such/directory"}},
      {{"--elements=2^31"}, {"--elements=2147483648", "16.0GiB", "the largest that fits is "}},
      {{"--baseline=none.csv"}, {"none.csv", "No such file"}},
      {{"--baseline=base.csv"}, {"base.csv"}},
      {{"--ignore-context"}, {"--ignore-context", "--baseline"}},
      {{"--plant-delay=0.1"}, {"--plant-delay"}}};
  for (const auto& [args, said] : rows) expect_refused(command(args), usage, said);
}

TEST_F(HostProgram, RefusesOutputsThatWouldOverwriteOrMixWithEachOther) {
  ASSERT_EQ(run_host({"--csv=base.csv"}).exit_code, ok);
  write("kept", "kept");
  const std::pair<Args, Args> rows[]{{{"--json=kept", "--verdicts=kept"}, {"--json", "--verdicts"}},
                                     {{"--csv=kept", "--json=./kept"}, {"--csv", "--json"}},
                                     {{"--csv=-", "--json=-"}, {"--csv", "--json"}},
                                     {{"--csv=-", "--verdicts=-"}, {"--csv", "--verdicts"}},
                                     {{"--json=-", "--verdicts=-"}, {"--json", "--verdicts"}},
                                     {{"--csv=/dev/stdout", "--json=-"}, {"--csv", "--json"}},
                                     {{"--csv=base.csv"}, {"--csv", "--baseline"}},
                                     {{"--verdicts=base.csv"}, {"--verdicts", "--baseline"}}};
  for (const auto& [args, said] : rows) {
    Args all = args;
    all.emplace_back("--baseline=base.csv");
    expect_refused(command(all), usage, said);
  }
}

TEST_F(HostProgram, RefusesBadUsageOfTheEnvironment) {
  Command with_variable = command();
  with_variable.environment = {{"DAA_BENCH_DEVICE", "cuda"}};
  expect_refused(with_variable, no_device, {"GPU"});
  with_variable.environment = {{"DAA_BENCH_ITER", "5"}};
  expect_refused(with_variable, usage, {"DAA_BENCH_ITER=5", "did you mean DAA_BENCH_ITERS?"});
}

TEST_F(HostProgram, AnOutputThatCannotBeWrittenIsAnError) {
  for (const Args& args : {Args{}, {"--csv=-"}, {"--json=-"}, {"--json=/dev/full"}, {"--csv=/dev/full"}}) {
    SCOPED_TRACE(testing::PrintToString(args));
    const Outcome outcome = run(command(args), "/dev/full");
    EXPECT_EQ(outcome.exit_code, not_measured);
    EXPECT_TRUE(is_one_line(outcome.err));
  }
  for (const std::string question : {"--help", "--list", "--version"}) {
    const Outcome outcome = run({DAA_BENCH_HOST, {question}, {}}, "/dev/full");
    EXPECT_EQ(outcome.exit_code, not_measured) << question;
    EXPECT_TRUE(contains(outcome.err, "standard output: No space left on device")) << question;
  }
}

/// `command` with its standard output closed.
Command without_stdout(const Command& command) {
  Args args{"-c", "exec \"$@\" >&-", "sh", command.program};
  args.insert(args.end(), command.args.begin(), command.args.end());
  return {"/bin/sh", args, command.environment};
}

TEST_F(HostProgram, AClosedStdoutIsAnErrorBeforeAnythingIsMeasured) {
  for (const Args& args : {Args{}, {"--csv=-"}, {"--help"}, {"--list"}, {"--version"}}) {
    SCOPED_TRACE(testing::PrintToString(args));
    const Outcome outcome = run(without_stdout(command(args)));
    EXPECT_EQ(outcome.exit_code, not_measured);
    EXPECT_EQ(outcome.err, "daa-bench: standard output: Bad file descriptor\n");
    for (const auto& [name, content] : contents()) EXPECT_EQ(read_csv(content).size(), 0u) << name;
  }
}

TEST_F(HostProgram, NothingMeantForAClosedStdoutGetsIntoAFile) {
  const Outcome outcome = run(without_stdout(command({"--json=-", "--csv=rows.csv"})));
  EXPECT_EQ(outcome.exit_code, not_measured);
  EXPECT_TRUE(is_one_line(outcome.err));
  EXPECT_LE(read_csv(written("rows.csv")).size(), row_count);
}

TEST_F(HostProgram, ReportsWhatFailedMeasuresTheRestAndExitsWithFour) {
  const Outcome outcome =
      run(faulty({"--sync=both", "--elements=5003", "--allocator=preallocated,overlapping,exhausted,arena"}));
  EXPECT_EQ(outcome.exit_code, not_measured);
  EXPECT_EQ(outcome.err, "");
  EXPECT_TRUE(contains(outcome.out, "wrong_result: "));
  EXPECT_TRUE(contains(outcome.out, "out_of_memory: "));
  const std::vector<CsvRecord> found = read_csv(written("daa-bench.csv"));
  ASSERT_EQ(found.size(), 2u * 5u);
  const std::array expected{"ok", "ok", "wrong_result", "out_of_memory", "ok"};
  for (std::size_t i = 0; i < found.size(); ++i) {
    const bool is_ok = found[i].at("status") == "ok";
    EXPECT_EQ(found[i].at("status"), expected[i % 5]);
    EXPECT_EQ(found[i].at("message").empty(), is_ok);
    EXPECT_EQ(found[i].at("end_to_end_median_ns").empty(), !is_ok);
    EXPECT_EQ(found[i].at("samples"), is_ok ? (i < 5 ? "2" : "10") : "0");
  }
}

TEST_F(HostProgram, ExitsWithFourForEitherFaultAndWithZeroWithoutAny) {
  for (const auto& [allocators, exit_code] : {std::pair{"overlapping", not_measured},
                                              {"preallocated,exhausted", not_measured},
                                              {"preallocated,arena", ok}})
    EXPECT_EQ(run(faulty({"--elements=5003", std::string{"--allocator="} + allocators})).exit_code,
              exit_code);
}

}  // namespace
}  // namespace daa::test
