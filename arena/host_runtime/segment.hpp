// A segment is one mapping of host memory, a multiple of 2 MiB, that stands for memory taken from the driver.
//
// It remembers what has been freed inside it and not been handed out again, so that the pattern in there
// can be verified: when memory is handed out, and when the segment is unmapped.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "poison.hpp"

namespace daa::host_runtime {

/// What there is to say about a piece of memory in a violation.
struct Origin {
  Range range;                // as asked for
  std::uint64_t number = 0;   // the how-manieth allocation
  std::string_view made_by;   // "cudaMallocAsync"
  std::uint64_t made_on = 0;  // a stream's id; 0 for none
  std::string_view freed_by;  // empty until then
  std::uint64_t freed_on = 0;
};
/// "4096 bytes at 0x7f0000 (allocation 17, cudaMallocAsync on stream 3; cudaFreeAsync on stream 3)"
std::string describe(const Origin& origin);

/// A piece of freed memory, which was painted as part of `origin`.
struct Freed {
  Range part;
  Origin origin;
};

/// Reports a violation for each piece that has been written to since it was painted.
void verify(const std::vector<Freed>& pieces);

class Segment {
 public:
  static constexpr std::size_t granule = std::size_t{2} << 20;

  /// Maps `bytes`, a multiple of the granule. Throws std::bad_alloc.
  explicit Segment(std::size_t bytes);
  Segment(const Segment&) = delete;
  Segment& operator=(const Segment&) = delete;
  /// Verifies what is freed, and unmaps.
  ~Segment();

  [[nodiscard]] Range range() const { return range_; }

  void add_freed(const Origin& origin);
  /// Takes the freed pieces within `range` out, to be verified.
  std::vector<Freed> take_freed(Range range);

 private:
  Range range_;
  std::map<std::uintptr_t, Freed> freed_;  // by the beginning of the part
};

}  // namespace daa::host_runtime
