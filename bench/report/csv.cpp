#include "report/csv.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>
#include <utility>

#include "report/columns.hpp"

namespace daa::bench {
namespace {

constexpr std::string_view line_end = "\r\n";

/// `field_of` each column, as a line.
template <class FieldOf>
std::string line_of(FieldOf field_of) {
  std::string line;
  for (const CsvColumn& column : csv_columns()) {
    if (!line.empty()) line += ',';
    line += csv_field(field_of(column));
  }
  return line.append(line_end);
}

/// For messages.
std::string name_of(const std::string& path) {
  return path == "-" ? "standard output" : path;
}

int open_for_writing(const std::string& path) {
  const int file = path == "-" ? ::fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 0)
                               : ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
  if (file < 0) throw std::system_error(errno, std::generic_category(), name_of(path));
  return file;
}

}  // namespace

std::string csv_field(std::string_view value) {
  const bool plain = value.find_first_of("\",\r\n") == std::string_view::npos &&
                     (value.empty() || (value.front() != ' ' && value.back() != ' '));
  if (plain) return std::string{value};
  std::string field{'"'};
  for (const char c : value) field.append(c == '"' ? 2 : 1, c);
  return field += '"';
}

std::string csv_header() {
  return line_of([](const CsvColumn& column) { return column.name; });
}

std::string csv_line(const Row& row, const Context& context) {
  return line_of([&](const CsvColumn& column) { return column.value(row, context); });
}

CsvWriter::CsvWriter(std::string path, Context context)
    : path_{std::move(path)}, context_{std::move(context)}, file_{open_for_writing(path_)} {
  try {
    write_line(csv_header());
  } catch (...) {
    ::close(file_);
    throw;
  }
}

CsvWriter::~CsvWriter() {
  ::close(file_);
}

void CsvWriter::write(const Row& row) {
  write_line(csv_line(row, context_));
}

void CsvWriter::write_line(std::string_view line) {
  std::size_t written = 0;
  while (written < line.size()) {
    const ssize_t count = ::write(file_, line.data() + written, line.size() - written);
    if (count >= 0) {
      written += static_cast<std::size_t>(count);
    } else if (errno != EINTR) {
      const int error = errno;
      const off_t end = ::lseek(file_, 0, SEEK_CUR);  // -1 for pipes and terminals
      const bool is_cut = end >= 0 && ::ftruncate(file_, end - static_cast<off_t>(written)) == 0;
      static_cast<void>(is_cut);  // if not, the error says that the file is not whole
      throw std::system_error(error, std::generic_category(), name_of(path_));
    }
  }
}

}  // namespace daa::bench
