// What a command line that is right means.

#include <tuple>

#include "options_fixture.hpp"

namespace daa::bench {
namespace {

using Sizes = std::vector<std::size_t>;
using SyncModes = std::vector<SyncMode>;

const WorkloadInfo& workload_of(const Options& options) {
  return *options.workloads.front();
}

TEST_F(OptionsTest, NothingGivenMeansEverythingOnceAtItsDefault) {
  const Options options = parse({});
  EXPECT_EQ(options.workloads.size(), workloads().size());
  EXPECT_EQ(options.allocators.size(), allocators().size() + 1) << "preallocated is measured again";
  EXPECT_EQ(options.states, std::vector{State::steady});
  EXPECT_FALSE(options.graph || options.flush_l2);
  EXPECT_TRUE(options.count_calls);
  EXPECT_TRUE(options.threads.empty() && options.streams.empty() && options.allocs_per_phase.empty());
  EXPECT_EQ(options.elements, (Sizes{std::size_t{1} << 20}));
  EXPECT_EQ(options.iters, 1000u);
  EXPECT_EQ(options.warmup, 20u);
  EXPECT_EQ(options.repetitions, 5u);
  EXPECT_EQ(options.sync_modes, (SyncModes{SyncMode::end}));
  EXPECT_EQ(options.device, DeviceKind::automatic);
  EXPECT_EQ(options.csv_path, "daa-bench.csv");
  EXPECT_EQ(options.json_path, "");
  EXPECT_EQ(options.jsonl_path, "");
  EXPECT_EQ(options.against, "preallocated");
  EXPECT_EQ(options.max_noise, std::nullopt);
  EXPECT_EQ(options.timeout_s, std::nullopt);
  EXPECT_FALSE(options.profile);
  EXPECT_EQ(options.benchmark_args.size(), 0);
}

TEST_F(OptionsTest, ParsingTouchesNoFile) {
  write_file("old.csv", "kept");
  const auto before = files();
  parse({"--csv=old.csv", "--json=new.json"});
  EXPECT_EQ(files(), before);
}

TEST_F(OptionsTest, ListsAreSeparatedByCommasOrRepeated) {
  const Strings expected{"sort", "scan"};
  EXPECT_EQ(names(parse({"--workload=sort,scan"}).workloads), expected);
  EXPECT_EQ(names(parse({"--workload", "sort", "--workload", "scan"}).workloads), expected);
  EXPECT_EQ(names(parse({"--workload=sort, scan"}).workloads), expected);
}

TEST_F(OptionsTest, AnAllocatorNamedTwiceIsThereTwice) {
  EXPECT_EQ(names(parse({"--allocator=arena,preallocated,arena"}).allocators),
            (Strings{"arena", "preallocated", "preallocated", "arena"}));
  EXPECT_EQ(parse({"--allocator=all,arena", "--aa=false"}).allocators.size(), allocators().size() + 1);
}

TEST_F(OptionsTest, PreallocatedIsMeasuredAgainWhereOthersAreComparedWithIt) {
  const auto of = [](Strings args) { return names(parse(args).allocators); };
  EXPECT_EQ(of({"--allocator=arena,preallocated"}), (Strings{"arena", "preallocated", "preallocated"}));
  EXPECT_EQ(of({"--allocator=preallocated"}), (Strings{"preallocated"})) << "there is no comparison";
  EXPECT_EQ(of({"--allocator=arena"}), (Strings{"arena"})) << "nor here";
  EXPECT_EQ(of({"--allocator=preallocated,arena,preallocated"}),
            (Strings{"preallocated", "arena", "preallocated"}));
  EXPECT_EQ(of({"--allocator=preallocated,arena", "--aa=false"}), (Strings{"preallocated", "arena"}));
  EXPECT_EQ(of({"--allocator=preallocated,arena", "--profile"}), (Strings{"preallocated", "arena"}));
  EXPECT_EQ(of({"--allocator=preallocated,arena", "--profile", "--aa=true"}),
            (Strings{"preallocated", "preallocated", "arena"}));
}

TEST_F(OptionsTest, WorkloadsThatAreMadeToFindSomethingOutAreRunWhereTheyAreNamed) {
  EXPECT_EQ(parse({"--workload=all"}).workloads.size(), workloads().size());
  EXPECT_EQ(names(parse({"--workload=none,scan,allocs"}).workloads), (Strings{"none", "scan", "allocs"}));
}

TEST_F(OptionsTest, ASweepOverAllocationsIsInOrderAndHasADefaultThatFits) {
  EXPECT_EQ(parse({"--workload=allocs", "--allocs-per-phase=64,1,8"}).allocs_per_phase, (Sizes{1, 8, 64}));
  EXPECT_EQ(parse({"--workload=allocs"}).allocs_per_phase, (Sizes{1, 4, 16, 64, 256, 1024}));
  EXPECT_EQ(parse({"--workload=allocs", "--elements=100,2^20"}).allocs_per_phase, (Sizes{1, 4, 16, 64}));
}

TEST_F(OptionsTest, StatesAreOneOrBoth) {
  EXPECT_EQ(parse({"--state=cold"}).states, std::vector{State::cold});
  EXPECT_EQ(parse({"--state=both"}).states, (std::vector{State::steady, State::cold}));
}

TEST_F(OptionsTest, SizesAreDecimalPowersOrBinaryMultiples) {
  EXPECT_EQ(parse({"--elements=65536,2^17,4Mi", "--elements", "10^5"}).elements,
            (Sizes{65536, 131072, 4194304, 100000}));
  EXPECT_EQ(parse({"--elements=2^31"}).elements, (Sizes{std::size_t{1} << 31}));
}

TEST_F(OptionsTest, StandardOutputHasTwoNames) {
  EXPECT_EQ(parse({"--csv=/dev/stdout"}).csv_path, "-");
}

TEST_F(OptionsTest, CountsAndSeedAreTaken) {
  const Options options = parse({"--iters=10", "--warmup=0", "--repetitions", "3", "--seed=0"});
  EXPECT_EQ(options.iters, 10u);
  EXPECT_EQ(options.warmup, 0u);
  EXPECT_EQ(options.repetitions, 3u);
  EXPECT_EQ(options.seed, 0u);
}

TEST_F(OptionsTest, SeedDiffersFromRunToRunUnlessGiven) {
  EXPECT_NE(parse({}).seed, parse({}).seed);
}

TEST_F(OptionsTest, BothSyncModesRunOneAfterTheOther) {
  EXPECT_EQ(parse({"--sync=phase"}).sync_modes, (SyncModes{SyncMode::phase}));
  EXPECT_EQ(parse({"--sync=both"}).sync_modes, (SyncModes{SyncMode::end, SyncMode::phase}));
}

TEST_F(OptionsTest, AnIndexIsACudaDevice) {
  EXPECT_EQ(parse({"--device=host"}).device, DeviceKind::host);
  EXPECT_EQ(parse({"--device=cuda"}).device, DeviceKind::cuda);
  const Options options = parse({"--device=3"});
  EXPECT_EQ(options.device, DeviceKind::cuda);
  EXPECT_EQ(options.device_index, 3);
}

TEST_F(OptionsTest, ADelayIsPlantedAtTheEndUnlessAtTheHost) {
  EXPECT_EQ(parse({"--plant-delay=0.05"}).planted.end_to_end, 0.05);
  EXPECT_EQ(parse({"--plant-delay=0.05"}).planted.host_enqueue, 0);
  EXPECT_EQ(parse({"--plant-delay=host:0.03"}).planted.end_to_end, 0);
  EXPECT_EQ(parse({"--plant-delay=host:0.03"}).planted.host_enqueue, 0.03);
  EXPECT_EQ(parse({}).planted_given, "");
}

TEST_F(OptionsTest, NoiseBoundsTheRepetitionsOfWhichThereMayThenBeMore) {
  const Options options = parse({"--max-noise=0.01", "--timeout=90"});
  EXPECT_EQ(options.max_noise, 0.01);
  EXPECT_EQ(options.timeout_s, 90);
  EXPECT_EQ(options.repetitions, 100u);
  EXPECT_EQ(parse({"--max-noise=0.01", "--repetitions=31"}).repetitions, 31u);
}

TEST_F(OptionsTest, RatiosMayBeToAnyAllocatorThatIsMeasured) {
  EXPECT_EQ(parse({"--against=arena"}).against, "arena");
  EXPECT_EQ(parse({"--allocator=arena"}).against, "preallocated") << "though it is not measured";
}

TEST_F(OptionsTest, NoneIsNoFile) {
  const Options options = parse({"--csv=none", "--json=none"});
  EXPECT_EQ(options.csv_path, "");
  EXPECT_EQ(options.json_path, "");
}

TEST_F(OptionsTest, WhatFollowsTheDashesGoesToGoogleBenchmarkUntouched) {
  EXPECT_EQ(parse({"--iters=1", "--", "--benchmark_context=a=b,c", "--v=2"}).benchmark_args,
            (Strings{"--benchmark_context=a=b,c", "--v=2"}));
}

// A flag, a value other than the default, and a way to see it.
struct Twin {
  std::string flag;
  std::string value;
};

Strings trace_names(const Options& options) {
  Strings names;
  for (const auto& trace : options.traces) names.push_back(trace->name);
  return names;
}

TEST_F(OptionsTest, EveryFlagMeansTheSameInTheEnvironmentAndInAConfigFile) {
  const std::vector<Twin> twins{{"workload", "sort,scan"},
                                {"allocator", "arena"},
                                {"elements", "2^12,4096Ki"},
                                {"sync", "both"},
                                {"device", "2"},
                                {"iters", "7"},
                                {"warmup", "8"},
                                {"repetitions", "9"},
                                {"seed", "10"},
                                {"profile", "true"},
                                {"csv", "a b.csv"},
                                {"json", "c.json"},
                                {"phase-rows", "11"},
                                {"trace", "gat_train"},
                                {"min-fit", "true"},
                                {"state", "both"},
                                {"graph", "true"},
                                {"threads", "2,4"},
                                {"streams", "3"},
                                {"allocs-per-phase", "4,8"},
                                {"flush-l2", "true"},
                                {"count-calls", "false"},
                                {"aa", "false"},
                                {"against", "arena"},
                                {"max-noise", "0.02"},
                                {"timeout", "1.5"},
                                {"jsonl", "d.jsonl"},
                                {"baseline", "base.csv"},
                                {"threshold", "0.1"},
                                {"absolute-ns", "7"},
                                {"visible", "0.2"},
                                {"alpha", "0.05"},
                                {"ignore-context", "true"},
                                {"verdicts", "v.csv"},
                                {"plant-delay", "host:0.05"}};
  const auto seen = [](const Options& o) {
    return std::tuple{names(o.workloads),
                      names(o.allocators),
                      o.elements,
                      o.sync_modes,
                      o.device,
                      o.device_index,
                      o.iters,
                      o.warmup,
                      o.repetitions,
                      o.profile,
                      o.csv_path,
                      o.json_path,
                      o.seed,
                      o.phase_rows,
                      trace_names(o),
                      o.min_fit,
                      o.states,
                      o.graph,
                      o.threads,
                      o.streams,
                      o.allocs_per_phase,
                      o.flush_l2,
                      o.count_calls,
                      o.against,
                      o.max_noise,
                      o.timeout_s,
                      o.jsonl_path,
                      o.baseline_path,
                      o.verdicts_path,
                      o.gate.threshold,
                      o.gate.absolute_ns,
                      o.gate.alpha,
                      o.gate.visible,
                      o.gate.ignore_context,
                      o.planted_given,
                      o.planted.host_enqueue};
  };
  const std::string seed =
      "--seed=1";  // so that runs can be compared; given again where it is the flag in question
  std::size_t compared = 0;
  for (const Flag& flag : flags()) {
    for (const auto& [name, value] : twins) {
      if (name != flag.name) continue;
      SCOPED_TRACE(name);
      ++compared;
      Strings others = name == "seed" ? Strings{} : Strings{seed};
      if (name == "phase-rows" || name == "trace" || name == "min-fit") others.push_back("--workload=replay");
      if (name == "allocs-per-phase") others.push_back("--workload=allocs");
      if (flag.group == gate_group && name != "baseline") others.emplace_back("--baseline=held-against.csv");
      Strings typed = others;
      typed.push_back("--" + name + "=" + value);
      const auto expected = seen(parse(typed));
      if (name != "seed") {
        EXPECT_NE(expected, seen(parse(others)));
      }
      EXPECT_EQ(seen(parse(others, {{environment_name(flag), value}})), expected);
      write_file("twins.toml", name + " = \"" + value + "\"\n");
      Strings configured = others;
      configured.push_back("--config=twins.toml");
      EXPECT_EQ(seen(parse(configured)), expected);
    }
  }
  EXPECT_EQ(compared, flags().size() - 1);  // all but --config
}

TEST_F(OptionsTest, CommandLineBeatsEnvironmentBeatsConfigFileBeatsDefault) {
  write_file("iters.toml", "iters = 2\n");
  for (const bool config : {false, true})
    for (const bool environment : {false, true})
      for (const bool typed : {false, true}) {
        Strings args;
        if (config) args.push_back("--config=iters.toml");
        if (typed) args.push_back("--iters=4");
        Variables variables;
        if (environment) variables["DAA_BENCH_ITERS"] = "3";
        EXPECT_EQ(parse(args, variables).iters, typed ? 4u : environment ? 3u : config ? 2u : 1000u);
      }
}

TEST_F(OptionsTest, TheConfigFileItselfMayBeNamedInTheEnvironment) {
  write_file("iters.toml", "iters = 2\n");
  EXPECT_EQ(parse({}, {{"DAA_BENCH_CONFIG", "iters.toml"}}).iters, 2u);
}

TEST_F(OptionsTest, AnEmptyVariableIsAsIfUnset) {
  EXPECT_EQ(parse({}, {{"DAA_BENCH_ITERS", ""}}).iters, 1000u);
  EXPECT_EQ(parse({}, {{"DAA_BENCH_ITER", ""}}).iters, 1000u);
}

TEST_F(OptionsTest, VariablesOfOthersAreLetBe) {
  EXPECT_EQ(parse({}, {{"DAA_BENCHMARK", "1"}, {"DAA_ITERS", "5"}, {"XDAA_BENCH_ITERS", "5"}}).iters, 1000u);
}

TEST_F(OptionsTest, ConfigFilesHaveCommentsListsAndArrays) {
  write_file("all.toml",
             "# what\nworkload = [\"sort\", \"scan\"]  # two\n\n; how\nelements = 2^10, 2^11\r\n"
             "allocator = [  # two\n  \"arena\", # one\n\n  \"preallocated\",\n]\nprofile=true\n");
  const Options options = parse({"--config", "all.toml"});
  EXPECT_EQ(names(options.workloads), (Strings{"sort", "scan"}));
  EXPECT_EQ(names(options.allocators), (Strings{"arena", "preallocated"}));
  EXPECT_EQ(options.elements, (Sizes{1024, 2048}));
  EXPECT_TRUE(options.profile);
}

TEST_F(OptionsTest, AConfigFileMayBeginWithAByteOrderMark) {
  write_file("marked.toml", "\xef\xbb\xbfiters = 2\n");
  EXPECT_EQ(parse({"--config=marked.toml"}).iters, 2u);
  write_file("only-marked.toml", "\xef\xbb\xbf");
  EXPECT_EQ(parse({"--config=only-marked.toml"}).iters, 1000u);
}

TEST_F(OptionsTest, HelpTellsOfEveryFlagAndItsDefault) {
  const Outcome outcome = run({"--help"});
  EXPECT_FALSE(outcome.options);
  EXPECT_EQ(outcome.exit_code, 0);
  EXPECT_EQ(outcome.err, "");
  for (const Flag& flag : flags()) {
    EXPECT_TRUE(contains(outcome.out, "--" + std::string{flag.name}));
    EXPECT_TRUE(contains(outcome.out, std::string{flag.default_value}));
  }
  EXPECT_TRUE(contains(outcome.out, "Exit codes"));
  std::istringstream lines{outcome.out};
  for (std::string line; std::getline(lines, line);) EXPECT_LE(line.size(), 86u) << line;
}

TEST_F(OptionsTest, ListNamesEveryWorkloadAndAllocatorWithItsSummary) {
  const Outcome outcome = run({"--list"});
  EXPECT_FALSE(outcome.options);
  EXPECT_EQ(outcome.exit_code, 0);
  for (const WorkloadInfo& row : workloads()) EXPECT_TRUE(contains(outcome.out, std::string{row.summary}));
  for (const WorkloadInfo& row : synthetic_workloads())
    EXPECT_TRUE(contains(outcome.out, std::string{row.summary}));
  for (const AllocatorInfo& row : allocators()) EXPECT_TRUE(contains(outcome.out, std::string{row.summary}));
}

TEST_F(OptionsTest, ListNamesTheAllocatorsThatAreNotBuiltInWithTheReason) {
  const std::string list = run({"--list"}).out;
  ASSERT_FALSE(absent_allocators().empty());
  const std::string absent = list.substr(list.find("Allocators that are not built in:"));
  for (const AllocatorInfo& row : absent_allocators()) {
    EXPECT_TRUE(contains(absent, "\n  " + std::string{row.name} + ' '));
    EXPECT_TRUE(contains(absent, ' ' + std::string{row.absence} + '\n'));
  }
}

TEST_F(OptionsTest, OnTheHostRuntimeTheAllocatorsOfOthersNeedAGpu) {
  std::vector<std::string_view> absent;
  for (const AllocatorInfo& row : absent_allocators()) {
    absent.push_back(row.name);
    EXPECT_TRUE(row.absence.starts_with("needs a GPU")) << row.name;
  }
  EXPECT_EQ(absent, (std::vector<std::string_view>{"cub-caching", "thrust-pool", "rmm-pool", "rmm-async",
                                                   "rmm-arena", "torch-caching"}));
}

TEST_F(OptionsTest, VersionIsOneLine) {
  const Outcome outcome = run({"--version"});
  EXPECT_EQ(outcome.exit_code, 0);
  EXPECT_TRUE(matches(outcome.out, "daa-bench [0-9.]+ \\([0-9a-z-]+\\)\n"));
}

TEST_F(OptionsTest, QuestionsAreAnsweredWhateverElseIsWrong) {
  EXPECT_EQ(run({"--help", "--iters=0"}).exit_code, 0);
  EXPECT_EQ(run({"--list", "--iters=0"}).exit_code, 0);
  EXPECT_EQ(run({"--version"}, {{"DAA_BENCH_ITERS", "0"}}).exit_code, 0);
  EXPECT_EQ(run({"--help"}, {{"DAA_BENCH_ITER", "5"}}).exit_code, 0);
}

TEST_F(OptionsTest, ASizeThatFitsExactlyIsNotOversized) {
  const std::size_t per_element = workloads().front().bytes_per_element;
  Options options = parse({"--elements=2^20"});
  options.workloads = {&workloads().front()};
  EXPECT_EQ(find_oversized(options, per_element << 20), std::nullopt);
  const auto line = find_oversized(options, (per_element << 20) - 1);
  ASSERT_TRUE(line);
  EXPECT_TRUE(contains(*line, "--elements=1048576: " + std::string{workloads().front().name}));
  EXPECT_TRUE(contains(*line, "the largest that fits is 1048575"));
}

TEST_F(OptionsTest, AnOversizedOneIsNamedAfterWhereItWasGiven) {
  write_file("sizes.toml", "elements = 2^20\n");
  EXPECT_TRUE(find_oversized(parse({}, {{"DAA_BENCH_ELEMENTS", "2^20"}}), 1)
                  ->starts_with("DAA_BENCH_ELEMENTS=1048576: "));
  EXPECT_TRUE(
      find_oversized(parse({"--config=sizes.toml"}), 1)->starts_with("sizes.toml: elements=1048576: "));
  EXPECT_TRUE(find_oversized(parse({}), 1)->starts_with("--elements=1048576: "));
}

TEST_F(OptionsTest, EachStreamHasItsCopyOfTheWorkload) {
  const std::size_t per_element = workload_of(parse({"--workload=scan"})).bytes_per_element;
  for (const std::string lanes : {"--threads=1,4,2", "--streams=4"}) {
    const Options options = parse({"--workload=scan", "--elements=2^20", lanes});
    const std::size_t needed = (4 + 1) * (per_element << 20);  // one is for verifying
    EXPECT_EQ(find_oversized(options, needed), std::nullopt);
    EXPECT_TRUE(contains(find_oversized(options, needed - 1).value(), "4 streams"));
  }
}

TEST_F(OptionsTest, ASizeWhoseBytesDoNotFit64BitsIsOversized) {
  Options options = parse({"--elements=1000"});
  options.elements = {18446744073709551615u};
  EXPECT_TRUE(find_oversized(options, std::size_t{1} << 40));
}

}  // namespace
}  // namespace daa::bench
