// Values from the environment and from the configuration file.

#include "cli_fixture.hpp"

namespace daa::bench {
namespace {

TEST_F(CommandLine, TheCommandLineBeatsTheEnvironmentBeatsTheFileBeatsTheDefault) {
  write_file("iters.toml", "iters = 2\n");
  for (const bool file : {false, true})
    for (const bool environment : {false, true})
      for (const bool typed : {false, true}) {
        Strings args;
        if (file) args.emplace_back("--config=iters.toml");
        if (typed) args.emplace_back("--iters=4");
        const Variables variables = environment ? Variables{{"DAA_BENCH_ITERS", "3"}} : Variables{};
        EXPECT_EQ(run(args, variables).iters, typed ? 4u : environment ? 3u : file ? 2u : 1000u);
      }
  EXPECT_EQ(run({}, {{"DAA_BENCH_CONFIG", "iters.toml"}}).iters, 2u);
}

TEST_F(CommandLine, EmptyVariablesAndThoseOfOthersAreIgnored) {
  EXPECT_EQ(changes({}, {{"DAA_BENCH_ITERS", ""}, {"DAA_BENCH_ITER", ""}}), "");
  EXPECT_EQ(changes({}, {{"DAA_BENCHMARK", "1"}, {"DAA_ITERS", "5"}, {"XDAA_BENCH_ITERS", "5"}}), "");
}

TEST_F(CommandLine, RefusesVariablesByName) {
  const struct {
    std::string name, value;
    Strings parts;
  } rows[]{
      {"DAA_BENCH_ITERS", "0", {"DAA_BENCH_ITERS=0", "1 to 1000000000"}},
      {"DAA_BENCH_WORKLOAD", "scan,scna", {"DAA_BENCH_WORKLOAD=scna", "scan"}},
      {"DAA_BENCH_WORKLOAD", ",", {"DAA_BENCH_WORKLOAD"}},
      {"DAA_BENCH_PROFILE", "x", {"DAA_BENCH_PROFILE=x", "true"}},
      {"DAA_BENCH_CONFIG", "none.toml", {"DAA_BENCH_CONFIG=none.toml"}},
      {"DAA_BENCH_TRACE", "gat_train", {"DAA_BENCH_TRACE=gat_train", "--workload=replay"}},
      {"DAA_BENCH_VARY", "drop", {"DAA_BENCH_VARY=drop", "--workload=replay"}},
      {"DAA_BENCH_ITER", "5", {"DAA_BENCH_ITER=5", "did you mean DAA_BENCH_ITERS?", "--help"}},
      {"DAA_BENCH_WORLKOAD", "scan", {"DAA_BENCH_WORLKOAD=scan", "DAA_BENCH_WORKLOAD?"}},
      {"DAA_BENCH_csv", "a.csv", {"DAA_BENCH_csv=a.csv", "DAA_BENCH_CSV?"}},
      {"DAA_BENCH_QQQQQQQQ", "1", {"DAA_BENCH_QQQQQQQQ=1", "--help"}},
      {"DAA_BENCH_LIST", "1", {"DAA_BENCH_LIST=1"}},
      {"DAA_BENCH_", "1", {"DAA_BENCH_=1"}},
  };
  for (const auto& [name, value, parts] : rows) expect_refused({}, parts, {{name, value}});
}

TEST_F(CommandLine, FilesHaveCommentsListsAndArrays) {
  const std::pair<std::string, std::string> rows[]{
      {"", ""},
      {"\xef\xbb\xbf", ""},
      {"\xef\xbb\xbfsync = both\n", "sync=end,phase"},
      {"# what\n; how\n\n  sync=both  # two\r\n", "sync=end,phase"},
      {"workload = [\"sort\", 'scan']\nelements = 2^10, 2^11", "elements=1024,2048 workloads=sort,scan"},
      {"workload = sort\nsync = both\nworkload = scan", "sync=end,phase workloads=sort,scan"},
      {"allocator = [  # two\n  \"arena\", # one\n\n  \"cuda-malloc\",\n]\nsync = phase",
       "allocators=arena,cuda-malloc sync=phase"},
      {"csv = \"a#b.csv\" # not in quotes", "csv=a#b.csv"},
      {"csv = a b.csv", "csv=a b.csv"},
  };
  for (const auto& [text, expected] : rows) {
    SCOPED_TRACE(text);
    write_file("bench.toml", text);
    EXPECT_EQ(changes({"--config=bench.toml"}), expected);
  }
}

TEST_F(CommandLine, RefusesWhatAFileCannotSay) {
  const std::pair<std::string, Strings> rows[]{
      {"iters = 0", {"bench.toml: iters=0", "1 to 1000000000"}},
      {"workload = [\"scan\", \"scna\"]", {"bench.toml: workload=scna", "scan"}},
      {"iters = 1\niters = 2", {"bench.toml: iters=2"}},
      {"iters = 1\nwarmup = 1\niters = 2", {"bench.toml: iters=2"}},
      {"itres = 5", {"itres", "did you mean iters?", "workload"}},
      {"config = \"other.toml\"", {"config"}},
      {"a.iters = 5", {"a.iters"}},
      {"x", {"line 1", "x", "key = value"}},
      {"\niters 5", {"line 2", "iters 5", "key = value"}},
      {"= 5", {"line 1"}},
      {"iters =", {"line 1", "iters"}},
      {"iters = # 5", {"line 1"}},
      {"[bench]\niters = 5", {"line 1", "sections"}},
      {"elements = [1024,\n2048", {"line 1", "never closed"}},
      {"csv = \"a.csv\niters = 5", {"line 1", "quotes"}},
      {"csv = \"a.csv\" b", {"line 1", "quotes"}},
      {"workload = [ ]", {"line 1", "missing"}},
      {"workload = [\"scan\",, \"sort\"]", {"line 1", "missing"}},
      {"workload = \"\"", {"line 1", "missing"}},
  };
  for (const auto& [text, parts] : rows) {
    SCOPED_TRACE(text);
    write_file("bench.toml", text);
    Strings with_name = parts;
    with_name.emplace_back("bench.toml");
    expect_refused({"--config=bench.toml"}, with_name);
  }
  std::filesystem::create_directory("folder");
  for (const std::string path : {"none.toml", "folder", "/dev/null"})
    expect_refused({"--config=" + path}, {"--config=" + path});
}

}  // namespace
}  // namespace daa::bench
