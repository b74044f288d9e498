#include "compare/context.hpp"

#include <fmt/format.h>

#include <map>

#include "report/columns.hpp"
#include "report/text.hpp"

namespace daa::bench {
namespace {

std::string advice(std::string_view remedy) {
  return fmt::format("{}, or compare all the same with --ignore-context", remedy);
}

std::optional<std::string> find_difference(const ResultRow& a, const ResultRow& b, bool of_case) {
  for (std::size_t i = 0; i < context_columns().size(); ++i) {
    const ContextColumn& column = context_columns()[i];
    if (column.of_case != of_case || (column.of_gpu && (a.is_host || b.is_host))) continue;
    if (a.context[i] == b.context[i]) continue;
    return one_line(fmt::format("{} is {} at {}, but {} at {}: {}", column.name, excerpt(b.context[i]),
                                b.place, excerpt(a.context[i]), a.place, advice("measure both alike")));
  }
  return std::nullopt;
}

}  // namespace

std::optional<std::string> find_difference(std::span<const ResultRow> base, std::span<const ResultRow> head) {
  std::map<CaseKey, const ResultRow*> first;
  for (const std::span<const ResultRow> side : {base, head}) {
    for (const ResultRow& row : side) {
      if (row.schema_version != fmt::format("{}", csv_schema_version))
        return one_line(fmt::format("schema_version is {} at {}, but this daa-bench writes and reads {}: {}",
                                    excerpt(row.schema_version), row.place, csv_schema_version,
                                    advice("measure it again")));
      if (auto difference = find_difference(base.front(), row, false)) return difference;
      const ResultRow& like = *first.try_emplace(row.key, &row).first->second;
      if (auto difference = find_difference(like, row, true)) return difference;
    }
  }
  return std::nullopt;
}

}  // namespace daa::bench
