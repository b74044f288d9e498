// RFC 4180: a reader that knows nothing of the program's writer.
#pragma once

#include <cstddef>
#include <map>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace daa::test {

using CsvRecord = std::map<std::string, std::string>;  // by the name of the column

/// A quoted field's content, its opening quote already gone; takes it and the closing quote off `text`.
[[nodiscard]] inline std::string take_quoted(std::string_view& text) {
  std::string field;
  while (true) {
    const std::size_t quote = text.find('"');
    if (quote == text.npos) throw std::runtime_error("CSV: a quoted field does not end");
    field += text.substr(0, quote);
    text.remove_prefix(quote + 1);
    if (!text.starts_with('"')) return field;
    field += '"';
    text.remove_prefix(1);
  }
}

/// The fields of each line; throws std::runtime_error where `text` departs from section 2 of the RFC.
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

/// The records behind a header; throws also where one has not as many fields as the header.
[[nodiscard]] inline std::vector<CsvRecord> read_csv(std::string_view text) {
  const auto lines = read_csv_lines(text);
  std::vector<CsvRecord> records;
  for (std::size_t i = 1; i < lines.size(); ++i) {
    if (lines[i].size() != lines[0].size()) throw std::runtime_error("CSV: a line of another length");
    CsvRecord record;
    for (std::size_t column = 0; column < lines[0].size(); ++column)
      record[lines[0][column]] = lines[i][column];
    records.push_back(std::move(record));
  }
  return records;
}

}  // namespace daa::test
