// The CSV file: RFC 4180, lines end in CR LF, one header, one row a combination.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "report/row.hpp"

namespace daa::bench {

/// `value` as one field: in quotes, and quotes in it doubled, where a reader could otherwise take it for more
/// than one field or trim it.
[[nodiscard]] std::string csv_field(std::string_view value);

/// The names of csv_columns() and their values, each as a whole line.
[[nodiscard]] std::string csv_header();
[[nodiscard]] std::string csv_line(const Row& row, const Context& context);

/// Writes a line at a time, so that whatever ends the program leaves whole rows behind.
///
/// Errors of the file system are std::system_error with the path in it. A row that could not be written whole
/// is taken back, where the file is one that can be cut.
class CsvWriter {
 public:
  /// Replaces the file by one with a header alone. "-" is standard output.
  CsvWriter(std::string path, Context context);
  ~CsvWriter();
  CsvWriter(const CsvWriter&) = delete;
  CsvWriter& operator=(const CsvWriter&) = delete;

  void write(const Row& row);

 private:
  void write_line(std::string_view line);

  std::string path_;
  Context context_;
  int file_;
};

}  // namespace daa::bench
