// A segment: one mapping of host memory, a multiple of 2 MiB, that represents memory taken from the driver.
//
// It records the memory inside it that was freed and not handed out again, so that the pattern there can be
// verified: when the memory is handed out, and when the segment is unmapped.
//
// Painting fills unused memory with a pattern. The first and last 4 KiB of a range, where misuse is most
// likely, are painted in full; in between, 64 bytes of each 4 KiB. Ranges above 16 MiB are painted more
// sparsely, 4,096 lines in total, so that a simulated device may be larger than the machine's memory.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace daa::host_runtime {

/// Addresses in [begin, end).
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

/// The description of an allocation in a violation.
struct Origin {
  Range range;                // as requested
  std::uint64_t number = 0;   // counted over all allocations
  std::string_view made_by;   // "cudaMallocAsync"
  std::uint64_t made_on = 0;  // a stream's id; 0 for none
  std::string_view freed_by;  // empty until freed
  std::uint64_t freed_on = 0;
};
/// "4096 bytes at 0x7f0000 (allocation 17, cudaMallocAsync on stream 3; cudaFreeAsync on stream 3)"
std::string describe(const Origin& origin);

/// A part of freed memory that was painted as part of `origin`.
struct Freed {
  Range part;
  Origin origin;
};

/// Reports a violation for each piece that was written to since it was painted.
void verify(const std::vector<Freed>& pieces);

class Segment {
 public:
  static constexpr std::size_t granule = std::size_t{2} << 20;

  /// Maps `bytes`, a multiple of the granule. Throws std::bad_alloc.
  explicit Segment(std::size_t bytes);
  Segment(const Segment&) = delete;
  Segment& operator=(const Segment&) = delete;
  /// Verifies the freed memory and unmaps the segment.
  ~Segment();

  [[nodiscard]] Range range() const { return range_; }

  void add_freed(const Origin& origin);
  /// Removes and returns the freed pieces within `range`, to be verified.
  std::vector<Freed> take_freed(Range range);

 private:
  Range range_;
  std::map<std::uintptr_t, Freed> freed_;  // by the beginning of the part
};

}  // namespace daa::host_runtime
