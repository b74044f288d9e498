// What is refused names the flag, the value and what is allowed.

#include "cli_fixture.hpp"

namespace daa::bench {
namespace {

struct Refusal {
  Strings args, parts;
};

TEST_F(CommandLine, RefusesUnknownNamesWithTheNearest) {
  const Refusal rows[]{
      {{"--workload=scna"}, {"--workload=scna", "did you mean scan?", "stencil", "all"}},
      {{"--workload=scan,sotr"}, {"--workload=sotr", "did you mean sort?"}},
      {{"--workload=replya"}, {"did you mean replay?"}},
      {{"--allocator=arean"}, {"--allocator=arean", "did you mean arena?", "preallocated"}},
      {{"--allocator=prealloc"}, {"did you mean preallocated?"}},
      {{"--against=arean"}, {"--against=arean", "did you mean arena?"}},
      {{"--against=all"}, {"--against=all"}},
      {{"--sync=ends"}, {"--sync=ends", "end, phase, both"}},
      {{"--state=warm"}, {"--state=warm", "steady, cold, both"}},
      {{"--device=gpu"}, {"--device=gpu", "auto, cuda, host"}},
      {{"--device=-1"}, {"--device=-1"}},
      {{"--device=99999999999"}, {"--device=99999999999"}},
      {{"--profile=maybe"}, {"--profile=maybe", "true, false"}},
      {{"--count-calls=no"}, {"--count-calls=no", "true, false"}},
      {{"--itres=5"}, {"--itres=5", "--iters", "--help"}},
      {{"-iters=5"}, {"-iters=5", "--iters"}},
      {{"--qqqqqqqq"}, {"--qqqqqqqq", "--help"}},
      {{"-"}, {"-: "}},
      {{"scan"}, {"scan", "--help"}},
      {{"comapre", "a", "b"}, {"comapre", "compare"}},
      {{"--workload", "sort", "scan"}, {"scan"}},
      {{"--", "--benchmark_filter=x"}, {"--benchmark_filter=x"}},
      {{"--trace=gtp2_decode", "--workload=replay"}, {"--trace=gtp2_decode", "did you mean gpt2_decode?"}},
      {{"compare", "a", "b", "--iters=5"}, {"--iters=5", "compare --help"}},
      {{"--iters=5", "compare", "a", "b"}, {"--iters", "compare"}},
      {{"compare", "a"}, {"HEAD"}},
      {{"compare", "a", "b", "c"}, {"c: "}},
  };
  for (const auto& [args, parts] : rows) expect_refused(args, parts);
  for (const AllocatorInfo& row : absent_allocators())
    expect_refused({"--allocator=arena," + std::string{row.name}},
                   {"--allocator=" + std::string{row.name}, std::string{row.absence}});
}

TEST_F(CommandLine, RefusesWhatIsNotANumberOrOutOfRange) {
  const struct {
    std::string flag;
    Strings malformed, out_of_range;
    std::string allowed;
  } rows[]{
      {"--iters",
       {"", "many", "1.5", "1e6", "0x10", "10 ", "+1", "2^", "^2", "2^-1", "1Kib", "2^3^2", "-5", "64K"},
       {"0", "2^31", "18446744073709551616", "2^64", "10^20"},
       "1 to 1000000000"},
      {"--warmup", {"-1", "many"}, {"2^31"}, "0 to 1000000000"},
      {"--repetitions", {"many"}, {"0", "10001"}, "1 to 10000"},
      {"--elements",
       {"many", "64K", "1e6"},
       {"0", "2^32", "2^99999999999999999999", "17179869184Gi"},
       "1 to 2147483648"},
      {"--seed", {"many", "-1"}, {"18446744073709551616"}, "0 to 18446744073709551615"},
      {"--threads", {"many"}, {"0", "257"}, "1 to 256"},
      {"--streams", {"many"}, {"0", "257"}, "1 to 256"},
      {"--allocs-per-phase", {"many"}, {"0", "65537"}, "1 to 65536"},
      {"--max-noise", {"much", "1%", "0x1", " 1"}, {"0", "-1", "1e99", "nan"}, "to 1"},
      {"--timeout", {"0.01s", "1,5"}, {"0", "-1", "1e99", "inf"}, "600"},
  };
  for (const auto& [flag, malformed, out_of_range, allowed] : rows)
    for (const Strings& values : {malformed, out_of_range})
      for (const std::string& value : values)
        if (!value.empty())
          expect_refused({"--baseline=b", flag + "=" + value},
                         {flag + "=" + value + ": ", "allowed: ", allowed});
  expect_refused({"--iters=64K"}, {"64Ki"});
}

TEST_F(CommandLine, RefusesMissingAndRepeatedValues) {
  for (const std::string flag : {"--iters", "--csv", "--workload", "--config", "--sync"})
    for (const Strings& args : std::vector<Strings>{
             {flag}, {flag + "="}, {flag, ""}, {flag, "--profile"}, {flag + "=", "--profile"}})
      expect_refused(args, {flag});
  const Refusal rows[]{
      {{"--iters=1", "--iters=2"}, {"--iters=2", "1"}},
      {{"--workload=scan,scan"}, {"--workload=scan"}},
      {{"--workload=all,scan"}, {"--workload=scan"}},
      {{"--workload=replay,replay"}, {"--workload=replay"}},
      {{"--elements=2^16,65536"}, {"--elements=65536"}},
      {{"--threads=2,4,2"}, {"--threads=2"}},
      {{"--streams=2,4,2"}, {"--streams=2"}},
      {{"--workload=replay", "--trace=all,gat_train"}, {"--trace=gat_train", "rename"}},
  };
  for (const auto& [args, parts] : rows) expect_refused(args, parts);
}

TEST_F(CommandLine, RefusesWhatCannotBeTogether) {
  const Refusal rows[]{
      {{"--state=cold", "--graph"}, {"--graph=true", "--state=steady"}},
      {{"--state=both", "--threads=2"}, {"--threads=2", "--state=steady"}},
      {{"--graph", "--threads=2"}, {"--threads=2", "--graph"}},
      {{"--graph", "--streams=2"}, {"--streams=2", "--graph"}},
      {{"--threads=2", "--streams=3"}, {"--streams=3", "--threads"}},
      {{"--allocs-per-phase=4"}, {"--allocs-per-phase=4", "--workload=allocs"}},
      {{"--workload=allocs", "--elements=100", "--allocs-per-phase=8,200"},
       {"--allocs-per-phase=200", "100"}},
      {{"--allocator=preallocated", "--against=arena"}, {"--against=arena", "--allocator"}},
      {{"--max-noise=0.01", "--repetitions=8"}, {"--repetitions=8", "9 to 10000"}},
      {{"--max-noise=0.01", "--allocator=arena"}, {"--max-noise=0.01", "preallocated", "--against"}},
      {{"--max-noise=0.01", "--profile"}, {"--max-noise=0.01", "--profile"}},
      {{"--baseline=a", "--profile"}, {"--baseline=a", "--profile"}},
      {{"--workload=replay", "--elements=2^12"}, {"--elements=4096", "leave out --elements"}},
      {{"--trace=gat_train"}, {"--trace=gat_train", "--workload=replay"}},
      {{"--vary=scale"}, {"--vary=scale", "--workload=replay"}},
      {{"--vary=none", "--workload=scan"}, {"--vary=none", "--workload=replay"}},
      {{"--vary=drop,drop", "--workload=replay"}, {"--vary=drop", "more than once"}},
      {{"--vary=sclae", "--workload=replay"}, {"--vary=sclae", "did you mean scale?"}},
  };
  for (const auto& [args, parts] : rows) expect_refused(args, parts);
  for (const std::string flag :
       {"--state=cold", "--graph=true", "--threads=2", "--streams=2", "--flush-l2=true", "--max-noise=0.01"})
    expect_refused({"--workload=scan,replay", flag}, {flag, "leave out --workload=replay"});
  for (const std::string flag : {"--ignore-context=true", "--verdicts=v.csv"})
    expect_refused({flag}, {flag, "--baseline"});
  for (const WorkloadInfo& row : workloads())
    if (const std::string size = std::to_string(row.min_elements - 1); row.min_elements > 1)
      expect_refused({"--elements=" + size, "--workload=" + std::string{row.name}},
                     {"--elements=" + size, std::string{row.name}, std::to_string(row.min_elements)});
}

TEST_F(CommandLine, AllowsForOtherRunsInTheEnvironmentAndInAFile) {
  EXPECT_EQ(changes({}, {{"DAA_BENCH_IGNORE_CONTEXT", "true"}}), "ignore_context=true");
  EXPECT_EQ(changes({}, {{"DAA_BENCH_THRESHOLD", "0.1"}}), "") << "of compare";
  write_file("bench.toml", "elements = [\"2^12\"]\nverdicts = v.csv\n");
  EXPECT_EQ(run({"--workload=replay", "--config=bench.toml"}).verdicts.path, "v.csv");
  EXPECT_EQ(run({"--workload=replay,scan", "--elements=2^12"}).elements, std::vector<std::size_t>{4096});
}

TEST_F(CommandLine, RefusesInOneShortLineWhateverTheValue) {
  const std::string text(500, 'x');
  const std::string cut = text.substr(0, 80);
  write_file("line.toml", text + '\n');
  write_file("key.toml", text + " = 5\n");
  const Refusal rows[]{
      {{"--iters=" + text}, {"--iters=" + cut, "not a count"}},
      {{"--iters=1", "--workload=scan," + text}, {"--workload=" + cut, "unknown"}},
      {{"--" + text}, {"--" + cut, "unknown"}},
      {{text}, {cut}},
      {{"--csv=" + text + "/a"}, {"--csv=" + cut, "cannot be written"}},
      {{"--config=" + text}, {"--config=" + cut, "cannot be read"}},
      {{"--config=line.toml"}, {"line 1", cut, "key = value"}},
      {{"--config=key.toml"}, {cut, "unknown"}},
      {{"--workload=a\nb\t\x1b[2J"}, {"--workload=a\\nb\\t\\x1b[2J: "}},
      {{"a\nb"}, {"a\\nb"}},
  };
  for (const auto& [args, parts] : rows) expect_refused(args, parts);
  expect_refused({}, {"DAA_BENCH_ITERS=" + cut}, {{"DAA_BENCH_ITERS", text}});
  const std::string path = std::string(90, 'x') + "/rows.csv";
  expect_refused({"--csv=" + path}, {"--csv=" + path + ": "});
}

}  // namespace
}  // namespace daa::bench
