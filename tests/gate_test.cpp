// daa-bench compare and --baseline as a CI job meets them; and the gate of this project itself.

#include <algorithm>
#include <fstream>
#include <functional>

#include "csv_reader.hpp"
#include "program_fixture.hpp"
#include "text_match.hpp"

namespace daa::test {
namespace {

using bench::contains;

const std::string baseline = DAA_HOST_RESULTS "/baseline.csv";
const std::string config = "--config=" DAA_HOST_RESULTS "/gate.toml";

/// A line of CSV.
std::string line_of(const std::vector<std::string>& fields) {
  std::string line;
  for (const std::string& field : fields) {
    std::string quoted{'"'};
    for (const char c : field) quoted.append(c == '"' ? 2 : 1, c);
    line += (line.empty() ? "" : ",") + quoted + '"';
  }
  return line + "\r\n";
}

/// The CSV `text` with `change` applied to the field of every row in `column`.
std::string edited(const std::string& text, const std::string& column,
                   const std::function<std::string(const std::string&)>& change) {
  auto lines = read_csv_lines(text);
  const auto place = std::ranges::find(lines[0], column) - lines[0].begin();
  std::string result = line_of(lines[0]);
  for (std::size_t i = 1; i < lines.size(); ++i) {
    std::string& field = lines[i].at(static_cast<std::size_t>(place));
    field = change(field);
    result += line_of(lines[i]);
  }
  return result;
}

std::string one_less(const std::string& number) {
  return std::to_string(std::stod(number) - 1);
}

std::string one_more(const std::string& number) {
  return std::to_string(std::stod(number) + 1);
}

class Gate : public ProgramTest {
 protected:
  [[nodiscard]] Outcome compare(const Args& args) const {
    Args all{"compare"};
    all.insert(all.end(), args.begin(), args.end());
    return run({DAA_BENCH_HOST, all, {}});
  }

  /// The project's own run, held against the baseline in the file of that name.
  [[nodiscard]] Outcome gated_run(const std::string& name, const Args& more = {}) const {
    Args all{config, "--baseline=" + name, "--csv=none"};
    all.insert(all.end(), more.begin(), more.end());
    return run({DAA_BENCH_HOST, all, {}});
  }

  void write(const std::string& name, const std::string& text) const {
    std::ofstream{working_directory() / name, std::ios::binary} << text;
  }

  void expect_refused(const Outcome& outcome, int exit_code, const std::vector<std::string>& said) const {
    EXPECT_EQ(outcome.exit_code, exit_code);
    EXPECT_EQ(outcome.out, "");
    EXPECT_TRUE(is_one_line(outcome.err));
    for (const std::string& part : said) EXPECT_TRUE(contains(outcome.err, part));
  }
};

TEST_F(Gate, CountersOfTheHostRuntimeAreThoseOfTheBaseline) {
  const Outcome outcome = gated_run(baseline);
  EXPECT_EQ(outcome.exit_code, 0) << outcome.out;
  EXPECT_EQ(outcome.err, "");
  EXPECT_TRUE(contains(outcome.out, "HEAD  this run: "));
  EXPECT_TRUE(contains(outcome.out, "device=host: times are those of a simulator and were not judged"));
  EXPECT_FALSE(contains(outcome.out, "improvement  "));  // the baseline is not out of date
}

TEST_F(Gate, FailsWhereTheBaselineHadOneCallOrByteLess) {
  const std::string text = read_file(baseline);
  for (const std::string column :
       {"allocations_per_phase", "runtime_calls_per_phase", "synchronisations_per_phase",
        "asked_per_phase_bytes", "peak_phase_bytes", "reserved_bytes", "pool_mapped_bytes"}) {
    SCOPED_TRACE(column);
    bool done = false;
    write("less.csv", edited(text, column, [&](const std::string& number) {
            if (done || std::stod(number) < 1) return number;
            done = true;
            return one_less(number);
          }));
    ASSERT_TRUE(done);
    const Outcome outcome = compare({"less.csv", baseline});
    EXPECT_EQ(outcome.exit_code, 1);
    EXPECT_TRUE(contains(outcome.out, column));
    EXPECT_TRUE(contains(outcome.out, "regression (exit code 1): 1 regressions, "));
  }
}

TEST_F(Gate, ARunFailsAgainstABaselineThatNeededLess) {
  write("less.csv", edited(read_file(baseline), "allocations_per_phase", one_less));
  const Outcome outcome = gated_run("less.csv");
  EXPECT_EQ(outcome.exit_code, 1);
  EXPECT_TRUE(contains(outcome.out, "\nregression "));
  EXPECT_TRUE(contains(outcome.out, "BASE  less.csv: "));
}

TEST_F(Gate, ImprovementsFailNothingAndAreListed) {
  write("more.csv", edited(read_file(baseline), "reserved_bytes", one_more));
  const Outcome outcome = compare({"more.csv", baseline});
  EXPECT_EQ(outcome.exit_code, 0);
  EXPECT_TRUE(contains(outcome.out, "\nimprovement "));
}

TEST_F(Gate, OneRowOnAGpuTellsRegressionFromInconclusive) {
  std::string text = edited(read_file(baseline), "device_kind", [](const auto&) { return "cuda"; });
  write("gpu.csv", text);
  const Outcome outcome = compare({"gpu.csv", "gpu.csv"});
  EXPECT_EQ(outcome.exit_code, 3);
  EXPECT_TRUE(contains(outcome.out, "\ninconclusive "));
  EXPECT_TRUE(contains(outcome.out, "too few repetitions, 1 and 1: "));
  EXPECT_TRUE(contains(outcome.out, "\ninconclusive (exit code 3): 0 regressions, "));
}

TEST_F(Gate, ADelayThatIsPlantedInTimesIsFound) {
  std::size_t repetition = 0;
  const auto times = [&](double factor) {
    return [&repetition, factor](const std::string&) {
      std::string text;
      for (int i = 0; i < 12; ++i)
        text.append(i == 0 ? "" : " ")
            .append(std::to_string(factor * (20000.0 + static_cast<double>(repetition++ % 97))));
      return text;
    };
  };
  std::string base = edited(read_file(baseline), "device_kind", [](const auto&) { return "cuda"; });
  base = edited(base, "repetitions", [](const auto&) { return "12"; });
  for (const std::string clock : {"host_enqueue", "device", "end_to_end"})
    base = edited(base, clock + "_repetitions_ns", times(1));
  write("base.csv", base);
  write("head.csv", edited(base, "end_to_end_repetitions_ns", times(1.05)));
  EXPECT_EQ(compare({"base.csv", "base.csv"}).exit_code, 0);
  EXPECT_EQ(compare({"head.csv", "base.csv"}).exit_code, 0);
  const Outcome outcome = compare({"base.csv", "head.csv", "--verdicts=verdicts.csv"});
  EXPECT_EQ(outcome.exit_code, 1);
  std::size_t regressions = 0;
  for (const CsvRecord& row : read_csv(written("verdicts.csv"))) {
    if (row.at("verdict") != "regression") continue;
    EXPECT_EQ(row.at("what"), "end_to_end");
    ++regressions;
  }
  EXPECT_EQ(regressions, read_csv(base).size());
  EXPECT_EQ(compare({"base.csv", "head.csv", "--threshold=0.06"}).exit_code, 0);
  EXPECT_EQ(compare({"base.csv", "head.csv", "--absolute-ns=1100"}).exit_code, 0);
  EXPECT_EQ(compare({"base.csv", "head.csv", "--alpha=1e-9"}).exit_code, 3);
}

TEST_F(Gate, AResultSaysWhichDelayWasPlantedInIt) {
  const Args args{"--workload=scan", "--elements=1000", "--iters=3", "--csv=-"};
  for (const std::string delay : {"", "0.05", "host:0.5"}) {
    Args all = args;
    if (!delay.empty()) all.push_back("--plant-delay=" + delay);
    const std::vector<CsvRecord> rows = read_csv(run({DAA_BENCH_HOST, all, {}}).out);
    ASSERT_FALSE(rows.empty());
    for (const CsvRecord& row : rows) EXPECT_EQ(row.at("planted_delay"), delay);
  }
}

TEST_F(Gate, AWrongResultComesBeforeARegression) {
  const Args args{"--workload=scan", "--elements=5003", "--iters=3", "--seed=1"};
  const auto faulty = [&](const Args& more) {
    Args all = args;
    all.insert(all.end(), more.begin(), more.end());
    return run({DAA_BENCH_FAULTY, all, {}});
  };
  ASSERT_EQ(faulty({"--allocator=preallocated,arena", "--csv=base.csv"}).exit_code, 0);
  EXPECT_EQ(faulty({"--allocator=preallocated", "--baseline=base.csv"}).exit_code, 1);
  EXPECT_EQ(faulty({"--allocator=preallocated,overlapping", "--baseline=base.csv"}).exit_code, 4);
}

TEST_F(Gate, VerdictsAloneGoToStdout) {
  const Outcome outcome = compare({baseline, baseline, "--verdicts=-"});
  EXPECT_EQ(outcome.exit_code, 0);
  constexpr std::size_t figures = 7 + 3;  // counters and clocks
  EXPECT_EQ(read_csv(outcome.out).size(), figures * read_csv(read_file(baseline)).size());
  EXPECT_TRUE(contains(outcome.err, "no regression (exit code 0)"));
}

TEST_F(Gate, AnotherContextIsRefusedUnlessIgnored) {
  const std::string text = read_file(baseline);
  write("seed.csv", edited(text, "seed", one_more));
  write("schema.csv", edited(text, "schema_version", [](const auto&) { return "999"; }));
  for (const std::string name : {"seed", "schema"}) {
    expect_refused(compare({baseline, name + ".csv"}), 105, {name, "--ignore-context"});
    EXPECT_EQ(compare({baseline, name + ".csv", "--ignore-context"}).exit_code, 0);
    expect_refused(gated_run(name + ".csv"), 105, {name, "--ignore-context"});  // before anything is measured
    EXPECT_EQ(gated_run(name + ".csv", {"--ignore-context"}).exit_code, 0);
  }
}

TEST_F(Gate, BadUsageIsToldInOneLine) {
  write("text.csv", "no result\r\n");
  expect_refused(compare({}), 106, {"BASE", "HEAD", "compare --help"});
  expect_refused(compare({baseline}), 106, {"only one was given"});
  expect_refused(compare({"a", "b", "c"}), 109, {"c: "});
  expect_refused(compare({baseline, "none.csv"}), 105, {"none.csv", "No such file"});
  expect_refused(compare({baseline, "text.csv"}), 105, {"text.csv: holds no row"});
  expect_refused(compare({baseline, baseline, "--iters=5"}), 109, {"--iters=5: unknown flag"});
  expect_refused(compare({baseline, baseline, "--treshold=5"}), 109, {"did you mean --threshold?"});
  expect_refused(compare({baseline, baseline, "--threshold=5%"}), 104,
                 {"--threshold=5%: not a number", "0.05"});
  expect_refused(compare({baseline, baseline, "--alpha=0"}), 105, {"--alpha=0: out of range"});
  expect_refused(compare({baseline, baseline, "--", "--v=1"}), 109, {"-- --v=1"});
  for (const Args& args :
       {Args{"text.csv", baseline, "--verdicts=text.csv"}, {baseline, "text.csv", "--verdicts=./text.csv"}})
    expect_refused(compare(args), 108, {"text.csv: is what the comparison reads"});
  expect_refused(gated_run("none.csv"), 105, {"none.csv", "No such file"});
  expect_refused(gated_run("text.csv", {"--json=text.csv"}), 108, {"--json=text.csv: ", "--baseline"});
  expect_refused(run({DAA_BENCH_HOST, {"--threshold=0.1"}, {}}), 107, {"--threshold=0.1", "--baseline"});
  EXPECT_EQ(files(), std::set<std::string>{"text.csv"});
}

TEST_F(Gate, FlagsOfTheGateHaveTwinsInTheEnvironmentAndOthersVariablesAreLetBe) {
  Command command{DAA_BENCH_HOST, {"compare", baseline, baseline}, {{"DAA_BENCH_ABSOLUTE_NS", "many"}}};
  expect_refused(run(command), 104, {"DAA_BENCH_ABSOLUTE_NS=many"});
  command.environment = {{"DAA_BENCH_ITERS", "5"}};
  EXPECT_EQ(run(command).exit_code, 0);
  command.environment = {{"DAA_BENCH_THRESHOLDS", "5"}};
  expect_refused(run(command), 109, {"did you mean DAA_BENCH_THRESHOLD?"});
}

TEST_F(Gate, HelpTellsOfTheExitCodes) {
  const Outcome outcome = compare({"--help"});
  EXPECT_EQ(outcome.exit_code, 0);
  for (const std::string part : {"compare BASE HEAD", "--threshold", "--verdicts", "  1    a regression\n",
                                 "  3    no regression, but something inconclusive\n"})
    EXPECT_TRUE(contains(outcome.out, part));
  EXPECT_FALSE(contains(outcome.out, "--iters"));
}

TEST_F(Gate, AReportThatCannotBeWrittenIsAnError) {
  EXPECT_EQ(run({DAA_BENCH_HOST, {"compare", baseline, baseline}, {}}, "/dev/full").exit_code, 4);
  EXPECT_EQ(compare({baseline, baseline, "--verdicts=/dev/full"}).exit_code, 4);
}

}  // namespace
}  // namespace daa::test
