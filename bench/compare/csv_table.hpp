// A CSV file, taken apart.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace daa::bench {

struct CsvRecord {
  std::size_t line;  // in the file, from 1; of its beginning, where quoted fields hold more
  std::vector<std::string> fields;
};

struct CsvTable {
  std::string path;  // as messages name it
  std::vector<std::string> header;
  std::vector<CsvRecord> records;  // each with as many fields as the header
};

/// `text` is RFC 4180 with a header; lines may end in LF alone, as version control may leave them. Throws
/// BadResult with `path` and the line for all else, a last line that does not end included: it was cut.
[[nodiscard]] CsvTable read_csv_table(std::string path, std::string_view text);

}  // namespace daa::bench
