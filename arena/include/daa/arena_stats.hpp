// Statistics of an arena's memory. All sizes in bytes.
#pragma once

#include <cstddef>
#include <string>

namespace daa {
inline namespace v0_1 {

/// The memory of one phase, or of all phases of an arena.
struct PhaseStats {
  std::size_t allocations = 0;      ///< except those of 0 bytes
  std::size_t bytes_requested = 0;  ///< as passed to alloc_bytes()
  std::size_t padding_bytes = 0;    ///< lost to alignment
  std::size_t recycled_bytes = 0;   ///< freed before the end of the phase, padding included
  /// Left at the ends of chunks when the phase outgrew them. Later allocations that fit there may have used
  /// some of it.
  std::size_t tail_bytes = 0;
  std::size_t peak_bytes = 0;  ///< most in use at once, padding included
};

/// A snapshot. The members of PhaseStats describe the current phase.
struct ArenaStats : PhaseStats {
  std::size_t bytes_in_use = 0;      ///< now: requested + padding - recycled
  std::size_t high_water_bytes = 0;  ///< the largest peak_bytes of any phase so far, this one included
  std::size_t bytes_reserved = 0;    ///< allocated from the pool now
  /// With Backing::mapped: given back, and unmapped by a later call that grows the arena, resets or trims it,
  /// once the stream has passed the point where it was given back.
  std::size_t bytes_returning = 0;
  std::size_t chunks = 0;         ///< blocks or pages that make up bytes_reserved
  std::size_t growths = 0;        ///< times that memory was taken, over the arena's life
  std::size_t runtime_calls = 0;  ///< CUDA runtime calls for memory, over the arena's life
  std::size_t phases = 0;         ///< ended phases
  PhaseStats life;                ///< all phases, this one included: sums, and the largest peak
};

/// All values with their units, on one line.
[[nodiscard]] std::string to_string(const ArenaStats& stats);

}  // namespace v0_1
}  // namespace daa
