#include "poison.hpp"

#include <algorithm>
#include <bit>
#include <cstring>

namespace daa::host_runtime {
namespace {

constexpr std::size_t full_bytes = 4096;
constexpr std::size_t line_bytes = 64;
constexpr std::size_t most_lines = 4096;

// Calls `visit` with each painted span of `whole`, clipped to `part`, until it returns false.
template <class Visit>
void for_each_span(Range whole, Range part, const Visit& visit) {
  const auto clipped = [&](std::uintptr_t begin, std::uintptr_t end) {
    const Range span{std::max(begin, part.begin), std::min(end, part.end)};
    return span.begin >= span.end || visit(span);
  };
  if (whole.bytes() <= 2 * full_bytes) {
    clipped(whole.begin, whole.end);
    return;
  }
  const Range middle{whole.begin + full_bytes, whole.end - full_bytes};
  if (!clipped(whole.begin, middle.begin)) return;

  const std::size_t stride = std::max(full_bytes, std::bit_ceil(whole.bytes() / most_lines));
  const std::uintptr_t from = std::max(middle.begin, part.begin - std::min(part.begin, line_bytes));
  for (std::uintptr_t line = (from + stride - 1) / stride * stride; line < std::min(middle.end, part.end);
       line += stride) {
    if (!clipped(line, std::min(line + line_bytes, middle.end))) return;
  }
  clipped(middle.end, whole.end);
}

}  // namespace

void paint(Range whole, unsigned char pattern) {
  for_each_span(whole, whole, [&](Range span) {
    std::memset(reinterpret_cast<void*>(span.begin), pattern, span.bytes());
    return true;
  });
}

std::optional<std::uintptr_t> first_change(Range whole, Range part, unsigned char pattern) {
  std::optional<std::uintptr_t> changed;
  for_each_span(whole, part, [&](Range span) {
    const auto* const begin = reinterpret_cast<const unsigned char*>(span.begin);
    const auto* const end = begin + span.bytes();
    // All bytes are equal to the first and that is the pattern: memcmp does it many at a time.
    if (*begin == pattern && std::memcmp(begin, begin + 1, span.bytes() - 1) == 0) return true;
    const auto* const found = std::find_if(begin, end, [&](unsigned char byte) { return byte != pattern; });
    changed = reinterpret_cast<std::uintptr_t>(found);
    return false;
  });
  return changed;
}

}  // namespace daa::host_runtime
