#include "options/count.hpp"

#include <fmt/format.h>

#include <charconv>
#include <optional>

namespace daa::bench {
namespace {

/// A number that may have been too big for 64 bits.
struct Number {
  std::uint64_t value = 0;
  bool overflow = false;
};

/// A whole number in front of `text`, which it is taken off; nothing if there is none.
std::optional<Number> take_number(std::string_view& text) {
  Number number;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number.value);
  if (error == std::errc::invalid_argument) return std::nullopt;
  number.overflow = error == std::errc::result_out_of_range;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  return number;
}

Number product(Number a, Number b) {
  Number result{0, a.overflow || b.overflow};
  result.overflow |= __builtin_mul_overflow(a.value, b.value, &result.value);
  return result;
}

Number power(Number base, Number exponent) {
  if (base.value <= 1 && !base.overflow) return exponent.value == 0 ? Number{1} : base;
  Number result{1, exponent.overflow};
  for (std::uint64_t i = 0; i < exponent.value && !result.overflow; ++i) result = product(result, base);
  return result;
}

std::optional<Number> read(std::string_view text) {
  const std::optional<Number> number = take_number(text);
  if (!number || text.empty()) return number;
  if (text == "Ki") return product(*number, {1u << 10});
  if (text == "Mi") return product(*number, {1u << 20});
  if (text == "Gi") return product(*number, {1u << 30});
  if (text.front() != '^') return std::nullopt;
  text.remove_prefix(1);
  const std::optional<Number> exponent = take_number(text);
  if (!exponent || !text.empty()) return std::nullopt;
  return power(*number, *exponent);
}

bool is_decimal_unit(std::string_view text) {
  const std::optional<Number> number = take_number(text);
  return number && text.size() == 1 && std::string_view{"kKmMgG"}.find(text) != std::string_view::npos;
}

}  // namespace

std::uint64_t parse_count(const Given& given, CountRange range) {
  const std::string allowed =
      fmt::format("allowed: {} to {}, as 65536, 2^16 or 64Ki", range.least, range.greatest);
  if (is_decimal_unit(given.value)) refuse_type(given, fmt::format("ambiguous (1000 or 1024?); {}", allowed));
  const std::optional<Number> number = read(given.value);
  if (!number) refuse_type(given, fmt::format("not a count; {}", allowed));
  if (number->overflow || number->value < range.least || number->value > range.greatest)
    refuse_value(given, fmt::format("out of range; {}", allowed));
  return number->value;
}

}  // namespace daa::bench
