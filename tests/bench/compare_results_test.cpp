// Results read back: what was written, or a refusal that names file, line, column and value.

#include "compare/results.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
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
  const CsvTable table = read_csv_table("", csv_of({measured("arena", {10, 20.5})}));
  std::string header, line;
  for (std::size_t i = 0; i < table.header.size(); ++i) {
    header.append(i == 0 ? "" : ",").append(table.header[i]);
    line.append(i == 0 ? "" : ",")
        .append(csv_field(table.header[i] == column ? value : table.records[0].fields[i]));
  }
  return header + "\r\n" + line + "\r\n";
}

TEST(Results, HoldWhatWasWritten) {
  Row row = measured("cuda, malloc", {10, 20.5});
  row.host_enqueue.repetitions_ns = {1, 2};
  row.device.repetitions_ns = {3, 4};
  row.end_to_end.repetitions_ns = {5, 6};
  const Result read = results({measured("arena", {10}), row}).at(1);
  EXPECT_EQ(read.location, "a.csv: line 3");
  EXPECT_EQ(read.key, (Key{"steady", "scan", "", "1048576", "", "end", "steady", "false", "1", "1", "false",
                           "cuda, malloc"}));
  EXPECT_EQ(read.settings, (std::vector<std::string>{"3", "42", "1000", "20", "20", "none"}));
  EXPECT_EQ(read.counters, (std::vector<double>{2.5, 0.002, 2.25, 1000, 2000, 3000, 4000}));
  EXPECT_EQ(read.repetitions_ns, (std::vector<std::vector<double>>{{1, 2}, {3, 4}, {5, 6}}));
  EXPECT_TRUE(read.is_ok);
  EXPECT_FALSE(read.is_host);
}

TEST(Results, OfARowAndOfItsCsvAreTheSame) {
  Row failed = without_figures(measured("arena", {1}));
  failed.status = Status::out_of_memory;
  failed.message = "it was \"too\" big,\r\nby far";
  for (const Row& row : {measured("arena", {10, 20.5}), replayed("arena", {10}), failed}) {
    const Result direct = to_result("here", row, run_context("host")),
                 read = results({row}, run_context("host")).at(0);
    EXPECT_EQ(direct.key, read.key);
    EXPECT_EQ(direct.contexts, read.contexts);
    EXPECT_EQ(direct.settings, read.settings);
    EXPECT_EQ(direct.counters.size(), read.counters.size());
    EXPECT_EQ(direct.repetitions_ns, read.repetitions_ns);
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
  for (const auto* group :
       {&compared.contexts, &compared.keys, &compared.settings, &compared.counters, &compared.clocks})
    for (const Column* column : *group) names.insert(column->name);
  for (const Column& column : columns())
    EXPECT_EQ(names.contains(column.name), column.role != Role::information) << column.name;
}

TEST(Results, KeysArePrintedWithoutTheirDefaults) {
  const auto printed = [](const auto& change) {
    Row row = measured("arena", {1});
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
  EXPECT_EQ(printed([](Row& row) { row = replayed("arena:2", {1}); }), "replay gpt2_decode sync=end arena:2");
}

TEST(Results, UnknownColumnsAndBareLineFeedsAreIgnored) {
  std::string text = csv_of({measured("arena", {10})});
  std::erase(text, '\r');
  text = replaced(text, "\n", ",a_new_column\n");
  text.insert(text.size() - 1, ",new");
  EXPECT_EQ(read_results("a.csv", text).at(0).key.back(), "arena");
}

TEST(Results, AClockIsEmptyOrHasEachRepetitionThatWasNotThrottled) {
  Row row = measured("arena", {1, 2, 3});
  row.device = {};
  EXPECT_TRUE(results({row}).at(0).repetitions_ns.at(1).empty());
  row.end_to_end.repetitions_ns = {1, 2};
  EXPECT_TRUE(contains(refusal([&] { results({row}); }), "column end_to_end_repetitions_ns: "));
  row.throttled_samples = 1;
  EXPECT_EQ(results({row}).at(0).repetitions_ns.at(2).size(), 2u);
  row.end_to_end.repetitions_ns = {1, 2, 3, 4};
  EXPECT_TRUE(contains(refusal([&] { results({row}); }), "column end_to_end_repetitions_ns: "));
}

TEST(Results, TextThatIsNotCsvIsRefusedWithItsLine) {
  const std::string text = csv_of({measured("arena", {10}), measured("other", {10})});
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
}

TEST(Results, EachColumnThatIsComparedMustBeThere) {
  const std::set<std::string_view> read{"commit", "message", "repetitions", "status", "throttled_samples"};
  const CsvTable table = read_csv_table("", csv_of({measured("arena", {10})}));
  for (const Column& column : columns()) {
    std::string header, line;
    for (std::size_t i = 0; i < table.header.size(); ++i) {
      header.append(i == 0 ? "" : ",").append(table.header[i] == column.name ? "other" : table.header[i]);
      line.append(i == 0 ? "" : ",").append(csv_field(table.records[0].fields[i]));
    }
    const std::string text = header + "\r\n" + line + "\r\n";
    if (column.role != Role::information || read.contains(column.name))
      EXPECT_TRUE(contains(refusal_of(text), "a.csv: no column " + std::string{column.name} + ":"));
    else
      EXPECT_EQ(read_results("a.csv", text).size(), 1u) << column.name;
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
  for (const std::string value : {"", "-1", "1.5", "99999999999999999999"})
    expect_refused("repetitions", value, value);
  expect_refused("status", "fine", "fine");
  expect_refused("device_kind", "tpu", "tpu");
  expect_refused("end_to_end_repetitions_ns", "1", "1");
  expect_refused("end_to_end_repetitions_ns", "1 ", "1 ");
  expect_refused("device_repetitions_ns", "1 0", "0");
  expect_refused("device_repetitions_ns", "1 two", "two");
  expect_refused("device_repetitions_ns", "1  2", "");
}

TEST(LoadResults, OfAFolderReadsAllItsCsvFiles) {
  const test::TemporaryFolder temporary;
  const std::filesystem::path& folder = temporary.path();
  const auto load = [](const std::filesystem::path& path) { return load_results(path); };
  EXPECT_TRUE(contains(refusal([&] { load(folder); }), folder.native() + ": "));
  EXPECT_TRUE(
      contains(refusal([&] { load(folder / "none.csv"); }), "none.csv: cannot be read: No such file"));

  std::ofstream{folder / "2.csv"} << csv_of({measured("two", {1})});
  std::ofstream{folder / "1.csv"} << csv_of({measured("one", {1})});
  std::ofstream{folder / "notes.txt"} << "not a result";
  const std::vector<Result> rows = load(folder);
  ASSERT_EQ(rows.size(), 2u);
  EXPECT_EQ(rows[0].key.back(), "one");
  EXPECT_EQ(rows[1].location, (folder / "2.csv").native() + ": line 2");
  EXPECT_EQ(load(folder / "2.csv").size(), 1u);
}

}  // namespace
}  // namespace daa::bench
