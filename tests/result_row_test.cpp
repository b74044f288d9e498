// Results read back: what was written, or a refusal that names file, line, column and value.

#include "compare/result_row.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>

#include "compare/bad_result.hpp"
#include "compare/csv_table.hpp"
#include "gate_rows.hpp"
#include "temporary_folder.hpp"
#include "text_match.hpp"

namespace daa::bench {
namespace {

std::string refusal(const std::string& text) {
  try {
    static_cast<void>(read_results("a.csv", text));
    return "nothing was refused";
  } catch (const BadResult& error) {
    return error.what();
  }
}

std::string replaced(std::string text, const std::string& what, const std::string& by) {
  const std::size_t at = text.find(what);
  EXPECT_NE(at, std::string::npos) << what;
  return text.replace(at, what.size(), by);
}

/// A file of one row, whose field in `column` reads `value`.
std::string with_field(const std::string& column, const std::string& value) {
  const CsvTable table = read_csv_table("", csv_of({measured("arena", {10, 20.5})}));
  std::string text = csv_header();
  for (std::size_t i = 0; i < table.header.size(); ++i)
    text.append(i == 0 ? "" : ",")
        .append(csv_field(table.header[i] == column ? value : table.records[0].fields[i]));
  return text + "\r\n";
}

TEST(ResultRow, HoldsWhatWasWritten) {
  const std::vector<ResultRow> rows =
      results({measured("arena", {10, 20.5}), measured("cuda, malloc", {1.25})});
  ASSERT_EQ(rows.size(), 2u);
  EXPECT_EQ(rows[0].key, (CaseKey{"scan", std::size_t{1} << 20, "phase", "arena"}));
  EXPECT_EQ(rows[1].key.allocator, "cuda, malloc");
  EXPECT_EQ(rows[1].place, "a.csv: line 3");
  EXPECT_TRUE(rows[0].is_ok);
  EXPECT_FALSE(rows[0].is_host);
  for (const auto& repetitions : rows[0].repetitions_ns)
    EXPECT_EQ(repetitions, (std::vector<double>{10, 20.5}));
  EXPECT_EQ(rows[0].counters,
            (std::vector<double>{2.5, 0.002, 2.25, 12582912, 12 << 20, 16 << 20, 32 << 20}));
}

TEST(ResultRow, EveryClockAndCounterHasItsColumnAndNoOther) {
  Row row = measured("arena", {1});
  row.end_to_end.repetitions_ns = {3};
  row.device.repetitions_ns = {2};
  const ResultRow read = results({row}).at(0);
  for (std::size_t i = 0; i < clock_columns.size(); ++i) {
    const std::string_view name = clock_columns[i].name;
    EXPECT_EQ(read.repetitions_ns[i].at(0), name == "end_to_end" ? 3 : name == "device" ? 2 : 1) << name;
  }
}

TEST(ResultRow, ACaseThatFailedSaysWhy) {
  Row row = a_row();
  row.repetitions = 0;
  row.status = Status::out_of_memory;
  row.message = "it was \"too\" big,\r\nby far";
  const ResultRow read = results({row, row}).at(1);
  EXPECT_FALSE(read.is_ok);
  EXPECT_EQ(read.trouble, "out_of_memory: it was \"too\" big,\r\nby far");
  EXPECT_EQ(read.place, "a.csv: line 4");
}

TEST(ResultRow, FurtherColumnsAndBareLineFeedsAreLetBe) {
  std::string text = csv_of({measured("arena", {10})});
  std::erase(text, '\r');
  text = replaced(text, "\n", ",a_new_column\n");
  text.insert(text.size() - 1, ",new");
  EXPECT_EQ(read_results("a.csv", text).at(0).key.allocator, "arena");
}

TEST(ResultRow, WhatIsNoCsvIsRefusedWithItsLine) {
  const std::string text = csv_of({measured("arena", {10}), measured("other", {10})});
  EXPECT_TRUE(contains(refusal(""), "a.csv: line 1: the file is empty"));
  EXPECT_TRUE(contains(refusal(text.substr(0, text.size() - 2)), "a.csv: line 3: the line does not end"));
  EXPECT_TRUE(contains(refusal(text.substr(0, text.size() - 30)), "a.csv: line 3: "));
  EXPECT_TRUE(contains(refusal(text + "a,b\r\n"), "a.csv: line 4: 2 fields, but the header has "));
  EXPECT_TRUE(contains(refusal(text + "\r\n"), "a.csv: line 4: 1 fields"));
  EXPECT_TRUE(contains(refusal(text + "\"a\r\nb"), "a.csv: line 4: a quoted field does not end"));
  EXPECT_TRUE(contains(refusal(text + "a\"b,c\r\n"), "a.csv: line 4: a quote in a field"));
  EXPECT_TRUE(contains(refusal(text + "\"a\"b,c\r\n"), "a.csv: line 4: neither a comma nor"));
  EXPECT_TRUE(
      contains(refusal(replaced(text, "commit,", "device,")), "line 1: column device is there twice"));
}

TEST(ResultRow, WhatIsNoResultIsRefused) {
  EXPECT_TRUE(contains(refusal(csv_header()), "a.csv: holds no row"));
  EXPECT_TRUE(contains(refusal("a,b\r\n1,2\r\n"), "a.csv: no column "));
  const std::string text = csv_of({measured("arena", {10})});
  for (const std::string column : {"workload", "seed", "reserved_bytes", "end_to_end_repetitions_ns"}) {
    const std::string said = refusal(replaced(text, column + ",", "another,"));
    EXPECT_TRUE(contains(said, "a.csv: no column " + column));
    EXPECT_TRUE(contains(said, "measure it again"));
  }
}

TEST(ResultRow, ValuesThatNoRunWritesAreRefusedWithTheirColumn) {
  const auto expect_refused = [](const std::string& column, const std::string& value,
                                 const std::string& why) {
    EXPECT_TRUE(contains(refusal(with_field(column, value)),
                         "a.csv: line 2, column " + column + ": \"" + value + "\" " + why));
  };
  for (const std::string value : {"", "many", "1x", "-1", "inf", "nan", " 1", "1e999"})
    expect_refused("reserved_bytes", value, "is no number of 0 or more");
  for (const std::string value : {"", "-1", "1.5", "99999999999999999999"})
    expect_refused("elements", value, "is no whole number");
  expect_refused("sync", "never", "is none of end, phase");
  expect_refused("status", "fine", "is none of ok, ");
  expect_refused("device_kind", "tpu", "is none of cuda, host");
  expect_refused("end_to_end_repetitions_ns", "1", "holds not as many as repetitions, 2");
  expect_refused("end_to_end_repetitions_ns", "1 ", "ends in a blank");
  EXPECT_TRUE(contains(refusal(with_field("device_repetitions_ns", "1 0")), "\"0\" is no time above 0"));
  EXPECT_TRUE(contains(refusal(with_field("device_repetitions_ns", "1 two")), "\"two\" is no number"));
  EXPECT_TRUE(contains(refusal(with_field("device_repetitions_ns", "1  2")), "\"\" is no number"));
}

class LoadResults : public testing::Test {
 protected:
  void write(const std::string& name, const std::string& text) const {
    std::ofstream{folder_ / name} << text;
  }

  test::TemporaryFolder temporary_;
  const std::filesystem::path& folder_ = temporary_.path();
};

TEST_F(LoadResults, AFolderIsAllItsCsvFiles) {
  write("2.csv", csv_of({measured("two", {1})}));
  write("1.csv", csv_of({measured("one", {1})}));
  write("notes.txt", "not a result");
  const std::vector<ResultRow> rows = load_results(folder_);
  ASSERT_EQ(rows.size(), 2u);
  EXPECT_EQ(rows[0].key.allocator, "one");
  EXPECT_EQ(rows[1].place, (folder_ / "2.csv").native() + ": line 2");
  EXPECT_EQ(load_results(folder_ / "2.csv").size(), 1u);
}

TEST_F(LoadResults, WhatIsNotThereIsRefusedByName) {
  const auto said = [](const std::string& path) -> std::string {
    try {
      static_cast<void>(load_results(path));
      return "nothing was refused";
    } catch (const BadResult& error) {
      return error.what();
    }
  };
  EXPECT_TRUE(contains(said(folder_), "no *.csv file is in it"));
  EXPECT_TRUE(contains(said(folder_ / "none.csv"), "none.csv: cannot be read: No such file"));
}

}  // namespace
}  // namespace daa::bench
