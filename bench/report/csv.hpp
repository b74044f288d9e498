// The CSV file: RFC 4180, lines end in CR LF, one header, one row for each case and allocator.
#pragma once

#include <string>
#include <string_view>

#include "device/context.hpp"
#include "report/output_file.hpp"
#include "report/sink.hpp"

namespace daa::bench {

/// `value` as one field: in quotes, and quotes in it doubled, where a reader could otherwise take it for more
/// than one field or trim it.
[[nodiscard]] std::string csv_field(std::string_view value);

/// The names of columns() and their values, each as a whole line.
[[nodiscard]] std::string csv_header();
[[nodiscard]] std::string csv_line(const Row& row, const Context& context);

class CsvSink final : public Sink {
 public:
  /// Replaces the file by one with a header alone. "-" is standard output.
  CsvSink(std::string path, Context context);

  void write(std::span<const Row> rows) override;

 private:
  LineFile file_;
  Context context_;
};

}  // namespace daa::bench
