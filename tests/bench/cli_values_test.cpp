// What flags mean, wherever they are given.

#include "cli_fixture.hpp"

namespace daa::bench {
namespace {

const std::string traces = "bert_train,gat_train,gpt2_decode,resnet50_infer,sort_unique_topk";

TEST_F(CommandLine, EveryFlagMeansTheSameOnTheCommandLineInTheEnvironmentAndInAFile) {
  const struct {
    std::string key, value;
    Strings others;
    std::string changes;
  } rows[]{
      {"workload", "sort,scan", {}, "workloads=sort,scan"},
      {"workload", "none,scan", {}, "workloads=none,scan"},
      {"workload", "replay", {}, "traces=" + traces + " workloads="},
      {"workload", "all,replay", {}, "traces=" + traces},
      {"workload", "allocs", {}, "allocs_per_phase=1,4,16,64,256,1024 workloads=allocs"},
      {"trace",
       "resnet50_infer,gat_train",
       {"--workload=replay"},
       "traces=resnet50_infer,gat_train workloads="},
      {"vary", "drop", {"--workload=replay", "--trace=gat_train"}, "traces=gat_train vary=drop workloads="},
      {"vary",
       "scale,none",
       {"--workload=scan,replay", "--trace=gat_train"},
       "traces=gat_train vary=scale,none workloads=scan"},
      {"allocator", "arena", {}, "allocators=arena"},
      {"against", "arena", {}, "against=arena"},
      {"elements", "65536,2^17,4Mi,10^5", {}, "elements=65536,131072,4194304,100000"},
      {"elements", "2^31", {}, "elements=2147483648"},
      {"elements", "100", {"--workload=allocs"}, "allocs_per_phase=1,4,16,64 elements=100 workloads=allocs"},
      {"allocs-per-phase", "64,1,8", {"--workload=allocs"}, "allocs_per_phase=1,8,64 workloads=allocs"},
      {"device", "host", {}, "device=2:0"},
      {"device", "cuda", {}, "device=1:0"},
      {"device", "3", {}, "device=1:3"},
      {"sync", "phase", {}, "sync=phase"},
      {"sync", "both", {}, "sync=end,phase"},
      {"state", "cold", {}, "modes=cold"},
      {"state", "both", {}, "modes=steady,cold"},
      {"graph", "true", {}, "modes=graph"},
      {"threads", "2,4", {}, "threads=2,4"},
      {"streams", "3", {}, "streams=3"},
      {"flush-l2", "true", {}, "flush_l2=true"},
      {"iters", "7", {}, "iters=7 replay_iters=7"},
      {"warmup", "0", {}, "replay_warmup=0 warmup=0"},
      {"repetitions", "9", {}, "repetitions=9"},
      {"max-noise", "0.02", {}, "max_noise=0.02 repetitions=100"},
      {"max-noise", "0.02", {"--repetitions=31"}, "max_noise=0.02 repetitions=31"},
      {"timeout", "1.5", {}, "timeout=1.5"},
      {"profile", "1", {"--allocator=arena"}, "allocators=arena profile=true repetitions=1"},
      {"count-calls", "false", {}, "count_calls=false"},
      {"oversubscribe", "true", {}, "oversubscribe=true"},
      {"per-rank", "true", {}, "per_rank=true"},
      {"rank-timeout", "7.5", {}, "rank_timeout=7.5"},
      {"csv", "a b.csv", {}, "csv=a b.csv"},
      {"csv", "/dev/stdout", {}, "csv=-"},
      {"csv", "none", {}, "csv="},
      {"json", "c.json", {}, "json=c.json"},
      {"baseline", "base.csv", {}, "baseline=base.csv"},
      {"ignore-context", "true", {"--baseline=b"}, "baseline=b ignore_context=true"},
      {"verdicts", "v.csv", {"--baseline=b"}, "baseline=b verdicts=v.csv"},
  };
  std::string help = answer({"--help"});
  for (const auto& [key, value, others, expected] : rows) {
    SCOPED_TRACE(key + '=' + value);
    const auto with = [&others = others](std::string last) {
      Strings args = others;
      args.push_back(std::move(last));
      return args;
    };
    EXPECT_EQ(changes(with(fmt::format("--{}={}", key, value))), expected);
    std::string variable = "DAA_BENCH_" + key;
    for (char& c : variable) c = c == '-' ? '_' : static_cast<char>(std::toupper(c));
    EXPECT_EQ(changes(others, {{variable, value}}), expected);
    write_file("flags.toml", fmt::format("{} = \"{}\"\n", key, value));
    if (value.find(',') != std::string::npos) write_file("flags.toml", key + " = " + value + '\n');
    EXPECT_EQ(changes(with("--config=flags.toml")), expected);
    if (const auto heading = help.find(fmt::format("\n  --{}", key)); heading != std::string::npos)
      help.replace(heading, 5, "seen ");
  }
  for (const std::string other : {"config", "seed", "list", "version"})
    help.replace(help.find("\n  --" + other), 5, "seen ");
  EXPECT_EQ(help.find("\n  --"), std::string::npos) << help.substr(help.find("\n  --"), 40) << ": in no row";
}

TEST_F(CommandLine, WithoutFlagsEverythingIsMeasuredOnceAtItsDefault) {
  const RunConfig config = run({});
  EXPECT_EQ(config.workloads.size(), workloads().size());
  EXPECT_EQ(config.allocators.size(), allocators().size() + 1) << "preallocated twice";
  auto settings = describe(config);
  EXPECT_EQ(settings["elements"], "1048576");
  EXPECT_EQ(settings["iters"] + ' ' + settings["warmup"] + ' ' + settings["repetitions"], "1000 20 5");
  EXPECT_EQ(settings["replay_iters"] + ' ' + settings["replay_warmup"], "30 6");
  EXPECT_EQ(settings["modes"] + ' ' + settings["sync"] + ' ' + settings["vary"], "steady end none");
  EXPECT_EQ(settings["csv"] + '|' + settings["json"] + '|' + settings["traces"], "daa-bench.csv||");
}

TEST_F(CommandLine, ListsMayBeRepeatedAndHaveBlanks) {
  for (const Strings& args : std::vector<Strings>{{"--workload", "sort", "--workload", "scan"},
                                                  {"--workload=sort, scan"},
                                                  {"--workload", "sort,scan"}})
    EXPECT_EQ(changes(args), "workloads=sort,scan");
}

TEST_F(CommandLine, PreallocatedIsMeasuredAgainWhereOthersAreComparedWithIt) {
  const std::pair<std::string, std::string> rows[]{
      {"arena,preallocated", "arena,preallocated,preallocated"},
      {"arena,preallocated,arena", "arena,preallocated,preallocated,arena"},
      {"preallocated,arena,preallocated", "preallocated,arena,preallocated"},
      {"preallocated", "preallocated"},
      {"arena", "arena"}};
  for (const auto& [given, measured] : rows)
    EXPECT_EQ(changes({"--allocator=" + given}), "allocators=" + measured);
  EXPECT_EQ(describe(run({"--allocator=preallocated,arena", "--profile"}))["allocators"],
            "preallocated,arena");
  EXPECT_EQ(run({"--allocator=all,arena"}).allocators.size(), allocators().size() + 2);
}

TEST_F(CommandLine, ASeedIsDrawnUnlessGiven) {
  EXPECT_NE(run({}).seed, run({}).seed);
  EXPECT_EQ(run({"--seed=0"}).seed, 0u);
  EXPECT_EQ(run({"--seed=18446744073709551615"}).seed, 18446744073709551615u);
  EXPECT_EQ(run({}, {{"DAA_BENCH_SEED", "10"}}).seed, 10u);
}

TEST_F(CommandLine, TracesAreNamedAfterTheirFilesAndBundledOnesAreFoundFromAnyFolder) {
  std::filesystem::create_directory("logs");
  write_file("logs/mine.csv", "");
  write_file("other.log", "");
  const RunConfig config =
      run({"--workload=replay", "--trace=logs/mine.csv", "--trace", "other.log,gat_train"});
  EXPECT_EQ(describe(config)["traces"], "mine,other.log,gat_train");
  EXPECT_EQ(config.traces.front().path, "logs/mine.csv");
  EXPECT_TRUE(std::filesystem::is_regular_file(config.traces.back().path));
}

TEST_F(CommandLine, ParsingTouchesNoFile) {
  write_file("old.csv", "kept");
  const auto before = files();
  run({"--csv=old.csv", "--json=new.json"});
  EXPECT_EQ(files(), before);
}

TEST_F(CommandLine, CompareTakesTwoResultsAndTheFlagsOfTheGate) {
  const auto config = std::get<CompareConfig>(
      parse({"compare", "a", "--alpha=0.05", "b", "--verdicts=-"}, {{"DAA_BENCH_THRESHOLD", "0.1"}}));
  EXPECT_EQ(config.base_path + ' ' + config.head_path + ' ' + config.verdicts.path, "a b -");
  EXPECT_EQ(config.gate.alpha, 0.05);
  EXPECT_EQ(config.gate.threshold, 0.1);
  EXPECT_EQ(config.gate.visible, GateConfig{}.visible);
}

TEST_F(CommandLine, HelpNamesEveryDefaultAndFitsATerminal) {
  const std::pair<Strings, std::string> pages[]{
      {{"--help"}, "--repetitions N (default: 5)"},
      {{"-h"}, "--repetitions N (default: 5)"},
      {{"compare", "--help"}, "--threshold FRACTION (default: 0.02)"}};
  for (const auto& [args, flag] : pages) {
    const std::string help = answer(args);
    for (const std::string& part : {flag, std::string{"Exit codes"}, std::string{"DAA_BENCH_"}})
      EXPECT_TRUE(contains(help, part));
    std::istringstream lines{help};
    for (std::string line; std::getline(lines, line);) EXPECT_LE(line.size(), 100u) << line;
  }
}

TEST_F(CommandLine, ListNamesWhatCanBeMeasuredAndWhatIsMissing) {
  const std::string list = answer({"--list"});
  for (const WorkloadInfo& row : workloads()) EXPECT_TRUE(contains(list, std::string{row.summary}));
  for (const WorkloadInfo& row : synthetic_workloads()) EXPECT_TRUE(contains(list, std::string{row.summary}));
  for (const AllocatorInfo& row : allocators()) EXPECT_TRUE(contains(list, std::string{row.summary}));
  ASSERT_EQ(absent_allocators().size(), 6u) << "on the host runtime those of others need a GPU";
  for (const AllocatorInfo& row : absent_allocators()) {
    EXPECT_TRUE(contains(list, "\n  " + std::string{row.name} + ' '));
    EXPECT_TRUE(contains(list, ' ' + std::string{row.absence} + '\n'));
  }
  for (const std::string name : {"replay", "gpt2_decode", "sort_unique_topk"})
    EXPECT_TRUE(contains(list, name));
}

TEST_F(CommandLine, ListDescribesTheColumns) {
  EXPECT_TRUE(matches(answer({"--list=columns"}), "(.*\n)?allocator +key +name of the allocator.*"));
  expect_refused({"--list=colums"}, {"--list=colums", "columns"});
}

TEST_F(CommandLine, VersionIsOneLine) {
  EXPECT_TRUE(matches(answer({"--version"}), "daa-bench [0-9.]+ \\([0-9a-z-]+\\)\n"));
}

TEST_F(CommandLine, QuestionsAreAnsweredWhateverElseIsWrong) {
  for (const std::string question : {"--help", "--list", "--version"}) {
    EXPECT_FALSE(answer({question, "--iters=0", "--itres"}).empty());
    EXPECT_FALSE(answer({question}, {{"DAA_BENCH_ITERS", "0"}, {"DAA_BENCH_ITER", "5"}}).empty());
  }
}

}  // namespace
}  // namespace daa::bench
