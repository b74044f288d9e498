// Results read back: what was written, or a refusal that names file, line, column and value.

#include "compare/results.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>
#include <fstream>
#include <limits>
#include <set>

#include "compare/csv_table.hpp"
#include "compare_rows.hpp"
#include "temporary_folder.hpp"
#include "text_match.hpp"

namespace daa::bench {
namespace {

std::string refusal_of(const std::string& text) {
  return refusal([&] { static_cast<void>(read_results("a.csv", text)); });
}

std::string replaced(std::string text, const std::string& what, const std::string& by) {
  const std::size_t at = text.find(what);
  EXPECT_NE(at, std::string::npos) << what;
  return text.replace(at, what.size(), by);
}

/// A file of one row, whose field in `column` is `value`.
std::string with_field(const std::string& column, const std::string& value) {
  const CsvTable table = read_csv_table("", csv_of({measured("arena")}));
  std::string header, line;
  for (std::size_t i = 0; i < table.header.size(); ++i) {
    header.append(i == 0 ? "" : ",").append(table.header[i]);
    line.append(i == 0 ? "" : ",")
        .append(csv_field(table.header[i] == column ? value : table.records[0].fields[i]));
  }
  return header + "\r\n" + line + "\r\n";
}

constexpr double none = std::numeric_limits<double>::quiet_NaN();

/// NaN equals NaN.
void expect_times(const Result& result, const std::vector<Time>& times) {
  const auto same = [](double a, double b) { return a == b || (std::isnan(a) && std::isnan(b)); };
  ASSERT_EQ(result.times.size(), times.size());
  for (std::size_t i = 0; i < times.size(); ++i)
    EXPECT_TRUE(same(result.times[i].ns, times[i].ns) && same(result.times[i].ratio, times[i].ratio)) << i;
}

TEST(Results, HoldWhatWasWritten) {
  Row row = measured("cuda, malloc", 1.25);
  row.end_to_end.ratio = 1.5;
  row.found.allocation_ns = 12.5;
  row.found.allocation_ratio = 1.75;
  const Result read = results({measured("arena"), row}).at(1);
  EXPECT_EQ(read.location, "a.csv: line 3");
  EXPECT_EQ(read.key, (Key{"steady", "scan", "", "none", "1048576", "", "end", "steady", "false", "1", "1",
                           "false", "1", "", "cuda, malloc"}));
  EXPECT_EQ(read.settings, (std::vector<std::string>{"4", "1", "1", "42", "1000", "20", "20", "none"}));
  EXPECT_EQ(read.counters, (std::vector<double>{2.5, 0.002, 2.25, 1000, 2000, 3000, 4000}));
  expect_times(read, {{1.25 * time_ns, 1.25}, {1.25 * time_ns, 1.5}, {12.5, 1.75}, {}});
  EXPECT_EQ(read.process, "a.csv");
  EXPECT_TRUE(read.is_ok);
  EXPECT_FALSE(read.is_host);
}

TEST(Results, OfARowAndOfItsCsvAreTheSame) {
  Row failed = without_figures(measured("arena"));
  failed.status = Status::out_of_memory;
  failed.message = "it was \"too\" big,\r\nby far";
  for (const Row& row : {measured("arena"), replayed("arena"), failed}) {
    const Result direct = to_result("here", row, run_context("host")),
                 read = results({row}, run_context("host")).at(0);
    EXPECT_EQ(direct.key, read.key);
    EXPECT_EQ(direct.contexts, read.contexts);
    EXPECT_EQ(direct.settings, read.settings);
    EXPECT_EQ(direct.counters.size(), read.counters.size());
    expect_times(read, direct.times);
    EXPECT_EQ(direct.trouble, read.trouble);
    EXPECT_EQ(direct.is_ok, read.is_ok);
    EXPECT_EQ(direct.is_host, read.is_host);
    EXPECT_EQ(direct.commit, read.commit);
  }
  EXPECT_EQ(to_result("here", failed, run_context()).trouble, "out_of_memory: " + failed.message);
}

TEST(Results, EachRoleButInformationIsCompared) {
  const ComparedColumns& compared = compared_columns();
  std::set<std::string_view> names;
  for (const auto* group : {&compared.contexts, &compared.keys, &compared.settings, &compared.counters,
                            &compared.times, &compared.ratios})
    for (const Column* column : *group) names.insert(column->name);
  for (const Column& column : columns())
    EXPECT_EQ(names.contains(column.name), column.role != Role::information) << column.name;
}

TEST(Results, KeysArePrintedWithoutTheirDefaults) {
  const auto printed = [](const auto& change) {
    Row row = measured("arena");
    change(row);
    return format_key(to_result("", row, run_context()).key);
  };
  EXPECT_EQ(printed([](Row&) {}), "scan 1048576 sync=end arena");
  EXPECT_EQ(printed([](Row& row) { row.allocs_per_phase = 16; }), "scan 1048576 in 16 sync=end arena");
  EXPECT_EQ(printed([](Row& row) {
              row.configuration = {SyncMode::phase, Mode::cold};
              row.configuration.flush_l2 = true;
            }),
            "scan 1048576 sync=phase cold flush_l2 arena");
  EXPECT_EQ(printed([](Row& row) { row.configuration.mode = Mode::graph; }),
            "scan 1048576 sync=end graph arena");
  EXPECT_EQ(printed([](Row& row) {
              row.configuration = {SyncMode::end, Mode::threads, 4, 4};
            }),
            "scan 1048576 sync=end 4 threads 4 streams arena");
  EXPECT_EQ(printed([](Row& row) { row.configuration.mode = Mode::threads; }),
            "scan 1048576 sync=end 1 threads arena");
  EXPECT_EQ(printed([](Row& row) { row = replayed("arena:2"); }), "replay gpt2_decode sync=end arena:2");
  EXPECT_EQ(printed([](Row& row) {
              row = replayed("arena");
              row.configuration.vary = Variation::scale;
            }),
            "replay gpt2_decode vary=scale sync=end arena");
  EXPECT_EQ(printed([](Row& row) { row.ranks = {.ranks = 4, .hosts = 2, .rank = 3}; }),
            "scan 1048576 sync=end 4 ranks rank 3 arena");
}

TEST(Results, UnknownColumnsAndBareLineFeedsAreIgnored) {
  std::string text = csv_of({measured("arena")});
  std::erase(text, '\r');
  text = replaced(text, "\n", ",a_new_column\n");
  text.insert(text.size() - 1, ",new");
  EXPECT_EQ(read_results("a.csv", text).at(0).key.back(), "arena");
}

TEST(Results, HoldWhatEachClockRead) {
  Row row = measured("arena");
  row.host_enqueue = {};
  row.end_to_end.ratio = none;
  expect_times(results({row}).at(0), {{}, {time_ns, none}, {}, {}});
}

TEST(Results, HoldOfAReplayTheOperationAlone) {
  Row row = replayed("arena", 1.5);
  row.replay->operation.ratio = 2;
  expect_times(results({row}).at(0), {{}, {}, {}, {1.5 * time_ns, 2}});
}

TEST(Results, AFileWithTwoRowsOfOneCaseIsRefused) {
  const std::string said = refusal([&] {
    static_cast<void>(results({measured("a"), measured("b"), measured("a")}));
  });
  for (const std::string part : {"a.csv: line 4", "line 2", "scan 1048576", "folder"})
    EXPECT_TRUE(contains(said, part));
}

TEST(Results, TextThatIsNotCsvIsRefusedWithItsLine) {
  const std::string text = csv_of({measured("arena"), measured("other")});
  const std::pair<std::string, int> cases[]{
      {"", 1},
      {text.substr(0, text.size() - 2), 3},
      {text.substr(0, text.size() - 30), 3},
      {text + "a,b\r\n", 4},
      {text + "\r\n", 4},
      {text + "\"a\r\nb", 4},
      {text + "a\"b,c\r\n", 4},
      {text + "\"a\"b,c\r\n", 4},
      {replaced(text, "commit,", "device,"), 1},
  };
  for (const auto& [bad, line] : cases)
    EXPECT_TRUE(contains(refusal_of(bad), "a.csv: line " + std::to_string(line) + ": "));
}

TEST(Results, AFileWithoutRowsIsRefused) {
  const std::string text = csv_of({});
  EXPECT_TRUE(contains(refusal_of(text), "a.csv: "));
  EXPECT_TRUE(contains(refusal_of("a,b\r\n1,2\r\n"), "a.csv: no column "));
  EXPECT_TRUE(contains(refusal_of("schema_version,b\r\n2,2\r\n"), "but 2; measure it again"));
}

TEST(Results, EachColumnThatIsComparedMustBeThereUnlessItsValueInOlderResultsIsKnown) {
  const std::set<std::string_view> read{"commit", "message", "status", "time_utc"};
  const CsvTable table = read_csv_table("", csv_of({measured("arena")}));
  for (const Column& column : columns()) {
    std::string header, line;
    for (std::size_t i = 0; i < table.header.size(); ++i) {
      header.append(i == 0 ? "" : ",").append(table.header[i] == column.name ? "other" : table.header[i]);
      line.append(i == 0 ? "" : ",").append(csv_field(table.records[0].fields[i]));
    }
    const std::string text = header + "\r\n" + line + "\r\n";
    const bool is_needed = column.role != Role::information || read.contains(column.name);
    if (is_needed && !column.in_older_results) {
      EXPECT_TRUE(contains(refusal_of(text), "a.csv: no column " + std::string{column.name} + ":"));
    } else {
      const std::vector<Result> results = read_results("a.csv", text);
      ASSERT_EQ(results.size(), 1u) << column.name;
      EXPECT_EQ(results[0].key, to_result("", measured("arena"), run_context()).key) << column.name;
    }
  }
}

TEST(Results, ValuesThatNoRunWritesAreRefusedWithTheirColumn) {
  const auto expect_refused = [](const std::string& column, const std::string& value,
                                 const std::string& quoted) {
    EXPECT_TRUE(contains(refusal_of(with_field(column, value)),
                         "a.csv: line 2, column " + column + ": \"" + quoted + "\" "));
  };
  for (const std::string value : {"many", "1x", "-1", "inf", "nan", " 1", "1e999"})
    expect_refused("reserved_bytes", value, value);
  expect_refused("status", "fine", "fine");
  expect_refused("device_kind", "tpu", "tpu");
  for (const std::string column : {"end_to_end_median_ns", "host_enqueue_ratio"})
    for (const std::string value : {"-1", "two", "1 2", "inf"}) expect_refused(column, value, value);
}

TEST(LoadResults, OfAFolderReadsAllItsCsvFiles) {
  const test::TemporaryFolder temporary;
  const std::filesystem::path& folder = temporary.path();
  const auto load = [](const std::filesystem::path& path) { return load_results(path); };
  EXPECT_TRUE(contains(refusal([&] { load(folder); }), folder.native() + ": "));
  EXPECT_TRUE(
      contains(refusal([&] { load(folder / "none.csv"); }), "none.csv: cannot be read: No such file"));

  std::ofstream{folder / "2.csv"} << csv_of({measured("two")});
  std::ofstream{folder / "1.csv"} << csv_of({measured("one")});
  std::ofstream{folder / "notes.txt"} << "not a result";
  const std::vector<Result> rows = load(folder);
  ASSERT_EQ(rows.size(), 2u);
  EXPECT_EQ(rows[0].key.back(), "one");
  EXPECT_EQ(rows[1].location, (folder / "2.csv").native() + ": line 2");
  EXPECT_EQ(load(folder / "2.csv").size(), 1u);

  std::filesystem::create_directory(folder / "folder.csv");
  std::ofstream{folder / ".hidden.csv"} << "not a result";
  EXPECT_EQ(load(folder).size(), 2u);
  std::filesystem::copy_file(folder / "1.csv", folder / "3.csv");
  EXPECT_TRUE(contains(refusal([&] { load(folder); }), "3.csv: is a copy of "));
}

}  // namespace
}  // namespace daa::bench
