// The CSV's file, row by row.

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/resource.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <system_error>

#include "csv_rows.hpp"
#include "temporary_folder.hpp"

namespace daa::bench {
namespace {

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
  EXPECT_EQ(test::read_csv(content()).size(), 2u);
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
