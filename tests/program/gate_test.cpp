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

  /// Writes `folder` with the results of some processes, whose ratios in `clock` are `factor` times 1.
  void write_processes(const std::string& folder, const std::string& text,
                       const std::string& clock = "end_to_end", double factor = 1) const {
    constexpr int processes = 8;  // the fewest with which 10 tests can be significant, and one more
    std::size_t time = 0;
    const auto noisy = [&](double of) {
      return [&time, of](const std::string&) {
        return fmt::format("{}", of * (1 + 1e-5 * static_cast<double>(time++ * 7919 % 997)));
      };
    };
    for (int process = 0; process < processes; ++process) {
      std::string result = text;
      for (const std::string each : {"host_enqueue", "end_to_end"}) {
        result = edited(result, each + "_median_ns", noisy(20000));
        result = edited(result, each + "_ratio", noisy(each == clock ? factor : 1));
      }
      write(folder + "/" + std::to_string(process) + ".csv", result);
    }
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
    EXPECT_TRUE(contains(outcome.out, "compared: 1 regressions, "));
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

TEST_F(Gate, OfOneProcessASideCountersAloneAreJudged) {
  write("gpu.csv", on_gpu(read_file(baseline)));
  const Outcome outcome = compare({"gpu.csv", "gpu.csv"});
  EXPECT_EQ(outcome.exit_code, ok);
  EXPECT_TRUE(contains(outcome.out, "\ntimes are not judged: one process "));
  EXPECT_TRUE(contains(outcome.out, "\nno regression (exit code 0)\n"));
}

TEST_F(Gate, ASlowDownOfTimesIsFoundInTheClockThatHasIt) {
  const std::string text = on_gpu(read_file(baseline));
  write_processes("base", text);
  write_processes("head", text, "end_to_end", 1.05);
  const std::pair<Args, int> comparisons[]{{{"base", "base"}, ok},
                                           {{"head", "base"}, ok},
                                           {{"base", "head", "--verdicts=verdicts.csv"}, regression},
                                           {{"base", "head", "--threshold=0.06", "--visible=0.06"}, ok},
                                           {{"base", "head", "--threshold=0.06", "--visible=0.05"}, ok},
                                           {{"base", "head", "--alpha=1e-9"}, 3}};
  for (const auto& [args, exit_code] : comparisons)
    EXPECT_EQ(compare(args).exit_code, exit_code) << testing::PrintToString(args);
  std::size_t of_suite = 0;
  for (const CsvRecord& row : read_csv(written("verdicts.csv"))) {
    if (row.at("verdict") != "regression") continue;
    EXPECT_EQ(row.at("what"), "end_to_end");
    EXPECT_NE(row.at("allocator"), "preallocated");
    of_suite += row.at("workload").empty();
  }
  EXPECT_EQ(of_suite, allocator_count - 1) << "every allocator but preallocated";
}

TEST_F(Gate, APlantedDelayIsFoundAndChangesNoCounter) {
  const Args args{"--elements=3000", "--iters=60", "--repetitions=1", "--seed=1",
                  "--allocator=preallocated,cuda-malloc-async,arena"};
  const auto with = [&](Args more, const std::string& delay) {
    more.insert(more.end(), args.begin(), args.end());
    return run(faulty(more, delay)).exit_code;
  };
  for (const std::string process : {"1", "2", "3", "4", "5", "6", "7", "8"})
    for (const auto& [folder, delay] : {std::pair{"base", ""}, {"head", "arena:20"}}) {
      ASSERT_EQ(with({"--csv=one.csv"}, delay), ok);
      write(folder + ("/" + process) + ".csv", on_gpu(written("one.csv")));
    }
  const Outcome outcome = compare({"base", "head", "--verdicts=verdicts.csv"});
  EXPECT_EQ(outcome.exit_code, regression) << outcome.out;
  std::size_t found = 0;
  for (const CsvRecord& row : read_csv(written("verdicts.csv"))) {
    const std::string &what = row.at("what"), &verdict = row.at("verdict");
    found += row.at("allocator") == "arena" && what == "host_enqueue" && verdict == "regression";
    if (what.ends_with("_bytes") || what.ends_with("_per_phase")) {
      EXPECT_TRUE(verdict == "unchanged" || verdict == "not_judged") << what;
    }
  }
  EXPECT_EQ(found, 2u) << "the suite, and its only case";
  for (const std::string delay : {"arena", "arena:", "arena:much", "arena:-1", ":1",
                                  "arena:calls:", "arena:device:x", "cub-caching:0.1"})
    expect_refused(faulty({}, delay), usage, {"DAA_PLANT_DELAY="});
}

// The stream waits: nearly all of the time that the host does not spend.
TEST_F(Gate, APlantedDelayOfTheDeviceLengthensPhasesAndNotTheirEnqueueing) {
  const Args args{"--elements=2^16", "--workload=sort", "--iters=20", "--allocator=preallocated,arena"};
  const CsvRecord delayed = rows(faulty(args, "arena:device:4")).back();
  EXPECT_GT(std::stod(delayed.at("end_to_end_ratio")), 2);
  EXPECT_LT(std::stod(delayed.at("host_enqueue_ratio")), std::stod(delayed.at("end_to_end_ratio")));
}

// In a replay there is nothing but operations: each allocation that is made twice shows.
TEST_F(Gate, PlantedCallsLengthenOperationsAndAllocations) {
  write("small.csv",
        "Thread,Time,Action,Pointer,Size,Stream\n"
        "0,0,allocate,0x1,3145728,0\n0,1,allocate,0x2,1048576,0\n0,2,free,0x1,3145728,0\n"
        "0,3,free,0x2,1048576,0\n");
  const Args args{"--workload=replay", "--trace=small.csv", "--allocator=preallocated,arena"};
  const auto operation_ns = [&](const std::string& delay) {
    return std::stod(rows(faulty(args, delay)).back().at("operation_median_ns"));
  };
  EXPECT_GT(operation_ns("arena:calls:20"), 2 * operation_ns(""));
  const auto allocation_ns = [&](const std::string& delay) {
    return std::stod(rows(faulty({"--elements=100", "--allocator=arena"}, delay)).back().at("allocation_ns"));
  };
  EXPECT_GT(allocation_ns("arena:calls:20"), 2 * allocation_ns(""));
}

TEST_F(Gate, VerdictsAloneGoToStdout) {
  const Outcome outcome = compare({baseline, baseline, "--verdicts=-"});
  EXPECT_EQ(outcome.exit_code, ok);
  EXPECT_EQ(read_csv(outcome.out).size(), std::size(counters) * read_csv(read_file(baseline)).size());
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
                                     {{baseline, baseline, "--alpha=0"}, {"--alpha=0", "to 0.5"}},
                                     {{baseline, baseline, "--alpha=0.6"}, {"--alpha=0.6"}},
                                     {{baseline, baseline, "--threshold=5%"}, {"--threshold=5%", "0 to 10"}},
                                     {{baseline, baseline, "--threshold=-0.1"}, {"--threshold=-0.1"}},
                                     {{baseline, baseline, "--visible=11"}, {"--visible=11", "0 to 10"}},
                                     {{"text.csv", baseline, "--verdicts=./text.csv"}, {"text.csv"}}};
  for (const auto& [args, said] : rows) expect_refused(comparison(args), usage, said);
}

TEST_F(Gate, TakesTheFlagsOfItsEnvironmentAndNoOthers) {
  const std::tuple<std::string, std::string, int> variables[]{{"DAA_BENCH_VISIBLE", "many", usage},
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
