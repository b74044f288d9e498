// The CSV file: RFC 4180, lines end in CR LF, one header, one row a combination.
#pragma once

#include <string>
#include <string_view>

#include "report/line_file.hpp"
#include "report/row.hpp"

namespace daa::bench {

/// `value` as one field: in quotes, and quotes in it doubled, where a reader could otherwise take it for more
/// than one field or trim it.
[[nodiscard]] std::string csv_field(std::string_view value);

/// The names of csv_columns() and their values, each as a whole line.
[[nodiscard]] std::string csv_header();
[[nodiscard]] std::string csv_line(const Row& row, const Context& context);

/// Writes a line at a time, so that whatever ends the program leaves whole rows behind. Throws as LineFile.
class CsvWriter {
 public:
  /// Replaces the file by one with a header alone. "-" is standard output.
  CsvWriter(std::string path, Context context);

  void write(const Row& row);

 private:
  LineFile file_;
  Context context_;
};

}  // namespace daa::bench
