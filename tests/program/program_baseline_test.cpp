// --baseline: a run is compared at its end, whatever it measured and wherever its results go, and one that
// cannot be compared is refused before anything is measured.

#include <map>

#include "host_program_fixture.hpp"
#include "json_reader.hpp"

namespace daa::test {
namespace {

/// Each mode in which cases are measured.
const std::pair<std::string, Args> modes[]{
    {"steady", {"--sync=both"}},
    {"cold", {"--state=cold"}},
    {"graph", {"--graph"}},
    {"threads", {"--threads=2"}},
    {"streams", {"--streams=1,2"}},
    {"flush_l2", {"--flush-l2"}},
    {"sweep", {"--workload=allocs", "--allocs-per-phase=1,2"}},
    {"replay", {"--workload=replay", "--trace=small.csv", "--warmup=1"}},
    {"varied", {"--workload=replay", "--trace=small.csv", "--vary=none,scale,drop"}},
    {"scan_and_replay", {"--workload=scan,replay", "--trace=small.csv"}}};

class BaselineOfMode : public HostProgram,
                       public ::testing::WithParamInterface<std::pair<std::string, Args>> {
 protected:
  BaselineOfMode() {
    write("small.csv",
          "Thread,Time,Action,Pointer,Size,Stream\n"
          "0,0,allocate,0x1,3145728,0\n0,1,allocate,0x2,1048576,0\n0,2,free,0x1,3145728,0\n"
          "0,3,free,0x2,1048576,0\n");
    Args args = in_mode({"--csv=base.csv"});
    const Outcome outcome = run_host(args);
    EXPECT_EQ(outcome.exit_code, ok) << outcome.out << outcome.err;
  }

  /// A run of this mode. The last flag of a name counts.
  [[nodiscard]] static Args in_mode(Args more, const std::string& seed = "1") {
    more.insert(more.end(), {"--seed=" + seed, "--allocator=preallocated,cuda-malloc-async,arena"});
    more.insert(more.end(), GetParam().second.begin(), GetParam().second.end());
    return more;
  }
};

TEST_P(BaselineOfMode, TheSameRunPasses) {
  const Outcome outcome = run_host(in_mode({"--baseline=base.csv", "--csv=none", "--verdicts=verdicts.csv"}));
  EXPECT_EQ(outcome.exit_code, ok) << outcome.out;
  EXPECT_EQ(outcome.err, "");
  EXPECT_TRUE(contains(outcome.out, "no regression (exit code 0)"));
  const std::vector<CsvRecord> verdicts = read_csv(written("verdicts.csv"));
  EXPECT_FALSE(verdicts.empty());
  for (const CsvRecord& row : verdicts)
    EXPECT_TRUE(row.at("verdict") == "unchanged" || row.at("verdict") == "not_judged") << row.at("verdict");
}

TEST_P(BaselineOfMode, AnotherSeedIsRefusedBeforeAnythingIsMeasured) {
  const Args others[]{in_mode({"--baseline=base.csv", "--csv=head.csv"}, "2")};
  for (const Args& args : others) expect_refused(command(args), usage, {"seed", "--ignore-context"});
}

INSTANTIATE_TEST_SUITE_P(Modes, BaselineOfMode, ::testing::ValuesIn(modes),
                         [](const auto& test) { return test.param.first; });

class Baseline : public HostProgram {
 protected:
  Baseline() { EXPECT_EQ(run_host({"--csv=base.csv", "--seed=1"}).exit_code, ok); }

  /// A run held against base.csv.
  [[nodiscard]] static Args held(Args more) {
    more.insert(more.end(), {"--baseline=base.csv", "--seed=1"});
    return more;
  }
};

TEST_F(Baseline, LeavesStdoutToTheOutputThatOwnsIt) {
  const std::pair<std::string, Args> outputs[]{{"csv", {"--csv=-", "--json=none"}},
                                               {"json", {"--json=-", "--csv=none"}},
                                               {"verdicts", {"--verdicts=-", "--csv=none"}}};
  for (const auto& [format, args] : outputs) {
    SCOPED_TRACE(format);
    const Outcome outcome = run_host(held(args));
    EXPECT_EQ(outcome.exit_code, ok);
    if (format == "csv") {
      EXPECT_EQ(read_csv(outcome.out).size(), row_count);
    } else if (format == "json") {
      EXPECT_EQ(read_json(outcome.out)["benchmarks"].array().size(), 2 * row_count);
    } else {
      EXPECT_EQ(read_csv(outcome.out).size(), 7 * row_count) << "counters";
    }
    EXPECT_TRUE(contains(outcome.err, "BASE  base.csv: " + std::to_string(row_count) + " cases"));
    EXPECT_TRUE(contains(outcome.err, "no regression (exit code 0)"));
  }
}

TEST_F(Baseline, ComesBehindTheTable) {
  const Outcome outcome = run_host(held({"--csv=none"}));
  EXPECT_EQ(outcome.err, "");
  const std::size_t table = outcome.out.find("\nscan, 1000 elements"), legend = outcome.out.find("\nratio:"),
                    comparison = outcome.out.find("BASE  base.csv");
  EXPECT_LT(table, legend);
  EXPECT_LT(legend, comparison);
  EXPECT_NE(comparison, outcome.out.npos);
}

TEST_F(Baseline, ThatHasNoCaseOfTheRunIsRefused) {
  for (const Args& other : {Args{"--elements=2000"},
                            {"--sync=phase"},
                            {"--state=cold"},
                            {"--graph"},
                            {"--threads=2"},
                            {"--workload=reduce"}})
    expect_refused(command(held(other)), usage, {"base.csv"});
  expect_refused(command(held({"--iters=6"})), usage, {"iters"});
}

TEST_F(Baseline, AWrongResultComesBeforeARegression) {
  const Args common{"--elements=5003", "--seed=1"};
  const auto with = [&](Args more) {
    more.insert(more.end(), common.begin(), common.end());
    return run(faulty(more)).exit_code;
  };
  ASSERT_EQ(with({"--allocator=preallocated,arena", "--csv=two.csv"}), ok);
  EXPECT_EQ(with({"--allocator=preallocated", "--baseline=two.csv"}), regression) << "arena is missing";
  EXPECT_EQ(with({"--allocator=preallocated,overlapping", "--baseline=two.csv"}), not_measured);
}

}  // namespace
}  // namespace daa::test
