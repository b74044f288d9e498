// A CSV reader according to RFC 4180, independent of the program's writer.
#pragma once

#include <cstddef>
#include <map>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace daa::test {

using CsvRecord = std::map<std::string, std::string>;  // by column name

/// Returns a quoted field's content; the opening quote has been removed. Removes it and the closing quote
/// from `text`.
[[nodiscard]] inline std::string take_quoted(std::string_view& text) {
  std::string field;
  while (true) {
    const std::size_t quote = text.find('"');
    if (quote == text.npos) throw std::runtime_error("CSV: unterminated quoted field");
    field += text.substr(0, quote);
    text.remove_prefix(quote + 1);
    if (!text.starts_with('"')) return field;
    field += '"';
    text.remove_prefix(1);
  }
}

/// The fields of each line; throws std::runtime_error if `text` violates section 2 of the RFC.
[[nodiscard]] inline std::vector<std::vector<std::string>> read_csv_lines(std::string_view text) {
  std::vector<std::vector<std::string>> lines;
  while (!text.empty()) {
    lines.emplace_back();
    bool more = true;
    while (more) {
      std::string field;
      if (text.starts_with('"')) {
        text.remove_prefix(1);
        field = take_quoted(text);
      } else {
        field = text.substr(0, text.find_first_of(",\r\n\""));
        text.remove_prefix(field.size());
      }
      lines.back().push_back(std::move(field));
      more = text.starts_with(',');
      if (more) text.remove_prefix(1);
    }
    if (!text.starts_with("\r\n")) throw std::runtime_error("CSV: a line does not end in CR LF");
    text.remove_prefix(2);
  }
  return lines;
}

/// The records after the header; also throws if one has a different number of fields than the header.
[[nodiscard]] inline std::vector<CsvRecord> read_csv(std::string_view text) {
  const auto lines = read_csv_lines(text);
  std::vector<CsvRecord> records;
  for (std::size_t i = 1; i < lines.size(); ++i) {
    if (lines[i].size() != lines[0].size())
      throw std::runtime_error("CSV: a line has a different number of fields");
    CsvRecord record;
    for (std::size_t column = 0; column < lines[0].size(); ++column)
      record[lines[0][column]] = lines[i][column];
    records.push_back(std::move(record));
  }
  return records;
}

}  // namespace daa::test
