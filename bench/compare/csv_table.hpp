// Reads CSV files (RFC 4180).
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace daa::bench {

struct CsvRecord {
  std::size_t line;  // of its beginning, from 1; a quoted field may hold further lines
  std::vector<std::string> fields;
};

struct CsvTable {
  std::string path;  // as messages name it
  std::vector<std::string> header;
  std::vector<CsvRecord> records;  // each with as many fields as the header
};

/// `text` begins with a header. Lines may also end in LF alone, as version control may leave them. Throws
/// UsageError with `path` and the line for anything else, and for a last line without an end: the file is
/// truncated.
[[nodiscard]] CsvTable read_csv_table(std::string path, std::string_view text);

}  // namespace daa::bench
