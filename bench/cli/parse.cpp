#include "cli/parse.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <numeric>
#include <utility>

namespace daa::bench {
namespace {

/// A number that may have been too big for 64 bits.
struct Number {
  std::uint64_t value = 0;
  bool overflow = false;
};

/// Removes an integer from the front of `text`; nothing if there is none.
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

std::optional<Number> parse_count(std::string_view text) {
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

bool has_decimal_unit(std::string_view text) {
  const std::optional<Number> number = take_number(text);
  return number && text.size() == 1 && std::string_view{"kKmMgG"}.find(text) != std::string_view::npos;
}

/// Fewest insertions, deletions, substitutions and swaps of neighbours that turn `a` into `b` (optimal string
/// alignment).
std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> before_last(b.size() + 1), last(b.size() + 1), current(b.size() + 1);
  std::iota(last.begin(), last.end(), std::size_t{0});
  for (std::size_t i = 1; i <= a.size(); ++i) {
    current[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t substitution = last[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
      current[j] = std::min({last[j] + 1, current[j - 1] + 1, substitution});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
        current[j] = std::min(current[j], before_last[j - 2] + 1);
    }
    before_last.swap(last);
    last.swap(current);
  }
  return last[b.size()];
}

}  // namespace

Check count(std::uint64_t least, std::uint64_t greatest) {
  return [=](std::string& value) -> std::string {
    const std::string allowed = fmt::format("allowed: {} to {}, as 65536, 2^16 or 64Ki", least, greatest);
    if (has_decimal_unit(value)) return fmt::format("ambiguous (1000 or 1024?); {}", allowed);
    const std::optional<Number> number = parse_count(value);
    if (!number) return fmt::format("not a count; {}", allowed);
    if (number->overflow || number->value < least || number->value > greatest)
      return fmt::format("out of range; {}", allowed);
    value = fmt::format("{}", number->value);
    return {};
  };
}

Check number(double least, double greatest, std::string_view example) {
  return [=](std::string& value) -> std::string {
    const std::string allowed = fmt::format("allowed: {} to {}, as {}", least, greatest, example);
    double number = 0;
    const char* const end = value.data() + value.size();
    const auto [rest, error] = std::from_chars(value.data(), end, number);
    if (error == std::errc::invalid_argument || rest != end) return fmt::format("not a number; {}", allowed);
    const bool is_within = number >= least && number <= greatest;  // false for NaN
    if (error != std::errc{} || !is_within) return fmt::format("out of range; {}", allowed);
    return {};
  };
}

Check one_of(std::vector<std::string> names) {
  return [names = std::move(names)](std::string& value) {
    return std::ranges::find(names, value) != names.end() ? std::string{} : unknown(value, names);
  };
}

std::string suggestion(std::string_view name, std::span<const std::string> known, std::string_view prefix) {
  const std::optional<std::string> meant = nearest(name, known);
  return meant ? fmt::format("did you mean {}{}? ", prefix, *meant) : std::string{};
}

std::string unknown(std::string_view name, std::span<const std::string> known) {
  return fmt::format("unknown; {}known: {}", suggestion(name, known), fmt::join(known, ", "));
}

std::optional<std::string> nearest(std::string_view name, std::span<const std::string> candidates) {
  std::optional<std::string> best;
  std::size_t best_distance = name.size() / 3 + 2;  // too far to be meant
  for (const std::string& candidate : candidates) {
    const bool abbreviated = name.size() >= 2 && candidate.starts_with(name);
    const std::size_t distance = abbreviated ? 1 : edit_distance(name, candidate);
    if (distance < best_distance && distance < name.size()) {
      best = candidate;
      best_distance = distance;
    }
  }
  return best;
}

}  // namespace daa::bench
