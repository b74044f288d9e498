// Patterns in memory that nobody may use.
//
// A range is painted in full where misuse is likeliest, in its first and last 4 KiB; in between, 64 bytes in
// each 4 KiB. Ranges above 16 MiB are painted more thinly, 4,096 lines in all, so that a simulated device
// may be larger than the machine.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

namespace daa::host_runtime {

/// Addresses from begin up to, not including, end.
struct Range {
  std::uintptr_t begin = 0;
  std::uintptr_t end = 0;

  [[nodiscard]] std::size_t bytes() const { return end - begin; }
};

inline constexpr unsigned char fresh_pattern = 0xCD;  // allocated and not written yet
inline constexpr unsigned char freed_pattern = 0xDD;  // freed in stream order

void paint(Range whole, unsigned char pattern);

/// The first address within `part` that was painted with `whole` and has changed since.
[[nodiscard]] std::optional<std::uintptr_t> first_change(Range whole, Range part, unsigned char pattern);

}  // namespace daa::host_runtime
