// Values of flags: numbers, names, and what somebody may have meant.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace daa::bench {

/// Returns what is wrong with `value` and what is allowed, or nothing. May rewrite it for CLI11 to read.
using Check = std::function<std::string(std::string& value)>;

/// A count written 65536, 2^16 or 64Ki (Ki, Mi, Gi); rewritten in decimal. Everything else is refused: above
/// all 64K, which may be 64000 or 65536.
[[nodiscard]] Check count(std::uint64_t least, std::uint64_t greatest);

/// A decimal number, in no locale: 0.05, 5e-3. `example` is shown with the range.
[[nodiscard]] Check number(double least, double greatest, std::string_view example);

/// One of `names`.
[[nodiscard]] Check one_of(std::vector<std::string> names);

/// "did you mean --iters? ", with `prefix` before the nearest, or nothing.
[[nodiscard]] std::string suggestion(std::string_view name, std::span<const std::string> known,
                                     std::string_view prefix = {});

/// "unknown; did you mean scan? known: reduce, scan"
[[nodiscard]] std::string unknown(std::string_view name, std::span<const std::string> known);

/// The candidate that `name` is a typo or the beginning of; the first if several are equally near.
[[nodiscard]] std::optional<std::string> nearest(std::string_view name,
                                                 std::span<const std::string> candidates);

}  // namespace daa::bench
