// The same options from the environment and from a config file.

#include <tuple>

#include "options_fixture.hpp"

namespace daa::bench {
namespace {

using Sizes = std::vector<std::size_t>;

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

}  // namespace
}  // namespace daa::bench
