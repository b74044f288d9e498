// daa-bench, which is built for GPUs, on a machine without one. Where there is one, it is hidden.

#include "csv_reader.hpp"
#include "program_fixture.hpp"
#include "text_match.hpp"

namespace daa::test {
namespace {

using bench::contains;

class WithoutGpu : public ProgramTest {
 protected:
  static Command program(const Args& more) {
    Args args{"--workload=scan", "--elements=1000", "--iters=5", "--warmup=2", "--repetitions=2"};
    args.insert(args.end(), more.begin(), more.end());
    return {DAA_BENCH, args, {{"CUDA_VISIBLE_DEVICES", "-1"}}};
  }
};

TEST_F(WithoutGpu, RefusesToMeasureOnAGpu) {
  for (const char* const device : {"cuda", "0", "1"}) {
    const Outcome outcome = run(program({std::string{"--device="} + device}));
    EXPECT_EQ(outcome.exit_code, 2);
    EXPECT_EQ(outcome.out, "");
    EXPECT_TRUE(is_one_line(outcome.err));
    EXPECT_TRUE(contains(outcome.err, "GPU"));
    EXPECT_TRUE(files().empty());
  }
}

TEST_F(WithoutGpu, SaysSoAndCarriesOnAsTheHostProgramWithTheSameArguments) {
  const Outcome outcome = run(program({"--csv=-", "--allocator=arena", "--sync=phase", "--seed=3"}));
  EXPECT_EQ(outcome.exit_code, 0);
  EXPECT_TRUE(is_one_line(outcome.err));
  EXPECT_TRUE(contains(outcome.err, "no usable GPU"));
  EXPECT_TRUE(contains(outcome.err, "host runtime"));
  const std::vector<CsvRecord> rows = read_csv(outcome.out);
  ASSERT_EQ(rows.size(), 1u);
  EXPECT_EQ(rows[0].at("allocator"), "arena");
  for (const CsvRecord& row : rows) {
    EXPECT_EQ(row.at("device_kind"), "host");
    EXPECT_EQ(row.at("sync"), "phase");
    EXPECT_EQ(row.at("iters"), "5");
    EXPECT_EQ(row.at("seed"), "3");
  }
}

TEST_F(WithoutGpu, CarriesOnWithTheEnvironmentToo) {
  Command command = program({"--csv=-"});
  command.environment["DAA_BENCH_ALLOCATOR"] = "cuda-malloc";
  const std::vector<CsvRecord> rows = read_csv(run(command).out);
  ASSERT_EQ(rows.size(), 1u);
  EXPECT_EQ(rows[0].at("allocator"), "cuda-malloc");
}

TEST_F(WithoutGpu, TheHostRuntimeCanBeAskedForWithoutAWord) {
  const Outcome outcome = run(program({"--device=host", "--csv=-"}));
  EXPECT_EQ(outcome.exit_code, 0);
  EXPECT_EQ(outcome.err, "");
  EXPECT_EQ(read_csv(outcome.out).at(0).at("device_kind"), "host");
}

TEST_F(WithoutGpu, BadUsageIsRefusedBeforeAnyDeviceIsLookedFor) {
  const Outcome outcome = run(program({"--allocator=arean"}));
  EXPECT_EQ(outcome.exit_code, 100);
  EXPECT_TRUE(is_one_line(outcome.err));
  EXPECT_TRUE(contains(outcome.err, "arean"));
  EXPECT_TRUE(files().empty());
}

TEST_F(WithoutGpu, WithoutTheHostProgramThereIsNothingToRun) {
  const std::filesystem::path alone = working_directory() / "daa-bench";
  std::filesystem::create_symlink(DAA_BENCH, alone);
  Command command = program({});
  command.program = alone;
  EXPECT_EQ(run(command).exit_code, 0) << "a link leads to the folder where both programs are";

  std::filesystem::remove(alone);
  std::filesystem::copy_file(DAA_BENCH, alone);
  for (const auto& [device, exit_code] : {std::pair{"auto", 2}, {"host", 4}}) {
    command.args = {std::string{"--device="} + device};
    const Outcome outcome = run(command);
    EXPECT_EQ(outcome.exit_code, exit_code);
    EXPECT_EQ(outcome.out, "");
    EXPECT_TRUE(contains(outcome.err, "daa-bench-host: No such file or directory"));
  }
}

}  // namespace
}  // namespace daa::test
