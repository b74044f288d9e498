#include "report/csv.hpp"

#include <utility>

#include "report/columns.hpp"

namespace daa::bench {
namespace {

constexpr std::string_view line_end = "\r\n";

/// `field_of` each column, as a line.
template <class FieldOf>
std::string line_of(FieldOf field_of) {
  std::string line;
  for (const Column& column : columns()) {
    if (!line.empty()) line += ',';
    line += csv_field(field_of(column));
  }
  return line.append(line_end);
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
  return line_of([](const Column& column) { return column.name; });
}

std::string csv_line(const Row& row, const Context& context) {
  return line_of([&](const Column& column) { return column.value(row, context); });
}

CsvSink::CsvSink(std::string path, Context context) : file_{std::move(path)}, context_{std::move(context)} {
  file_.write(csv_header());
}

void CsvSink::write(std::span<const Row> rows) {
  for (const Row& row : rows) file_.write(csv_line(row, context_));
}

}  // namespace daa::bench
