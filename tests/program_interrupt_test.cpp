// Ctrl-C in the middle of a long run.

#include <algorithm>
#include <map>

#include "csv_reader.hpp"
#include "json_reader.hpp"
#include "program_fixture.hpp"
#include "text_match.hpp"

namespace daa::test {
namespace {

class InterruptedProgram : public ProgramTest, public ::testing::WithParamInterface<int> {
 protected:
  /// 200 groups, which take minutes.
  [[nodiscard]] static Command long_run() {
    std::string sizes = "1000";
    for (int i = 1; i < 200; ++i) sizes += ',' + std::to_string(1000 + i);
    return {DAA_BENCH_HOST,
            {"--workload=scan", "--allocator=preallocated,arena,cuda-malloc", "--elements=" + sizes,
             "--iters=2000", "--repetitions=3"},
            {}};
  }

  /// Waits until the program has written so many rows and says how many they are.
  std::size_t wait_for_rows(ChildProcess& program, std::size_t count) const {
    while (program.is_running()) {
      const std::string text = written("daa-bench.csv");
      const auto lines = static_cast<std::size_t>(std::ranges::count(text, '\n'));
      if (lines > count) return lines - 1;
      std::this_thread::sleep_for(std::chrono::milliseconds{2});
    }
    return 0;
  }
};

TEST_P(InterruptedProgram, ExitsWith130AndLeavesWholeRowsOfWhatIsFinished) {
  Command command = long_run();
  command.args.emplace_back("--json=file.json");
  ChildProcess program = start(command);
  const std::size_t rows_before = wait_for_rows(program, 4);
  ASSERT_GE(rows_before, 4u);
  program.signal(GetParam());
  const Outcome outcome = program.wait();
  EXPECT_EQ(outcome.exit_code, 130);
  EXPECT_TRUE(is_one_line(outcome.err));
  EXPECT_TRUE(bench::contains(outcome.err, "interrupted"));

  const std::vector<CsvRecord> rows = read_csv(written("daa-bench.csv"));
  EXPECT_GE(rows.size(), rows_before);
  EXPECT_LT(rows.size(), 200u * 3u);
  std::map<std::string, std::size_t> rows_of_size;
  for (const CsvRecord& row : rows) {
    EXPECT_EQ(row.at("status"), "ok");
    EXPECT_EQ(row.at("repetitions"), "3");
    EXPECT_EQ(row.at("samples"), "300");
    ++rows_of_size[row.at("elements")];
  }
  for (const auto& [elements, count] : rows_of_size) {
    const bool is_last = elements == rows.back().at("elements");
    EXPECT_TRUE(count == 3 || is_last) << elements;
  }
  EXPECT_FALSE(read_json(written("file.json"))["benchmarks"].array().empty());
}

INSTANTIATE_TEST_SUITE_P(Signals, InterruptedProgram, ::testing::Values(SIGINT, SIGTERM, SIGHUP),
                         [](const auto& test) {
                           return test.param == SIGINT    ? "SIGINT"
                                  : test.param == SIGTERM ? "SIGTERM"
                                                          : "SIGHUP";
                         });

}  // namespace
}  // namespace daa::test
