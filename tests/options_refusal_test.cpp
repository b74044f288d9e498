// What a command line that is wrong is told: one line, which names the flag, the value and what is allowed.

#include <CLI/Error.hpp>
#include <algorithm>

#include "options_fixture.hpp"

namespace daa::bench {
namespace {

using Code = CLI::ExitCodes;

class OptionsRefusalTest : public OptionsTest {
 protected:
  /// `said` are parts of the one line.
  void expect_refused(const Strings& args, Code code, const Strings& said,
                      const Variables& environment = {}) {
    std::string shown;
    for (const std::string& arg : args) shown += arg + ' ';
    SCOPED_TRACE(shown);
    const auto before = files();
    const Outcome outcome = run(args, environment);
    EXPECT_FALSE(outcome.options);
    EXPECT_EQ(outcome.exit_code, static_cast<int>(code));
    EXPECT_EQ(outcome.out, "");
    EXPECT_TRUE(outcome.err.starts_with("daa-bench: ")) << outcome.err;
    EXPECT_EQ(std::ranges::count(outcome.err, '\n'), 1) << outcome.err;
    EXPECT_TRUE(outcome.err.ends_with('\n'));
    for (const std::string& part : said) EXPECT_TRUE(contains(outcome.err, part));
    EXPECT_EQ(files(), before);
  }

  void expect_config_refused(std::string_view text, Code code, Strings said) {
    SCOPED_TRACE(text);
    write_file("bench.toml", text);
    said.emplace_back("bench.toml");
    expect_refused({"--config=bench.toml"}, code, said);
  }
};

TEST_F(OptionsRefusalTest, UnknownNamesAreMetWithTheNearestAndAllThatAreKnown) {
  expect_refused({"--workload=scna"}, Code::ValidationError,
                 {"--workload=scna: ", "did you mean scan?", "known: ", "stencil", "all"});
  expect_refused({"--workload=scan,sotr"}, Code::ValidationError,
                 {"--workload=sotr: ", "did you mean sort?"});
  expect_refused({"--allocator=arean"}, Code::ValidationError,
                 {"--allocator=arean: ", "did you mean arena?", "preallocated"});
  expect_refused({"--allocator=prealloc"}, Code::ValidationError, {"did you mean preallocated?"});
  expect_refused({"--sync=ends"}, Code::ValidationError,
                 {"--sync=ends: ", "did you mean end?", "end, phase, both"});
  expect_refused({"--device=gpu"}, Code::ValidationError, {"--device=gpu: ", "auto, cuda, host"});
  expect_refused({"--device=-1"}, Code::ValidationError, {"--device=-1: "});
  expect_refused({"--device=99999999999"}, Code::ValidationError, {"--device=99999999999: "});
  expect_refused({"--config=/dev/null"}, Code::FileError, {"--config=/dev/null: ", "regular file"});
  expect_refused({"--profile=maybe"}, Code::ValidationError, {"--profile=maybe: ", "true, false"});
}

TEST_F(OptionsRefusalTest, AnAllocatorThatIsNotBuiltInIsRefusedWithTheReason) {
  ASSERT_FALSE(absent_allocators().empty());
  for (const AllocatorInfo& row : absent_allocators()) {
    const std::string name{row.name};
    expect_refused({"--allocator=arena," + name}, Code::ValidationError,
                   {"--allocator=" + name + ": not built in: " + std::string{row.absence}});
  }
}

TEST_F(OptionsRefusalTest, NothingIsSuggestedWhereNothingIsNear) {
  EXPECT_FALSE(contains(run({"--workload=qqqqqqqq"}).err, "did you mean"));
}

TEST_F(OptionsRefusalTest, CountsAreNumbersWithinTheirRange) {
  for (const std::string flag : {"--iters", "--repetitions", "--elements"}) {
    expect_refused({flag + "=0"}, Code::ValidationError, {flag + "=0: ", "allowed: 1 to "});
    expect_refused({flag + "=18446744073709551616"}, Code::ValidationError,
                   {flag + "=18446744073709551616: "});
    expect_refused({flag + "=99999999999999999999"}, Code::ValidationError,
                   {"99999999999999999999: ", "allowed: 1"});
  }
  for (const std::string flag : {"--iters", "--warmup", "--repetitions", "--elements", "--seed"})
    for (const std::string value :
         {"-5", "many", "1.5", "1e6", "0x10", "10 ", "+1", "2^", "^2", "2^-1", "1Kib", "2^3^2"}) {
      if (value == "10 " && flag == "--elements") continue;  // blanks around the items of a list are let be
      expect_refused({flag + "=" + value}, Code::ConversionError,
                     {flag + "=" + value + ": not a count", "allowed: "});
    }
  expect_refused({"--iters=2^31"}, Code::ValidationError, {"--iters=2^31: ", "1 to 1000000000"});
  expect_refused({"--repetitions=10001"}, Code::ValidationError, {"--repetitions=10001: ", "1 to 10000"});
}

TEST_F(OptionsRefusalTest, SizesThatOverflowAreOutOfRange) {
  for (const std::string value :
       {"2^64", "10^20", "99999999999999999999", "2^99999999999999999999", "17179869184Gi"})
    expect_refused({"--elements=" + value}, Code::ValidationError,
                   {"--elements=" + value + ": out of range"});
}

TEST_F(OptionsRefusalTest, UnitsThatAreReadInTwoWaysAreNotTaken) {
  expect_refused({"--elements=64K"}, Code::ConversionError, {"--elements=64K: ambiguous", "64Ki"});
}

TEST_F(OptionsRefusalTest, SizesBelowAWorkloadsLeastNameIt) {
  for (const WorkloadInfo& workload : workloads()) {
    if (workload.min_elements < 2) continue;
    const std::string size = std::to_string(workload.min_elements - 1);
    expect_refused(
        {"--elements=" + size, "--workload=" + std::string{workload.name}}, Code::ValidationError,
        {"--elements=" + size + ": ", std::string{workload.name}, std::to_string(workload.min_elements)});
  }
}

TEST_F(OptionsRefusalTest, WorkloadsAndSizesAreNamedOnce) {
  expect_refused({"--workload=scan,scan"}, Code::ValidationError, {"--workload=scan: ", "more than once"});
  expect_refused({"--elements=2^16,65536"}, Code::ValidationError, {"--elements=65536: ", "more than once"});
}

TEST_F(OptionsRefusalTest, WaysToRunThatCannotBeTogetherSayWhy) {
  expect_refused({"--state=cold", "--graph"}, Code::ValidationError, {"--graph=true: ", "--state=steady"});
  expect_refused({"--state=both", "--threads=2"}, Code::ValidationError, {"--threads=2: ", "--state=steady"});
  expect_refused({"--graph", "--streams=2"}, Code::ValidationError, {"--streams=2: ", "leave out --graph"});
  expect_refused({"--threads=2", "--streams=3"}, Code::ValidationError,
                 {"--streams=3: ", "give one of the two"});
  for (const std::string flag : {"--state=cold", "--graph", "--threads=2", "--streams=2", "--flush-l2"})
    expect_refused({"--workload=replay", "--trace=gat_train", flag}, Code::ValidationError,
                   {flag, "leave out --workload=replay"});
}

TEST_F(OptionsRefusalTest, WaysToRunHaveTheirRanges) {
  expect_refused({"--state=warm"}, Code::ValidationError, {"--state=warm: ", "steady, cold, both"});
  for (const std::string flag : {"--threads", "--streams"}) {
    expect_refused({flag + "=0"}, Code::ValidationError, {flag + "=0: ", "allowed: 1 to 256"});
    expect_refused({flag + "=2,4,2"}, Code::ValidationError, {flag + "=2: ", "more than once"});
  }
  expect_refused({"--allocs-per-phase=4"}, Code::ValidationError,
                 {"--allocs-per-phase=4: ", "add --workload=allocs"});
  expect_refused({"--workload=allocs", "--elements=100", "--allocs-per-phase=8,200"}, Code::ValidationError,
                 {"--allocs-per-phase=200: ", "100 elements"});
  expect_refused({"--aa=true", "--allocator=arena"}, Code::ValidationError,
                 {"--aa=true: ", "add --allocator=preallocated"});
}

TEST_F(OptionsRefusalTest, AFlagThatTakesOneValueIsGivenOnce) {
  expect_refused({"--iters=1", "--iters=2"}, Code::ArgumentMismatch, {"--iters=2: ", "1"});
}

TEST_F(OptionsRefusalTest, AMissingValueIsNotTakenFromTheNextFlag) {
  for (const std::string flag : {"--iters", "--csv", "--workload", "--config"}) {
    expect_refused({flag}, Code::ArgumentMismatch, {flag + ": needs a value"});
    expect_refused({flag + "="}, Code::ArgumentMismatch, {flag + ": needs a value"});
    expect_refused({flag, "--profile"}, Code::ArgumentMismatch, {flag + ": needs a value"});
    expect_refused({flag + "=", "--profile"}, Code::ArgumentMismatch, {flag + ": needs a value"});
  }
  expect_refused({"--workload=scan,"}, Code::ArgumentMismatch, {"--workload: needs a value"});
  expect_refused({"--csv", ""}, Code::ArgumentMismatch, {"--csv: needs a value"});
  expect_refused({"--workload", ""}, Code::ArgumentMismatch, {"--workload: needs a value"});
}

TEST_F(OptionsRefusalTest, UnknownFlagsAreMetWithTheNearest) {
  expect_refused({"--itres=5"}, Code::ExtrasError,
                 {"--itres=5: unknown flag", "did you mean --iters?", "--help"});
  expect_refused({"-iters=5"}, Code::ExtrasError, {"-iters=5: unknown flag", "did you mean --iters?"});
  expect_refused({"--qqqqqqqq"}, Code::ExtrasError, {"--qqqqqqqq: unknown flag"});
  expect_refused({"-"}, Code::ExtrasError, {"-: "});
  expect_refused({"scan"}, Code::ExtrasError, {"scan: ", "without a flag"});
}

TEST_F(OptionsRefusalTest, FlagsOfGoogleBenchmarkGoBehindTheDashesAndNoOthers) {
  expect_refused({"--benchmark_context=a=b"}, Code::ExtrasError, {"--benchmark_context=a=b: ", "behind --"});
  expect_refused({"--", "--benchmark_out=x.json"}, Code::ExtrasError, {"--benchmark_out=x.json: use --json"});
  expect_refused({"--", "--benchmark_out_format=csv"}, Code::ExtrasError, {"use --json"});
  expect_refused({"--", "--benchmark_repetitions=3"}, Code::ExtrasError,
                 {"--benchmark_repetitions=3: use --repetitions"});
  expect_refused({"--", "--benchmark_enable_random_interleaving=true"}, Code::ExtrasError,
                 {"rounds", "--seed"});
  expect_refused({"--", "--iters=3"}, Code::ExtrasError, {"--iters=3: ", "before the --"});
}

TEST_F(OptionsRefusalTest, OutputsThatCannotBeWrittenAreFoundOutBeforehand) {
  std::filesystem::create_directory("directory");
  for (const std::string flag : {"--csv", "--json"}) {
    expect_refused({flag + "=directory"}, Code::ValidationError, {flag + "=directory: is a directory"});
    expect_refused({flag + "=new/"}, Code::ValidationError, {flag + "=new/: is a directory"});
    expect_refused({flag + "=missing/a.csv"}, Code::ValidationError,
                   {flag + "=missing/a.csv: ", "no directory missing"});
    write_file("file", "kept");
    expect_refused({flag + "=file/a.csv"}, Code::ValidationError, {flag + "=file/a.csv: "});
    const std::string long_name(300, 'x');
    expect_refused({flag + "=" + long_name}, Code::ValidationError,
                   {flag + "=" + long_name.substr(0, 97) + "...: cannot be written"});
  }
}

TEST_F(OptionsRefusalTest, OutputsWithoutPermissionAreFoundOutBeforehand) {
  std::filesystem::create_directory("locked");
  write_file("locked.csv", "kept");
  using enum std::filesystem::perms;
  std::filesystem::permissions("locked",
                               owner_read | owner_exec | group_read | group_exec | others_read | others_exec);
  std::filesystem::permissions("locked.csv", owner_read | others_read);
  const uid_t user = ::geteuid();
  constexpr uid_t nobody = 65534;
  if (user == 0) {  // to whom no permission is denied
    std::filesystem::permissions(".", all);
    ASSERT_EQ(::seteuid(nobody), 0);
  }
  const Outcome no_directory = run({"--csv=locked/a.csv"});
  const Outcome no_file = run({"--csv=locked.csv"});
  if (user == 0) {
    ASSERT_EQ(::seteuid(user), 0);
  }
  EXPECT_EQ(no_directory.exit_code, static_cast<int>(Code::ValidationError));
  EXPECT_TRUE(
      contains(no_directory.err, "--csv=locked/a.csv: no file can be made in locked: Permission denied"));
  EXPECT_EQ(no_file.exit_code, static_cast<int>(Code::ValidationError));
  EXPECT_TRUE(contains(no_file.err, "--csv=locked.csv: cannot be written: Permission denied"));
  EXPECT_EQ(read_file("locked.csv"), "kept");
}

TEST_F(OptionsRefusalTest, ABadDefaultIsSaidToBeTheDefault) {
  std::filesystem::create_directory("daa-bench.csv");
  expect_refused({}, Code::ValidationError, {"--csv=daa-bench.csv (the default): is a directory"});
}

TEST_F(OptionsRefusalTest, BothReportsDoNotGoToOnePlace) {
  expect_refused({"--csv=-", "--json=-"}, Code::ExcludesError, {"--json=-: ", "--csv=-"});
  expect_refused({"--csv=a", "--json=./a"}, Code::ExcludesError, {"--json=./a: ", "--csv=a"});
  write_file("b", "kept");
  std::filesystem::create_hard_link("b", "c");
  expect_refused({"--csv=b", "--json=c"}, Code::ExcludesError, {"--json=c: "});
}

TEST_F(OptionsRefusalTest, WhatIsReadIsNotWrittenOver) {
  write_file("a.csv", "kept");
  write_file("b.toml", "iters = 5");
  std::filesystem::create_symlink("a.csv", "link.csv");
  for (const Strings& args : {Strings{"--csv=a.csv"}, {"--json=./a.csv"}, {"--jsonl=link.csv"}})
    expect_refused({"--workload=replay", "--trace=a.csv", args[0]}, Code::ExcludesError,
                   {args[0] + ": is what --trace reads; name another file"});
  expect_refused({"--config=b.toml", "--csv=b.toml"}, Code::ExcludesError, {"is what --config reads"});
}

TEST_F(OptionsRefusalTest, ARunIsHeldAgainstNothingThatItWrites) {
  for (const Strings& args : {Strings{"--baseline=daa-bench.csv"}, {"--baseline=./a.csv", "--csv=a.csv"}})
    expect_refused(args, Code::ExcludesError, {": is what --baseline reads; name another file"});
  expect_refused({"--baseline=a.json", "--json=a.json"}, Code::ExcludesError,
                 {"--json=a.json: ", "--baseline"});
  expect_refused({"--baseline=a", "--verdicts=a"}, Code::ExcludesError, {"--verdicts=a: ", "--baseline"});
  std::filesystem::create_directory("folder");
  write_file("folder/a.csv", "kept");
  expect_refused({"--baseline=folder", "--csv=folder/a.csv"}, Code::ExcludesError,
                 {"--csv=folder/a.csv: is what --baseline reads"});
  expect_refused({"--baseline=a", "--verdicts=-", "--csv=-"}, Code::ExcludesError,
                 {"--verdicts=-: ", "--csv"});
  expect_refused({"--baseline=a", "--verdicts=none/a"}, Code::ValidationError, {"--verdicts=none/a: "});
}

TEST_F(OptionsRefusalTest, WhatJudgesNothingIsRefused) {
  for (const std::string flag : {"--threshold=0.1", "--absolute-ns=5", "--alpha=0.1", "--verdicts=v.csv"})
    expect_refused({flag}, Code::RequiresError, {flag + ": is of no use without --baseline"});
  EXPECT_TRUE(run({}, {{"DAA_BENCH_THRESHOLD", "0.1"}}).options);
  expect_refused({"--baseline=a", "--profile"}, Code::ExcludesError, {"--baseline=a: ", "--profile"});
}

TEST_F(OptionsRefusalTest, FractionsAreNumbersWithinTheirRange) {
  for (const std::string flag : {"--threshold", "--absolute-ns", "--alpha", "--plant-delay"})
    for (const std::string value : {"many", "1,5", "5%", "0x1", " 1", "host"})
      expect_refused({"--baseline=a", flag + "=" + value}, Code::ConversionError,
                     {flag + "=" + value + ": not a number", "allowed: "});
  expect_refused({"--baseline=a", "--threshold=-0.1"}, Code::ValidationError,
                 {"--threshold=-0.1: out of range"});
  expect_refused({"--baseline=a", "--threshold=nan"}, Code::ValidationError,
                 {"--threshold=nan: out of range"});
  expect_refused({"--baseline=a", "--alpha=0"}, Code::ValidationError, {"--alpha=0: out of range"});
  expect_refused({"--plant-delay=11"}, Code::ValidationError, {"--plant-delay=11: out of range", "0 to 10"});
}

TEST_F(OptionsRefusalTest, NeitherDoTheSamplesGoWhereAReportGoes) {
  expect_refused({"--csv=-", "--jsonl=-"}, Code::ExcludesError, {"--jsonl=-: ", "--csv=-"});
  expect_refused({"--json=a", "--jsonl=./a"}, Code::ExcludesError, {"--jsonl=./a: ", "--json=a"});
}

TEST_F(OptionsRefusalTest, NumbersAreNumbersWithinTheirRange) {
  for (const std::string flag : {"--max-noise", "--timeout"}) {
    for (const std::string value : {"much", "1%", "0.01s", "0x1", " 1"})
      expect_refused({flag + "=" + value}, Code::ConversionError,
                     {flag + "=" + value + ": not a number", "allowed: "});
    for (const std::string value : {"0", "-1", "1e99", "nan"})
      expect_refused({flag + "=" + value}, Code::ValidationError,
                     {flag + "=" + value + ": out of range", "allowed: "});
  }
}

TEST_F(OptionsRefusalTest, ARatioIsToWhatIsMeasured) {
  expect_refused({"--against=arean"}, Code::ValidationError, {"--against=arean: ", "did you mean arena?"});
  expect_refused({"--allocator=preallocated", "--against=arena"}, Code::ValidationError,
                 {"--against=arena: is not measured; add it to --allocator"});
}

TEST_F(OptionsRefusalTest, NoiseIsJudgedOverEnoughRepetitionsOfARatio) {
  expect_refused({"--max-noise=0.01", "--repetitions=8"}, Code::ValidationError,
                 {"--repetitions=8: ", "allowed: 9 to "});
  expect_refused({"--max-noise=0.01", "--allocator=arena"}, Code::ValidationError,
                 {"--max-noise=0.01: ", "preallocated", "not measured", "--against"});
  expect_refused({"--max-noise=0.01", "--profile"}, Code::ValidationError,
                 {"--max-noise=0.01: ", "--profile"});
}

TEST_F(OptionsRefusalTest, WhatReplaysDoNotHaveIsRefusedForThem) {
  for (const std::string flag : {"--max-noise=0.01", "--jsonl=a", "--flush-l2", "--graph", "--threads=2"})
    expect_refused(
        {"--workload=scan,replay", "--trace=gat_train", flag}, Code::ValidationError,
        {flag.substr(0, flag.find('=')), "not for replays of traces", "leave out --workload=replay"});
}

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

TEST_F(OptionsRefusalTest, LongValuesAreCutSoThatTheReasonIsInSight) {
  const std::string text(500, 'x');
  const std::string cut = text.substr(0, 97) + "...";
  write_file("long-line.toml", text + '\n');
  write_file("long-key.toml", text + " = 5\n");
  const struct {
    Strings args;
    Code code;
    std::string said;
  } cases[]{
      {{"--iters=" + text}, Code::ConversionError, "--iters=" + cut + ": not a count"},
      {{"--workload=scan," + text}, Code::ValidationError, "--workload=" + cut + ": unknown"},
      {{"--iters=" + text, "--iters=2"}, Code::ArgumentMismatch, "was given " + cut + " before"},
      {{"--" + text}, Code::ExtrasError, "--" + text.substr(0, 95) + "...: unknown flag"},
      {{text}, Code::ExtrasError, cut + ": no argument"},
      {{"--csv=" + text + "/a"}, Code::ValidationError, "--csv=" + cut + ": cannot be written"},
      {{"--config=" + text}, Code::FileError, "--config=" + cut + ": cannot be read"},
      {{"--config=long-line.toml"}, Code::ConfigError, "\"" + cut + "\": expected key = value"},
      {{"--config=long-key.toml"}, Code::ConfigError, ": " + cut + ": unknown key"},
      {{"--", "--" + text}, Code::ExtrasError, "-- --" + text.substr(0, 95) + "...: not a flag"},
  };
  for (const auto& [args, code, said] : cases) {
    expect_refused(args, code, {said});
    EXPECT_LT(run(args).err.size(), 500u);
  }
  expect_refused({}, Code::ConversionError, {"DAA_BENCH_ITERS=" + cut + ": not a count"},
                 {{"DAA_BENCH_ITERS", text}});
}

TEST_F(OptionsRefusalTest, AValueOfUsualLengthIsShownWhole) {
  const std::string path = std::string(90, 'x') + "/rows.csv";
  expect_refused({"--csv=" + path}, Code::ValidationError, {"--csv=" + path + ": there is no directory"});
}

TEST_F(OptionsRefusalTest, ControlCharactersAndOtherScriptsStayOnOneLine) {
  expect_refused({"--workload=a\nb\t\x1b[2J"}, Code::ValidationError, {"--workload=a\\nb\\t\\x1b[2J: "});
}

}  // namespace
}  // namespace daa::bench
