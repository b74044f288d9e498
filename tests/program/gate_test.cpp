// daa-bench compare as a CI job meets it; and the gate of this project itself.

#include <fmt/ranges.h>

#include <functional>
#include <vector>

#include "host_program_fixture.hpp"

namespace daa::test {
namespace {

using Change = std::function<std::string(const std::string&)>;

const std::string baseline = DAA_HOST_RESULTS "/baseline.csv";
const std::string config = "--config=" DAA_HOST_RESULTS "/gate.toml";
const std::string counters[]{"allocations_per_phase", "runtime_calls_per_phase", "synchronisations_per_phase",
                             "asked_per_phase_bytes", "peak_phase_bytes",        "reserved_bytes",
                             "pool_mapped_bytes"};

std::string csv_line_of(const std::vector<std::string>& fields) {
  std::string line;
  for (const std::string& field : fields) {
    std::string quoted{'"'};
    for (const char c : field) quoted.append(c == '"' ? 2 : 1, c);
    line += (line.empty() ? "" : ",") + quoted + '"';
  }
  return line + "\r\n";
}

/// The CSV `text` with `change` applied to the field of every row in `column`.
std::string edited(const std::string& text, const std::string& column, const Change& change) {
  auto lines = read_csv_lines(text);
  const auto place = static_cast<std::size_t>(std::ranges::find(lines[0], column) - lines[0].begin());
  std::string result = csv_line_of(lines[0]);
  for (std::size_t i = 1; i < lines.size(); ++i) {
    lines[i].at(place) = change(lines[i].at(place));
    result += csv_line_of(lines[i]);
  }
  return result;
}

Change always(std::string value) {
  return [value = std::move(value)](const std::string&) { return value; };
}

/// The same results as if they were a GPU's, whose times are judged.
std::string on_gpu(const std::string& text) {
  return edited(text, "device_kind", always("cuda"));
}

Change plus(double change) {
  return [change](const std::string& number) { return std::to_string(std::stod(number) + change); };
}

class Gate : public HostProgram {
 protected:
  static Command comparison(const Args& args) {
    Args all{"compare"};
    all.insert(all.end(), args.begin(), args.end());
    return {DAA_BENCH_HOST, all, {}};
  }
  [[nodiscard]] Outcome compare(const Args& args) const { return run(comparison(args)); }

  /// The project's own run, held against the baseline in the file of that name.
  [[nodiscard]] static Command gated_run(const std::string& name, const Args& more = {}) {
    Args all{config, "--baseline=" + name, "--csv=none"};
    all.insert(all.end(), more.begin(), more.end());
    return {DAA_BENCH_HOST, all, {}};
  }
};

TEST_F(Gate, CountersOfTheHostRuntimeAreThoseOfTheBaseline) {
  const Outcome outcome = run(gated_run(baseline));
  EXPECT_EQ(outcome.exit_code, ok) << outcome.out;
  EXPECT_EQ(outcome.err, "");
  EXPECT_TRUE(contains(outcome.out, "HEAD  this run: "));
  EXPECT_TRUE(contains(outcome.out, "0 inconclusive, 0 improvements")) << "the baseline is out of date";
}

TEST_F(Gate, FailsWhereTheBaselineHadOneCallOrByteLess) {
  const std::string text = read_file(baseline);
  for (const std::string& column : counters) {
    SCOPED_TRACE(column);
    bool done = false;
    write("less.csv", edited(text, column, [&](const std::string& number) {
            if (done || std::stod(number) < 1) return number;
            done = true;
            return plus(-1)(number);
          }));
    ASSERT_TRUE(done);
    const Outcome outcome = compare({"less.csv", baseline});
    EXPECT_EQ(outcome.exit_code, regression);
    EXPECT_TRUE(contains(outcome.out, column));
    EXPECT_TRUE(contains(outcome.out, "regression (exit code 1): 1 regressions, "));
  }
}

TEST_F(Gate, ARunFailsAgainstABaselineThatNeededLess) {
  write("less.csv", edited(read_file(baseline), "allocations_per_phase", plus(-1)));
  const Outcome outcome = run(gated_run("less.csv"));
  EXPECT_EQ(outcome.exit_code, regression);
  EXPECT_TRUE(contains(outcome.out, "\nregression "));
  EXPECT_TRUE(contains(outcome.out, "BASE  less.csv: "));
}

TEST_F(Gate, ImprovementsFailNothingAndAreListed) {
  write("more.csv", edited(read_file(baseline), "reserved_bytes", plus(1)));
  const Outcome outcome = compare({"more.csv", baseline});
  EXPECT_EQ(outcome.exit_code, ok);
  EXPECT_TRUE(contains(outcome.out, "\nimprovement "));
}

TEST_F(Gate, OneRepetitionOnAGpuIsInconclusive) {
  write("gpu.csv", on_gpu(read_file(baseline)));
  const Outcome outcome = compare({"gpu.csv", "gpu.csv"});
  EXPECT_EQ(outcome.exit_code, 3);
  EXPECT_TRUE(contains(outcome.out, "too few repetitions, 1 and 1: "));
  EXPECT_TRUE(contains(outcome.out, "\ninconclusive (exit code 3): 0 regressions, "));
}

TEST_F(Gate, ASlowDownOfTimesIsFoundInTheClockThatHasIt) {
  std::size_t repetition = 0;
  const auto times = [&](double factor) {
    return [&repetition, factor](const std::string&) {
      std::vector<double> ns(12);
      for (double& each : ns) each = factor * (20000.0 + static_cast<double>(repetition++ % 97));
      return fmt::format("{}", fmt::join(ns, " "));
    };
  };
  std::string base = edited(on_gpu(read_file(baseline)), "repetitions", always("12"));
  for (const std::string clock : {"host_enqueue", "device", "end_to_end"})
    base = edited(base, clock + "_repetitions_ns", times(1));
  write("base.csv", base);
  write("head.csv", edited(base, "end_to_end_repetitions_ns", times(1.05)));
  const std::pair<Args, int> comparisons[]{{{"base.csv", "base.csv"}, ok},
                                           {{"head.csv", "base.csv"}, ok},
                                           {{"base.csv", "head.csv", "--verdicts=verdicts.csv"}, regression},
                                           {{"base.csv", "head.csv", "--threshold=0.06"}, ok},
                                           {{"base.csv", "head.csv", "--absolute-ns=1100"}, ok},
                                           {{"base.csv", "head.csv", "--alpha=1e-9"}, 3}};
  for (const auto& [args, exit_code] : comparisons)
    EXPECT_EQ(compare(args).exit_code, exit_code) << testing::PrintToString(args);
  std::size_t regressions = 0;
  for (const CsvRecord& row : read_csv(written("verdicts.csv"))) {
    if (row.at("verdict") != "regression") continue;
    EXPECT_EQ(row.at("what"), "end_to_end");
    ++regressions;
  }
  EXPECT_EQ(regressions, read_csv(base).size());
}

TEST_F(Gate, APlantedDelayIsFoundAndChangesNoCounter) {
  const Args args{"--elements=3000", "--iters=60", "--repetitions=12", "--seed=1",
                  "--allocator=preallocated,cuda-malloc-async,arena"};
  const auto with = [&](Args more, const std::string& delay) {
    more.insert(more.end(), args.begin(), args.end());
    return run(faulty(more, delay)).exit_code;
  };
  ASSERT_EQ(with({"--csv=base.csv"}, ""), ok);
  ASSERT_EQ(with({"--csv=head.csv", "--baseline=base.csv"}, "arena:20"), ok) << "not judged on the host";
  write("base.csv", on_gpu(written("base.csv")));
  write("head.csv", on_gpu(written("head.csv")));
  const Outcome outcome = compare({"base.csv", "head.csv", "--verdicts=verdicts.csv"});
  EXPECT_EQ(outcome.exit_code, regression) << outcome.out;
  std::size_t found = 0;
  for (const CsvRecord& row : read_csv(written("verdicts.csv")))
    found += row.at("allocator") == "arena" && row.at("what") == "host_enqueue" &&
             row.at("verdict") == "regression";
  EXPECT_EQ(found, 1u);
  for (const std::string delay : {"arena", "arena:", "arena:much", "arena:-1", ":1", "cub-caching:0.1"})
    expect_refused(faulty({}, delay), usage, {"DAA_PLANT_DELAY="});
}

TEST_F(Gate, VerdictsAloneGoToStdout) {
  const Outcome outcome = compare({baseline, baseline, "--verdicts=-"});
  EXPECT_EQ(outcome.exit_code, ok);
  constexpr std::size_t clocks = 3;
  EXPECT_EQ(read_csv(outcome.out).size(),
            (std::size(counters) + clocks) * read_csv(read_file(baseline)).size());
  EXPECT_TRUE(contains(outcome.err, "no regression (exit code 0)"));
}

TEST_F(Gate, AnotherContextIsRefusedUnlessIgnored) {
  const std::string text = read_file(baseline);
  write("seed.csv", edited(text, "seed", plus(1)));
  write("schema.csv", edited(text, "schema_version", always("999")));
  for (const std::string name : {"seed", "schema"}) {
    expect_refused(comparison({baseline, name + ".csv"}), usage, {name, "--ignore-context"});
    EXPECT_EQ(compare({baseline, name + ".csv", "--ignore-context"}).exit_code, ok);
    expect_refused(gated_run(name + ".csv"), usage, {name, "--ignore-context"});  // before it measures
    EXPECT_EQ(run(gated_run(name + ".csv", {"--ignore-context"})).exit_code, ok);
  }
}

TEST_F(Gate, RefusesBadUsageInOneLine) {
  write("text.csv", "no result\r\n");
  const std::pair<Args, Args> rows[]{{{}, {"BASE"}},
                                     {{baseline}, {"HEAD"}},
                                     {{"a", "b", "c"}, {"c"}},
                                     {{baseline, "none.csv"}, {"none.csv", "No such file"}},
                                     {{baseline, "text.csv"}, {"text.csv"}},
                                     {{baseline, baseline, "--iters=5"}, {"--iters"}},
                                     {{baseline, baseline, "--treshold=5"}, {"--threshold"}},
                                     {{baseline, baseline, "--alpha=0"}, {"--alpha=0"}},
                                     {{"text.csv", baseline, "--verdicts=./text.csv"}, {"text.csv"}}};
  for (const auto& [args, said] : rows) expect_refused(comparison(args), usage, said);
}

TEST_F(Gate, TakesTheFlagsOfItsEnvironmentAndNoOthers) {
  const std::tuple<std::string, std::string, int> variables[]{{"DAA_BENCH_ABSOLUTE_NS", "many", usage},
                                                              {"DAA_BENCH_THRESHOLDS", "5", usage},
                                                              {"DAA_BENCH_THRESHOLD", "0.5", ok},
                                                              {"DAA_BENCH_ITERS", "5", ok}};
  for (const auto& [name, value, exit_code] : variables) {
    Command with_variable = comparison({baseline, baseline});
    with_variable.environment = {{name, value}};
    EXPECT_EQ(run(with_variable).exit_code, exit_code) << name;
  }
}

TEST_F(Gate, AReportThatCannotBeWrittenIsAnError) {
  EXPECT_EQ(run(comparison({baseline, baseline}), "/dev/full").exit_code, not_measured);
  EXPECT_EQ(compare({baseline, baseline, "--verdicts=/dev/full"}).exit_code, not_measured);
}

}  // namespace
}  // namespace daa::test
