// The CSV, read back by a reader that knows nothing of its writer.

#include "report/csv.hpp"

#include <gtest/gtest.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#include <charconv>
#include <cmath>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <locale>
#include <map>
#include <random>
#include <set>
#include <stdexcept>
#include <system_error>

#include "report/columns.hpp"
#include "report_rows.hpp"
#include "temporary_folder.hpp"
#include "text_match.hpp"

namespace daa::bench {
namespace {

using Record = std::vector<std::string>;

/// RFC 4180, section 2, to the letter; throws std::runtime_error where a text departs from it.
std::vector<Record> read_csv(const std::string& text) {
  std::vector<Record> records;
  std::size_t i = 0;
  const auto at = [&](char c) { return i < text.size() && text[i] == c; };
  while (i < text.size()) {
    records.emplace_back();
    do {
      std::string field;
      if (at('"')) {
        for (++i; !at('"') || (i + 1 < text.size() && text[i + 1] == '"'); ++i) {
          if (i >= text.size()) throw std::runtime_error{"a quoted field does not end"};
          if (at('"')) ++i;
          field += text[i];
        }
        ++i;
      } else {
        for (; i < text.size() && !at(',') && !at('\r'); ++i) {
          if (at('"') || at('\n')) throw std::runtime_error{"a quote or line feed in a bare field"};
          field += text[i];
        }
      }
      records.back().push_back(field);
    } while (at(',') && ++i);
    if (text.compare(i, 2, "\r\n") != 0) throw std::runtime_error{"a record does not end in CR LF"};
    i += 2;
  }
  return records;
}

/// The row as a reader sees it, by the name of the column.
std::map<std::string, std::string> read_back(const Row& row, const Context& context) {
  const auto records = read_csv(csv_header() + csv_line(row, context));
  EXPECT_EQ(records.size(), 2u);
  EXPECT_EQ(records[0].size(), records[1].size());
  std::map<std::string, std::string> fields;
  for (std::size_t i = 0; i < records[0].size(); ++i) fields[records[0][i]] = records[1][i];
  return fields;
}

TEST(CsvColumns, AreUniqueSnakeCaseAndDocumented) {
  std::set<std::string_view> seen;
  for (const CsvColumn& column : csv_columns()) {
    EXPECT_TRUE(seen.insert(column.name).second) << column.name;
    EXPECT_TRUE(matches(std::string{column.name}, "[a-z][a-z0-9]*(_[a-z0-9]+)*"));
    EXPECT_GT(column.description.size(), 5u) << column.name;
  }
  EXPECT_EQ(csv_columns().front().name, "schema_version");
}

TEST(CsvColumns, HoldEveryFieldOfTheRowAndTheContext) {
  const std::map<std::string, std::string> expected{
      {"schema_version", "2"},
      {"daa_version", "1.2.3"},
      {"commit", "0123456789ab-dirty"},
      {"time_utc", "2030-01-02T03:04:05Z"},
      {"device_kind", "cuda"},
      {"device", "NVIDIA H200"},
      {"sm_clock_mhz", "1980"},
      {"memory_clock_mhz", "3201"},
      {"driver", "580.159.04"},
      {"toolkit", "13.0"},
      {"compiler", "g++ 12.2.0, nvcc 13.0.88"},
      {"cpu", "A CPU"},
      {"workload", "scan"},
      {"elements", "1048576"},
      {"sync", "phase"},
      {"allocator", "arena"},
      {"status", "failed"},
      {"message", "why"},
      {"iters", "1000"},
      {"warmup", "20"},
      {"repetitions", "5"},
      {"phases_per_sample", "1"},
      {"samples", "5000"},
      {"throttled_samples", "1000"},
      {"sm_clock_median_mhz", "1965.5"},
      {"host_enqueue_median_ns", "2510"},
      {"host_enqueue_p90_ns", "2900"},
      {"host_enqueue_max_ns", "9000"},
      {"host_enqueue_p99_ns", "3120.5"},
      {"host_enqueue_ratio", "1.01"},
      {"host_enqueue_ratio_low", "1"},
      {"host_enqueue_ratio_high", "1.02"},
      {"device_median_ns", "25900"},
      {"device_p90_ns", "30100"},
      {"device_max_ns", "90000"},
      {"device_p99_ns", "31200"},
      {"device_ratio", "1.02"},
      {"device_ratio_low", "1.01"},
      {"device_ratio_high", "1.03"},
      {"end_to_end_median_ns", "1180000"},
      {"end_to_end_p90_ns", "1250000"},
      {"end_to_end_max_ns", "1400000"},
      {"end_to_end_p99_ns", "1310000"},
      {"end_to_end_ratio", "12.34"},
      {"end_to_end_ratio_low", "12.01"},
      {"end_to_end_ratio_high", "12.77"},
      {"allocations_per_phase", "2.5"},
      {"runtime_calls_per_phase", "0.002"},
      {"driver_calls_per_phase", "0.003"},
      {"allocate_calls_per_phase", "0.25"},
      {"free_calls_per_phase", "0.5"},
      {"launch_calls_per_phase", "0.75"},
      {"copy_calls_per_phase", "1.25"},
      {"synchronise_calls_per_phase", "1.5"},
      {"other_calls_per_phase", "1.75"},
      {"synchronisations_per_phase", "2.25"},
      {"asked_per_phase_bytes", "12582912"},
      {"peak_phase_bytes", "12582912"},
      {"reserved_bytes", "16777216"},
      {"wasted_bytes", "4194304"},
      {"pool_mapped_bytes", "33554432"},
      {"seed", "18446744073709551615"},
      {"state", "cold"},
      {"graph", "true"},
      {"threads", "2"},
      {"streams", "3"},
      {"flush_l2", "true"},
      {"profiler", "nsys"},
      {"allocs_per_phase", "64"},
      {"break_even_allocs", "256"},
      {"graph_memory_nodes", "4.5"},
      {"allocation_ns", "12.5"},
      {"slowest_allocation_ns", "14.25"},
      {"serial_ns", "56000"},
      {"overlap_score", "0.75"},
      {"trace", "gpt2_decode"},
      {"operations", "15444"},
      {"left_out_lines", "4"},
      {"operation_median_ns", "42.5"},
      {"operation_p99_ns", "51"},
      {"operation_ratio", "3.5"},
      {"operation_ratio_low", "3.25"},
      {"operation_ratio_high", "3.75"},
      {"against_operation_ratio", "2.5"},
      {"against_operation_ratio_low", "2.25"},
      {"against_operation_ratio_high", "2.75"},
      {"peak_live_bytes", "8388608"},
      {"reserved_over_live", "2"},
      {"held_bytes", "10485760"},
      {"held_over_live", "1.25"},
      {"min_fit_bytes", "12582912"},
      {"min_fit_over_live", "1.5"},
      {"against", "arena-individual"},
      {"against_host_enqueue_ratio", "0.98"},
      {"against_host_enqueue_ratio_low", "0.97"},
      {"against_host_enqueue_ratio_high", "0.99"},
      {"against_device_ratio", "0.88"},
      {"against_device_ratio_low", "0.87"},
      {"against_device_ratio_high", "0.89"},
      {"against_end_to_end_ratio", "0.78"},
      {"against_end_to_end_ratio_low", "0.77"},
      {"against_end_to_end_ratio_high", "0.79"},
      {"host_enqueue_repetitions_ns", "2510 2490.5"},
      {"device_repetitions_ns", "25900"},
      {"end_to_end_repetitions_ns", "1180000 0.1 3"},
      {"planted_delay", "host:0.05"},
  };
  Row row = a_row();
  row.status = Status::failed;
  row.message = "why";
  row.mode = a_mode();
  row.found = all_findings();
  row.replay = replay_figures();
  row.against = "arena-individual";
  double ratio = 0.98;
  for (ClockSummary* const clock : {&row.host_enqueue, &row.device, &row.end_to_end}) {
    clock->against_ratio = ratio;
    clock->against_ratio_low = std::round((ratio - 0.01) * 100) / 100;
    clock->against_ratio_high = std::round((ratio + 0.01) * 100) / 100;
    ratio -= 0.1;
  }
  EXPECT_EQ(read_back(row, a_context()), expected);
}

TEST(CsvColumns, OfOtherWaysToRunAreEmptyInAnOrdinaryRow) {
  auto fields = read_back(a_row(), a_context());
  EXPECT_EQ(fields.at("state"), "steady");
  EXPECT_EQ(fields.at("graph"), "false");
  EXPECT_EQ(fields.at("threads"), "1");
  EXPECT_EQ(fields.at("streams"), "1");
  EXPECT_EQ(fields.at("flush_l2"), "false");
  EXPECT_EQ(fields.at("profiler"), "none");
  for (const char* const name : {"allocs_per_phase", "break_even_allocs", "graph_memory_nodes",
                                 "allocation_ns", "slowest_allocation_ns", "serial_ns", "overlap_score"})
    EXPECT_EQ(fields.at(name), "") << name;
}

TEST(CsvColumns, OfReplaysAreEmptyInOtherRows) {
  auto fields = read_back(a_row(), a_context());
  for (const char* const name :
       {"trace", "operations", "left_out_lines", "operation_median_ns", "operation_p99_ns", "operation_ratio",
        "operation_ratio_low", "operation_ratio_high", "against_operation_ratio",
        "against_operation_ratio_low", "against_operation_ratio_high", "peak_live_bytes",
        "reserved_over_live", "held_bytes", "held_over_live", "min_fit_bytes", "min_fit_over_live"})
    EXPECT_EQ(fields.at(name), "") << name;
}

TEST(CsvColumns, AMinimumThatWasNotFoundIsEmpty) {
  Row row = a_row();
  row.replay = replay_figures();
  row.replay->min_fit_bytes = 0;
  auto fields = read_back(row, a_context());
  EXPECT_EQ(fields["min_fit_bytes"], "");
  EXPECT_EQ(fields["min_fit_over_live"], "");
}

TEST(Csv, EveryStatusHasItsName) {
  std::set<std::string> seen;
  for (const Status status :
       {Status::ok, Status::out_of_memory, Status::wrong_result, Status::failed, Status::unsupported}) {
    Row row = a_row();
    row.status = status;
    seen.insert(read_back(row, a_context())["status"]);
  }
  EXPECT_EQ(seen, (std::set<std::string>{"ok", "out_of_memory", "wrong_result", "failed", "unsupported"}));
}

TEST(Csv, WhatIsNotANumberIsAnEmptyField) {
  Row row = a_row();
  row.device = {};
  row.calls = {};
  row.end_to_end.ratio = std::numeric_limits<double>::infinity();
  auto fields = read_back(row, a_context());
  EXPECT_EQ(fields["device_median_ns"], "");
  EXPECT_EQ(fields["device_ratio_high"], "");
  EXPECT_EQ(fields["runtime_calls_per_phase"], "");
  EXPECT_EQ(fields["end_to_end_ratio"], "");
}

TEST(Csv, AnyStringComesBackAsItWas) {
  std::mt19937 random{1};
  const std::string alphabet{"a,\"\r\n \t;'\\\0\xc3\xa9", 12};
  for (int i = 0; i < 3'000; ++i) {
    std::string value(random() % 8, ' ');
    for (char& c : value) c = alphabet[random() % alphabet.size()];
    Row row = a_row(value);
    row.message = value;
    Context context = a_context();
    context.device = value;
    auto fields = read_back(row, context);
    ASSERT_EQ(fields["allocator"], value);
    ASSERT_EQ(fields["message"], value);
    ASSERT_EQ(fields["device"], value);
  }
}

TEST(Csv, QuotesOnlyWhereNeeded) {
  EXPECT_EQ(csv_field("plain text"), "plain text");
  EXPECT_EQ(csv_field(""), "");
  EXPECT_EQ(csv_field("a,b"), "\"a,b\"");
  EXPECT_EQ(csv_field("say \"no\""), "\"say \"\"no\"\"\"");
  EXPECT_EQ(csv_field(" a"), "\" a\"");
}

TEST(Csv, EveryFiniteNumberComesBackBitForBit) {
  std::mt19937_64 random{2};
  for (int i = 0; i < 20'000; ++i) {
    const std::uint64_t bits = random();
    double number = 0;
    std::memcpy(&number, &bits, sizeof number);
    if (!std::isfinite(number)) continue;
    const std::string text = csv_number(number);
    double back = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), back);
    ASSERT_EQ(error, std::errc{});
    ASSERT_EQ(end, text.data() + text.size()) << text;
    ASSERT_EQ(back, number) << text;
    ASSERT_LE(text.size(), 24u) << text;
  }
}

struct Comma : std::numpunct<char> {
  char do_decimal_point() const override { return ','; }
  char do_thousands_sep() const override { return '.'; }
  std::string do_grouping() const override { return "\3"; }
};

TEST(Csv, NumbersKnowNoLocale) {
  const std::string expected = csv_line(a_row(), a_context());
  const std::locale previous = std::locale::global(std::locale{std::locale{}, new Comma});
  const std::string line = csv_line(a_row(), a_context());
  std::locale::global(previous);
  EXPECT_EQ(line, expected);
}

class CsvWriterTest : public testing::Test {
 protected:
  [[nodiscard]] std::string path() const { return directory_.path() / "out.csv"; }

  [[nodiscard]] std::string content() const {
    std::ifstream file{path(), std::ios::binary};
    return {std::istreambuf_iterator<char>{file}, {}};
  }

 private:
  test::TemporaryFolder directory_;
};

TEST_F(CsvWriterTest, HeaderAndEachRowAreInTheFileAtOnce) {
  CsvWriter writer{path(), a_context()};
  EXPECT_EQ(content(), csv_header());
  writer.write(a_row("one"));
  EXPECT_EQ(content(), csv_header() + csv_line(a_row("one"), a_context()));
  writer.write(a_row("two"));
  EXPECT_EQ(read_csv(content()).size(), 3u);
}

TEST_F(CsvWriterTest, ReplacesWhatWasThere) {
  std::ofstream{path()} << std::string(100'000, 'x');
  CsvWriter{path(), a_context()};
  EXPECT_EQ(content(), csv_header());
}

TEST_F(CsvWriterTest, AFileThatCannotBeOpenedIsAnErrorWithItsPath) {
  try {
    CsvWriter{path() + "/below", a_context()};
    FAIL() << "opened";
  } catch (const std::system_error& error) {
    EXPECT_NE(std::string{error.what()}.find("out.csv/below"), std::string::npos) << error.what();
  }
}

TEST_F(CsvWriterTest, AFullDiskIsAnError) {
  if (!std::filesystem::exists("/dev/full")) GTEST_SKIP() << "no /dev/full";
  EXPECT_THROW((CsvWriter{"/dev/full", a_context()}), std::system_error);
}

TEST_F(CsvWriterTest, ARowThatDoesNotFitLeavesNoPart) {
  CsvWriter writer{path(), a_context()};
  writer.write(a_row());
  const std::string whole = content();

  ::signal(SIGXFSZ, SIG_IGN);
  rlimit previous{};
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &previous), 0);
  rlimit limit = previous;
  limit.rlim_cur = whole.size() + 10;
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &limit), 0);
  EXPECT_THROW(writer.write(a_row()), std::system_error);
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &previous), 0);
  ::signal(SIGXFSZ, SIG_DFL);

  EXPECT_EQ(content(), whole);
}

}  // namespace
}  // namespace daa::bench
