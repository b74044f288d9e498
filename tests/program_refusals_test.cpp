// What the program refuses to run.

#include <string>

#include "host_program_fixture.hpp"

namespace daa::test {
namespace {

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

}  // namespace
}  // namespace daa::test
