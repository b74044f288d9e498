// Fields of the CSV: text and numbers come back as they were.

#include "report/csv.hpp"

#include <gtest/gtest.h>

#include <charconv>
#include <cmath>
#include <cstring>
#include <limits>
#include <locale>
#include <random>
#include <set>
#include <system_error>

#include "csv_rows.hpp"
#include "report/columns.hpp"

namespace daa::bench {
namespace {

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

}  // namespace
}  // namespace daa::bench
