// How a wrong result is described.
#pragma once

#include <fmt/format.h>

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace daa::bench {

/// What spoil_outputs() fills outputs with. No right output is full of it: it is above every 64-bit sum,
/// count and index, an exclusive sum begins with 0, and as a float it is negative.
inline constexpr unsigned char garbage_byte = 0xa5;

/// "exclusive sum: element 17 is 3, expected 5"
template <class T>
[[nodiscard]] std::string describe_difference(std::string_view output, std::size_t i, T actual, T expected) {
  return fmt::format("{}: element {} is {}, expected {}", output, i, actual, expected);
}

/// Describes the first difference; nothing if there is none. The spans are of one size.
template <class T>
[[nodiscard]] std::optional<std::string> find_difference(std::string_view output, std::span<const T> actual,
                                                         std::span<const T> expected) {
  for (std::size_t i = 0; i < expected.size(); ++i) {
    if (actual[i] != expected[i]) return describe_difference(output, i, actual[i], expected[i]);
  }
  return std::nullopt;
}

}  // namespace daa::bench
