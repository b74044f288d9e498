#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <system_error>

#include "compare/bad_result.hpp"
#include "compare/result_row.hpp"
#include "report/text.hpp"

namespace daa::bench {
namespace {

namespace fs = std::filesystem;

[[noreturn]] void refuse(const fs::path& path, std::string_view why) {
  throw BadResult(one_line(fmt::format("{}: {}", path.native(), why)));
}

std::string read_file(const fs::path& path) {
  errno = 0;
  std::ifstream file{path, std::ios::binary};
  std::string text{std::istreambuf_iterator<char>{file}, {}};
  if (!file) refuse(path, fmt::format("cannot be read: {}", std::generic_category().message(errno)));
  return text;
}

std::vector<fs::path> csv_files(const fs::path& folder) {
  std::error_code error;
  std::vector<fs::path> files;
  for (fs::directory_iterator entry{folder, error}, end; !error && entry != end; entry.increment(error))
    if (entry->path().extension() == ".csv") files.push_back(entry->path());
  if (error) refuse(folder, fmt::format("cannot be read: {}", error.message()));
  if (files.empty()) refuse(folder, "no *.csv file is in it");
  std::ranges::sort(files);
  return files;
}

}  // namespace

std::vector<ResultRow> load_results(const std::string& path) {
  std::error_code error;
  if (!fs::is_directory(path, error)) return read_results(path, read_file(path));
  std::vector<ResultRow> rows;
  for (const fs::path& file : csv_files(path))
    std::ranges::move(read_results(file, read_file(file)), std::back_inserter(rows));
  return rows;
}

}  // namespace daa::bench
