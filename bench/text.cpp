#include "text.hpp"

#include <fmt/format.h>

#include <cmath>
#include <span>

namespace daa::bench {
namespace {

std::string three_digits(double value) {
  // The bounds are where rounding would show a fourth digit.
  const double size = std::abs(value);
  return size < 9.995   ? fmt::format("{:.2f}", value)
         : size < 99.95 ? fmt::format("{:.1f}", value)
                        : fmt::format("{:.0f}", value);
}

struct Unit {
  std::string_view name;
  double size;
};

/// In the first unit that shows less than `limit`, or the last.
std::string in_units(double value, std::span<const Unit> units, double limit) {
  if (!std::isfinite(value)) return "-";
  for (const Unit& unit : units.first(units.size() - 1))
    if (std::abs(value) / unit.size < limit) return three_digits(value / unit.size).append(unit.name);
  return three_digits(value / units.back().size).append(units.back().name);
}

}  // namespace

std::string format_duration(double ns) {
  static constexpr Unit units[]{{"ns", 1}, {"us", 1e3}, {"ms", 1e6}, {"s", 1e9}};
  return in_units(ns, units, 999.5);
}

std::string format_bytes(double bytes) {
  static constexpr Unit units[]{{"KiB", 0x1p10}, {"MiB", 0x1p20}, {"GiB", 0x1p30},
                                {"TiB", 0x1p40}, {"PiB", 0x1p50}, {"EiB", 0x1p60}};
  if (std::abs(bytes) < 1023.5) return fmt::format("{:.0f}B", bytes);
  return in_units(bytes, units, 1023.5);
}

std::string format_ratio(double ratio) {
  return std::isfinite(ratio) ? three_digits(ratio) + 'x' : "";
}

std::string format_range(double least, double greatest) {
  if (!std::isfinite(least) || !std::isfinite(greatest)) return "";
  return fmt::format("{}-{}", three_digits(least), three_digits(greatest));
}

std::string format_count(double count) {
  if (!std::isfinite(count)) return "-";
  return std::abs(count) < 999.95 ? fmt::format("{:.4g}", count) : fmt::format("{:.0f}", count);
}

std::string one_line(std::string_view text) {
  std::string line;
  for (const char c : text) {
    if (c == '\n')
      line += "\\n";
    else if (c == '\t')
      line += "\\t";
    else if (c >= ' ' && c <= '~')
      line += c;
    else
      line += fmt::format("\\x{:02x}", static_cast<unsigned char>(c));
  }
  return line;
}

std::string shortened(std::string_view text, std::size_t width) {
  if (text.size() <= width) return std::string{text};
  constexpr std::string_view mark = "...";
  return width < mark.size() ? std::string{text.substr(0, width)}
                             : std::string{text.substr(0, width - mark.size())}.append(mark);
}

std::string excerpt(std::string_view text) {
  return shortened(text, 100);
}

}  // namespace daa::bench
