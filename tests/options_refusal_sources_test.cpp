// What is wrong in the environment or in a config file is named after its place.

#include <filesystem>

#include "options_refusal_fixture.hpp"

namespace daa::bench {
namespace {

TEST_F(OptionsRefusalTest, AValueFromTheEnvironmentIsNamedAfterItsVariable) {
  expect_refused({}, Code::ValidationError, {"daa-bench: DAA_BENCH_ITERS=0: out of range"},
                 {{"DAA_BENCH_ITERS", "0"}});
  expect_refused({}, Code::ValidationError, {"DAA_BENCH_WORKLOAD=scna: unknown"},
                 {{"DAA_BENCH_WORKLOAD", "scan,scna"}});
  expect_refused({}, Code::ValidationError, {"DAA_BENCH_PROFILE=x: "}, {{"DAA_BENCH_PROFILE", "x"}});
}

TEST_F(OptionsRefusalTest, UnknownVariablesAreMetWithTheNearest) {
  expect_refused({}, Code::ExtrasError,
                 {"daa-bench: DAA_BENCH_ITER=5: unknown variable; did you mean DAA_BENCH_ITERS?", "--help"},
                 {{"DAA_BENCH_ITER", "5"}});
  expect_refused({}, Code::ExtrasError, {"DAA_BENCH_WORLKOAD=scan: ", "did you mean DAA_BENCH_WORKLOAD?"},
                 {{"DAA_BENCH_WORLKOAD", "scan"}});
  expect_refused({}, Code::ExtrasError, {"did you mean DAA_BENCH_CSV?"}, {{"DAA_BENCH_csv", "a.csv"}});
  expect_refused({"--iters=1"}, Code::ExtrasError, {"DAA_BENCH_QQQQQQQQ=1: unknown variable; see --help"},
                 {{"DAA_BENCH_QQQQQQQQ", "1"}});
  expect_refused({}, Code::ExtrasError, {"DAA_BENCH_=1: unknown variable"}, {{"DAA_BENCH_", "1"}});
}

TEST_F(OptionsRefusalTest, AValueFromAConfigFileIsNamedAfterFileAndKey) {
  expect_config_refused("iters = 0\n", Code::ValidationError, {"bench.toml: iters=0: out of range"});
  expect_config_refused("workload = [\"scan\", \"scna\"]\n", Code::ValidationError,
                        {"bench.toml: workload=scna: unknown"});
  expect_config_refused("iters = 1\niters = 2\n", Code::ArgumentMismatch, {"bench.toml: iters=2: "});
  expect_config_refused("iters = 1\nwarmup = 1\niters = 2\n", Code::ArgumentMismatch,
                        {"bench.toml: iters=2: "});
}

TEST_F(OptionsRefusalTest, ConfigFilesThatAreNotThereAreSaidToBe) {
  expect_refused({"--config=none.toml"}, Code::FileError,
                 {"--config=none.toml: cannot be read: No such file"});
  std::filesystem::create_directory("directory");
  expect_refused({"--config=directory"}, Code::FileError,
                 {"--config=directory: cannot be read: Is a directory"});
  expect_refused({}, Code::FileError, {"DAA_BENCH_CONFIG=none.toml: cannot be read"},
                 {{"DAA_BENCH_CONFIG", "none.toml"}});
}

TEST_F(OptionsRefusalTest, NothingInAConfigFileIsIgnored) {
  expect_config_refused("itres = 5\n", Code::ConfigError,
                        {"itres: unknown key", "did you mean iters?", "known: workload"});
  expect_config_refused("config = \"other.toml\"\n", Code::ConfigError, {"config: unknown key"});
  expect_config_refused("a.iters = 5\n", Code::ConfigError, {"a.iters: unknown key"});
  expect_config_refused("x\n", Code::ConfigError, {"line 1, \"x\": expected key = value"});
  expect_config_refused("\niters 5\n", Code::ConfigError, {"line 2, \"iters 5\": expected key = value"});
  expect_config_refused("= 5\n", Code::ConfigError, {"line 1"});
  expect_config_refused("iters =\n", Code::ConfigError, {"line 1, \"iters =\": the value is missing"});
  expect_config_refused("iters = # 5\n", Code::ConfigError, {"the value is missing"});
  expect_config_refused("[bench]\niters = 5\n", Code::ConfigError, {"line 1, \"[bench]\": sections"});
  expect_config_refused("elements = [1024,\n2048\n", Code::ConfigError, {"line 1", "never closed"});
  expect_config_refused("csv = \"a.csv\niters = 5\n", Code::ConfigError, {"quotes"});
  expect_config_refused("workload = [ ]\n", Code::ConfigError, {"line 1", "the value is missing"});
  expect_config_refused("workload = \"\"\n", Code::ArgumentMismatch, {"workload: needs a value"});
}

}  // namespace
}  // namespace daa::bench
