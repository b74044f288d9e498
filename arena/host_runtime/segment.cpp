#include "segment.hpp"

#include <sys/mman.h>

#include <algorithm>
#include <cstdio>
#include <new>
#include <string>

#include "violations.hpp"

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

}  // namespace daa::host_runtime
