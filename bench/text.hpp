// Figures and messages as a person reads them, ASCII only.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace daa::bench {

/// Three significant digits in the largest unit that leaves one before the point: "2.50ns", "25.9us",
/// "1.18ms", "12.3s". "-" if `ns` is not finite.
[[nodiscard]] std::string format_duration(double ns);

/// "512B", "12.0MiB". "-" if `bytes` is not finite.
[[nodiscard]] std::string format_bytes(double bytes);

/// "1.02x", or nothing if `ratio` is not finite.
[[nodiscard]] std::string format_ratio(double ratio);

/// "0.99-1.05", or nothing if either end is not finite.
[[nodiscard]] std::string format_range(double least, double greatest);

/// No more than four significant digits or the whole part, no trailing zeros: "16", "1.5", "0.002", "123456".
[[nodiscard]] std::string format_count(double count);

/// `text` with everything that is not printable ASCII written as \n, \t or \xNN.
[[nodiscard]] std::string one_line(std::string_view text);

/// `text` in at most `width` characters, "..." where it was cut.
[[nodiscard]] std::string shortened(std::string_view text, std::size_t width);

/// `text` as a message quotes it: shortened to 100 characters, so that the message stays in sight.
[[nodiscard]] std::string excerpt(std::string_view text);

}  // namespace daa::bench
