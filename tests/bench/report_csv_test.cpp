// The CSV file: fields come back as they were, and lines are whole whatever happens.

#include "report/csv.hpp"

#include <signal.h>
#include <sys/resource.h>

#include <charconv>
#include <cmath>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <limits>
#include <locale>
#include <random>
#include <system_error>

#include "child_process.hpp"
#include "report/columns.hpp"
#include "report_rows.hpp"
#include "temporary_folder.hpp"
#include "text_match.hpp"

namespace daa::bench {
namespace {

TEST(Csv, EveryStatusHasItsName) {
  const std::pair<Status, std::string> names[]{{Status::ok, "ok"},
                                               {Status::out_of_memory, "out_of_memory"},
                                               {Status::wrong_result, "wrong_result"},
                                               {Status::failed, "failed"},
                                               {Status::unsupported, "unsupported"}};
  for (const auto& [status, name] : names) {
    Row row = a_row();
    row.status = status;
    EXPECT_EQ(read_back(row)["status"], name);
  }
}

TEST(Csv, AFigureThatIsNotANumberIsAnEmptyField) {
  Row row = a_row();
  row.device = {};
  row.calls = {};
  row.end_to_end.ratio = std::numeric_limits<double>::infinity();
  row.found = {};
  auto fields = read_back(row);
  for (const std::string column : {"device_median_ns", "device_ratio_high", "device_repetitions_ns",
                                   "runtime_calls_per_phase", "end_to_end_ratio", "overlap_score"})
    EXPECT_EQ(fields.at(column), "") << column;
}

TEST(Csv, AnyStringComesBackAsItWas) {
  std::mt19937 random{1};
  const std::string alphabet{"a,\"\r\n \t;'\\\0\xc3\xa9", 12};
  for (int i = 0; i < 1'000; ++i) {
    std::string value(random() % 8, ' ');
    for (char& c : value) c = alphabet[random() % alphabet.size()];
    Row row = a_row(value);
    row.message = value;
    Context context = a_context();
    context.device = value;
    auto fields = read_back(row, context);
    for (const std::string column : {"allocator", "message", "device"}) ASSERT_EQ(fields[column], value);
  }
}

TEST(Csv, QuotesOnlyWhereNeeded) {
  const std::pair<std::string, std::string> fields[]{
      {"plain text", "plain text"},         {"", ""},         {"a,b", "\"a,b\""},
      {"say \"no\"", "\"say \"\"no\"\"\""}, {" a", "\" a\""}, {"a\n", "\"a\n\""}};
  for (const auto& [value, field] : fields) EXPECT_EQ(csv_field(value), field);
}

TEST(Csv, EveryFiniteNumberComesBackBitForBit) {
  std::mt19937_64 random{2};
  for (int i = 0; i < 10'000; ++i) {
    const std::uint64_t bits = random();
    double number = 0;
    std::memcpy(&number, &bits, sizeof number);
    if (!std::isfinite(number)) continue;
    const std::string text = csv_number(number);
    double back = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), back);
    ASSERT_TRUE(error == std::errc{} && end == text.data() + text.size()) << text;
    ASSERT_EQ(back, number) << text;
  }
}

struct CommaForPoint : std::numpunct<char> {
  char do_decimal_point() const override { return ','; }
  char do_thousands_sep() const override { return '.'; }
  std::string do_grouping() const override { return "\3"; }
};

TEST(Csv, NumbersKnowNoLocale) {
  const std::string expected = csv_line(a_row(), a_context());
  const std::locale previous = std::locale::global(std::locale{std::locale{}, new CommaForPoint});
  const std::string line = csv_line(a_row(), a_context());
  std::locale::global(previous);
  EXPECT_EQ(line, expected);
}

class CsvFile : public testing::Test {
 protected:
  [[nodiscard]] std::string path() const { return directory_.path() / "out.csv"; }
  [[nodiscard]] std::string content() const { return test::read_file(path()); }

 private:
  test::TemporaryFolder directory_;
};

TEST_F(CsvFile, HoldsHeaderAndEachRowAtOnceInPlaceOfWhatWasThere) {
  std::ofstream{path()} << std::string(100'000, 'x');
  CsvSink sink{path(), a_context()};
  EXPECT_EQ(content(), csv_header());
  sink.write(std::vector<Row>{a_row("one"), a_row("two")});
  EXPECT_EQ(test::read_csv(content()).size(), 2u);
  sink.write(std::vector<Row>{a_replay()});
  EXPECT_EQ(test::read_csv(content()).at(2).at("kind"), "replay");
}

TEST_F(CsvFile, ThatCannotBeWrittenIsAnErrorWithItsPath) {
  for (const std::string& name : {path() + "/below", std::string{"/dev/full"}}) {
    try {
      CsvSink{name, a_context()};
      FAIL() << "opened";
    } catch (const std::system_error& error) {
      EXPECT_TRUE(contains(error.what(), name));
    }
  }
}

// As on a full disk.
TEST_F(CsvFile, KeepsNoPartOfALineThatDoesNotFit) {
  CsvSink sink{path(), a_context()};
  sink.write(std::vector<Row>{a_row()});
  const std::string whole = content();

  const auto previous_action = ::signal(SIGXFSZ, SIG_IGN);
  rlimit previous{};
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &previous), 0);
  rlimit limit = previous;
  limit.rlim_cur = whole.size() + 10;
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &limit), 0);
  EXPECT_THROW(sink.write(std::vector<Row>{a_row()}), std::system_error);
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &previous), 0);
  ::signal(SIGXFSZ, previous_action);

  EXPECT_EQ(content(), whole);
}

}  // namespace
}  // namespace daa::bench
