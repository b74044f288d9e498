#include "options/number.hpp"

#include <fmt/format.h>

#include <charconv>

namespace daa::bench {

double parse_number(const Given& given, NumberRange range) {
  const std::string allowed =
      fmt::format("allowed: {} to {}, as {}", range.least, range.greatest, range.example);
  double number = 0;
  const char* const end = given.value.data() + given.value.size();
  const auto [rest, error] = std::from_chars(given.value.data(), end, number);
  if (error == std::errc::invalid_argument || rest != end)
    refuse_type(given, fmt::format("not a number; {}", allowed));
  const bool is_within = number >= range.least && number <= range.greatest;  // not for NaN
  if (error != std::errc{} || !is_within) refuse_value(given, fmt::format("out of range; {}", allowed));
  return number;
}

}  // namespace daa::bench
