// The command line of replays: which traces, and what is refused before anything is run.

#include <CLI/Error.hpp>
#include <algorithm>

#include "options_fixture.hpp"

namespace daa::bench {
namespace {

constexpr std::string_view header = "Thread,Time,Action,Pointer,Size,Stream\n";

class OptionsReplayTest : public OptionsTest {
 protected:
  static void write_trace(const std::string& path, const std::string& lines) {
    write_file(path, std::string{header} + lines);
  }

  static Options replay(Strings args) {
    args.push_back("--workload=replay");
    return parse(args);
  }

  static Strings names_of(const Options& options) {
    Strings names;
    for (const auto& trace : options.traces) names.push_back(trace->name);
    return names;
  }

  static void expect_refused(Strings args, const Strings& said) {
    args.push_back("--workload=replay");
    const Outcome outcome = run(args);
    EXPECT_FALSE(outcome.options);
    EXPECT_EQ(outcome.exit_code, static_cast<int>(CLI::ExitCodes::ValidationError)) << outcome.err;
    EXPECT_EQ(std::ranges::count(outcome.err, '\n'), 1) << outcome.err;
    for (const std::string& part : said) EXPECT_TRUE(contains(outcome.err, part));
  }

  const std::string good_ = "0,0,allocate,0x1,10,0\n0,1,free,0x1,10,0\n";
};

TEST_F(OptionsReplayTest, TheBundledTracesAreTheDefaultFromAnyDirectory) {
  const Strings all{"bert_train", "gat_train", "gpt2_decode", "resnet50_infer", "sort_unique_topk"};
  EXPECT_EQ(names_of(replay({})), all);
  EXPECT_EQ(names_of(replay({"--trace=all"})), all);
  EXPECT_EQ(names_of(replay({"--trace=resnet50_infer,gat_train"})), (Strings{"resnet50_infer", "gat_train"}));
  std::filesystem::current_path("/");
  EXPECT_EQ(names_of(replay({"--csv=none", "--trace=gpt2_decode"})), (Strings{"gpt2_decode"}));
}

TEST_F(OptionsReplayTest, ATraceIsNamedAfterItsFile) {
  std::filesystem::create_directory("logs");
  write_trace("logs/mine.csv", good_);
  write_trace("other.log", good_);
  const Options options = replay({"--trace=logs/mine.csv", "--trace", "other.log,gat_train"});
  EXPECT_EQ(names_of(options), (Strings{"mine", "other.log", "gat_train"}));
  EXPECT_EQ(options.traces.front()->trace.operations, 2u);
}

TEST_F(OptionsReplayTest, ReplayIsRunWhereItIsNamedAndNotByAll) {
  EXPECT_FALSE(parse({}).replay);
  EXPECT_FALSE(parse({"--workload=all"}).replay);
  EXPECT_TRUE(parse({}).traces.empty());
  const Options both = parse({"--workload=all,replay"});
  EXPECT_TRUE(both.replay);
  EXPECT_EQ(both.workloads.size(), workloads().size());
  EXPECT_TRUE(replay({}).workloads.empty());
  expect_refused({"--workload=replay"}, {"--workload=replay: names the same one more than once"});
  EXPECT_TRUE(contains(run({"--workload=replya"}).err, "did you mean replay?"));
}

TEST_F(OptionsReplayTest, ItsDefaultsAreItsOwn) {
  EXPECT_EQ(replay({}).replay_iters, 30u);
  EXPECT_EQ(replay({}).replay_warmup, 6u);
  EXPECT_EQ(replay({"--iters=5", "--warmup=0"}).replay_iters, 5u);
  EXPECT_EQ(replay({"--iters=5", "--warmup=0"}).replay_warmup, 0u);
  EXPECT_EQ(replay({}).iters, 1000u);
}

TEST_F(OptionsReplayTest, SizesAreForTheWorkloadsBesideIt) {
  expect_refused({"--elements=2^12"},
                 {"--elements=2^12: a replay has the sizes of its trace", "leave out --elements"});
  write_file("bench.toml", "elements = [\"2^12\"]\n");
  EXPECT_TRUE(parse({"--workload=replay", "--config=bench.toml"}).replay)
      << "which is for other runs as well";
  EXPECT_EQ(parse({"--workload=replay,scan", "--elements=2^12"}).elements, std::vector<std::size_t>{4096});
}

TEST_F(OptionsReplayTest, PhasesAreCutByRowsIfAsked) {
  write_trace("t.csv", good_ + "0,2,allocate,0x1,10,0\n");
  expect_refused({"--trace=t.csv"}, {"t.csv:4: 1 allocations are never freed", "--phase-rows=N"});
  EXPECT_EQ(replay({"--trace=t.csv", "--phase-rows=2"}).traces.front()->trace.phases.size(), 2u);
  EXPECT_EQ(run({"--workload=replay", "--phase-rows=0"}).exit_code,
            static_cast<int>(CLI::ExitCodes::ValidationError));
}

TEST_F(OptionsReplayTest, AMalformedTraceIsRefusedWithFileAndLine) {
  write_trace("t.csv", good_ + "0,2,realloc,0x1,10,0\n");
  expect_refused({"--trace=t.csv"}, {"--trace=t.csv: t.csv:4: unknown action \"realloc\"; known: allocate"});
  write_trace("t.csv", good_ + "0,2,free,0x1,10,0\n");
  expect_refused({"--trace=t.csv"}, {"t.csv:4: 0x1 is freed and is not live"});
  write_trace("t.csv", good_ + "0,2,allocate,0x1,18446744073709551616,0\n");
  expect_refused({"--trace=t.csv"}, {"t.csv:4: size \"18446744073709551616\""});
  write_trace("t.csv", good_ + "0,2,alloc");
  expect_refused({"--trace=t.csv"}, {"t.csv:4: \"0,2,alloc\" is cut off"});
  write_file("t.csv", "");
  expect_refused({"--trace=t.csv"}, {"t.csv:1: the file is empty"});
  write_file("t.csv", "Thread,Time\n");
  expect_refused({"--trace=t.csv"}, {"t.csv:1: \"Thread,Time\" is not the header"});
}

TEST_F(OptionsReplayTest, ATraceThatIsNotThereIsMetWithTheNearest) {
  expect_refused({"--trace=gtp2_decode"}, {"--trace=gtp2_decode: neither a file nor a bundled trace",
                                           "did you mean gpt2_decode?", "sort_unique_topk"});
  expect_refused({"--trace=missing/t.csv"}, {"neither a file"});
  expect_refused({"--trace=."}, {"--trace=.: is not a regular file"});
}

TEST_F(OptionsReplayTest, TracesOfOneNameCouldNotBeToldApart) {
  std::filesystem::create_directory("a");
  write_trace("a/t.csv", good_);
  write_trace("t.csv", good_);
  expect_refused({"--trace=a/t.csv,t.csv"}, {"--trace=t.csv: a second trace by the name of t", "rename"});
  expect_refused({"--trace=all,gat_train"}, {"--trace=gat_train: a second trace"});
}

TEST_F(OptionsReplayTest, WhatIsForReplaysIsRefusedWithoutOne) {
  for (const std::string flag : {"--trace=gat_train", "--phase-rows=5", "--min-fit"}) {
    const Outcome outcome = run({"--workload=scan", flag});
    EXPECT_EQ(outcome.exit_code, static_cast<int>(CLI::ExitCodes::ValidationError));
    EXPECT_TRUE(contains(outcome.err, "add --workload=replay"));
  }
  EXPECT_TRUE(contains(run({}, {{"DAA_BENCH_PHASE_ROWS", "5"}}).err, "DAA_BENCH_PHASE_ROWS=5: "));
  EXPECT_FALSE(parse({}, {{"DAA_BENCH_MIN_FIT", "false"}}).min_fit);
}

TEST_F(OptionsReplayTest, ListNamesReplayAndTheBundledTraces) {
  const std::string list = run({"--list"}).out;
  EXPECT_TRUE(contains(list, "replay"));
  for (const std::string_view trace : bundled_traces()) EXPECT_TRUE(contains(list, std::string{trace}));
}

}  // namespace
}  // namespace daa::bench
