#include "segment.hpp"

#include <sys/mman.h>

#include <algorithm>
#include <bit>
#include <cstdio>
#include <cstring>
#include <new>
#include <string>

#include "errors.hpp"

namespace daa::host_runtime {
namespace {

std::string on(std::uint64_t stream) {
  return stream == 0 ? "" : " on stream " + std::to_string(stream);
}

}  // namespace

std::string describe(const Origin& origin) {
  char address[32];
  std::snprintf(address, sizeof address, "%#zx", static_cast<std::size_t>(origin.range.begin));
  std::string text = std::to_string(origin.range.bytes()) + " bytes at " + address + " (allocation " +
                     std::to_string(origin.number) + ", ";
  text.append(origin.made_by).append(on(origin.made_on));
  if (!origin.freed_by.empty()) text.append("; ").append(origin.freed_by).append(on(origin.freed_on));
  return text + ")";
}

void verify(const std::vector<Freed>& pieces) {
  for (const Freed& piece : pieces) {
    if (const auto changed = first_change(piece.origin.range, piece.part, freed_pattern)) {
      report_violation("memory written after its free: byte " +
                       std::to_string(*changed - piece.origin.range.begin) + " of the " +
                       describe(piece.origin));
    }
  }
}

Segment::Segment(std::size_t bytes) {
  void* const begin =
      mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (begin == MAP_FAILED) throw std::bad_alloc();
  range_ = {reinterpret_cast<std::uintptr_t>(begin), reinterpret_cast<std::uintptr_t>(begin) + bytes};
}

Segment::~Segment() {
  verify(take_freed(range_));
  munmap(reinterpret_cast<void*>(range_.begin), range_.bytes());
}

void Segment::add_freed(const Origin& origin) {
  freed_.insert_or_assign(origin.range.begin, Freed{origin.range, origin});
}

std::vector<Freed> Segment::take_freed(Range range) {
  std::vector<Freed> taken;
  auto it = freed_.upper_bound(range.begin);
  if (it != freed_.begin()) --it;
  while (it != freed_.end() && it->first < range.end) {
    const Freed piece = it->second;
    if (piece.part.end <= range.begin) {
      ++it;
      continue;
    }
    it = freed_.erase(it);
    taken.push_back(
        {{std::max(piece.part.begin, range.begin), std::min(piece.part.end, range.end)}, piece.origin});
    if (piece.part.begin < range.begin) {
      freed_.emplace(piece.part.begin, Freed{{piece.part.begin, range.begin}, piece.origin});
    }
    if (piece.part.end > range.end) {
      it = freed_.emplace(range.end, Freed{{range.end, piece.part.end}, piece.origin}).first;
    }
  }
  return taken;
}

namespace {

constexpr std::size_t full_bytes = 4096;
constexpr std::size_t line_bytes = 64;
constexpr std::size_t most_lines = 4096;

// Calls `visit` with each painted span of `whole` within `part`, until it returns false.
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
    // All bytes equal the pattern if the first one does and each equals its successor: one memcmp.
    if (*begin == pattern && std::memcmp(begin, begin + 1, span.bytes() - 1) == 0) return true;
    const auto* const found = std::find_if(begin, end, [&](unsigned char byte) { return byte != pattern; });
    changed = reinterpret_cast<std::uintptr_t>(found);
    return false;
  });
  return changed;
}

}  // namespace daa::host_runtime
