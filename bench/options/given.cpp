#include "options/given.hpp"

#include <fmt/format.h>

#include <CLI/Error.hpp>

#include "report/text.hpp"

namespace daa::bench {

std::string to_string(const Given& given) {
  return fmt::format("{}={}{}", given.place, excerpt(given.value), given.by_default ? " (the default)" : "");
}

void refuse_type(const Given& given, std::string_view why) {
  throw CLI::ConversionError(fmt::format("{}: {}", to_string(given), why));
}

void refuse_value(const Given& given, std::string_view why) {
  throw CLI::ValidationError(fmt::format("{}: {}", to_string(given), why));
}

void refuse_missing(std::string_view place, std::string_view metavar) {
  throw CLI::ArgumentMismatch(fmt::format("{}: needs a value, {}", place, metavar));
}

}  // namespace daa::bench
