// Names that are unknown and flags that do not go together are refused.

#include "options_refusal_fixture.hpp"

namespace daa::bench {
namespace {

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

TEST_F(OptionsRefusalTest, WhatJudgesNothingIsRefused) {
  for (const std::string flag : {"--threshold=0.1", "--absolute-ns=5", "--alpha=0.1", "--verdicts=v.csv"})
    expect_refused({flag}, Code::RequiresError, {flag + ": is of no use without --baseline"});
  EXPECT_TRUE(run({}, {{"DAA_BENCH_THRESHOLD", "0.1"}}).options);
  expect_refused({"--baseline=a", "--profile"}, Code::ExcludesError, {"--baseline=a: ", "--profile"});
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

}  // namespace
}  // namespace daa::bench
