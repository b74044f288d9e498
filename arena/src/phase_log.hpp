// The operations of a phase since it outgrew one chunk and recycled. reset() replays them as in one endless
// chunk, to compute the size of one chunk into which the same phase fits.
//
// Before the log begins, the phase is laid out in order, chunk by chunk: each chunk holds a stretch of the
// endless one. From then on every allocation is logged.
#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include "phase_layout.hpp"

namespace daa::v0_1::detail {

class PhaseLog {
 public:
  /// Maps offsets from `begin` on to offsets from `in_one` on in one chunk.
  struct Stretch {
    std::size_t begin;
    std::size_t in_one;
  };

  /// The phase so far, as laid out in one chunk; stretches in ascending order.
  PhaseLog(PhaseLayout layout, std::size_t top, std::vector<Stretch> stretches)
      : layout_(std::move(layout)), top_(top), stretches_(std::move(stretches)) {}

  void allocated(Range place) noexcept { add({place.begin, place.end - place.begin, Kind::allocated}); }
  void recycled(Range place) noexcept { add({place.begin, place.end - place.begin, Kind::recycled}); }
  /// `size` bytes at the top must be available at this point.
  void reserved(std::size_t size) noexcept { add({0, size, Kind::reserved}); }
  void scope_began() noexcept { add({0, 0, Kind::scope_began}); }
  void scope_ended() noexcept { add({0, 0, Kind::scope_ended}); }

  /// The bytes of the phase in one chunk; nothing if they are unknown: the phase was too long or the host out
  /// of memory.
  [[nodiscard]] std::optional<std::size_t> replay() const noexcept;

 private:
  static constexpr std::size_t most_operations = std::size_t{1} << 20;  // 24 MiB

  enum class Kind { allocated, recycled, reserved, scope_began, scope_ended };
  struct Operation {
    std::size_t begin;
    std::size_t size;
    Kind kind;
  };

  void add(Operation operation) noexcept;

  PhaseLayout layout_;
  std::size_t top_;
  std::vector<Stretch> stretches_;
  std::vector<Operation> operations_;
  bool complete_ = true;
};

}  // namespace daa::v0_1::detail
