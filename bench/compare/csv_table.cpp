#include "compare/csv_table.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "text.hpp"
#include "usage_error.hpp"

namespace daa::bench {
namespace {

class Reader {
 public:
  Reader(const std::string& path, std::string_view text) : path_(path), left_(text) {}

  [[nodiscard]] bool at_end() const { return left_.empty(); }

  CsvRecord take_record() {
    CsvRecord record{line_, {}};
    do {
      record.fields.push_back(left_.starts_with('"') ? take_quoted() : take_plain());
    } while (take(","));
    if (left_.empty()) refuse("the line does not end: the file is truncated");
    if (!take("\r\n") && !take("\n"))
      refuse(left_.front() == '"' ? "a quote in a field that does not begin with one"
                                  : "neither a comma nor the line's end follows a field");
    ++line_;
    return record;
  }

  [[noreturn]] void refuse(std::string_view why) const { refuse(line_, why); }

  [[noreturn]] void refuse(std::size_t line, std::string_view why) const {
    throw UsageError(one_line(fmt::format("{}: line {}: {}", path_, line, why)));
  }

 private:
  bool take(std::string_view what) {
    if (!left_.starts_with(what)) return false;
    left_.remove_prefix(what.size());
    return true;
  }

  std::string take_plain() {
    std::string field{left_.substr(0, left_.find_first_of(",\"\r\n"))};
    left_.remove_prefix(field.size());
    return field;
  }

  std::string take_quoted() {
    const std::size_t begin = line_;
    std::string field;
    left_.remove_prefix(1);
    while (true) {
      const std::size_t quote = left_.find('"');
      if (quote == std::string_view::npos) refuse(begin, "a quoted field does not end");
      line_ += static_cast<std::size_t>(std::ranges::count(left_.substr(0, quote), '\n'));
      field += left_.substr(0, quote);
      left_.remove_prefix(quote + 1);
      if (!take("\"")) return field;
      field += '"';
    }
  }

  const std::string& path_;
  std::string_view left_;
  std::size_t line_ = 1;
};

}  // namespace

CsvTable read_csv_table(std::string path, std::string_view text) {
  CsvTable table{std::move(path), {}, {}};
  Reader reader{table.path, text};
  if (reader.at_end()) reader.refuse("the file is empty; expected a result of daa-bench --csv");
  table.header = reader.take_record().fields;
  for (auto name = table.header.begin(); name != table.header.end(); ++name)
    if (std::find(table.header.begin(), name, *name) != name)
      reader.refuse(1, fmt::format("column {} appears twice", excerpt(*name)));
  while (!reader.at_end()) {
    CsvRecord record = reader.take_record();
    if (record.fields.size() != table.header.size())
      reader.refuse(record.line, fmt::format("{} fields, but the header has {}", record.fields.size(),
                                             table.header.size()));
    table.records.push_back(std::move(record));
  }
  return table;
}

}  // namespace daa::bench
