// What an arena tells about its memory. All sizes in bytes.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace daa {
inline namespace v0_1 {

/// What one phase took, or all phases of an arena's life together.
struct PhaseStats {
  std::size_t allocations = 0;      ///< those of 0 bytes apart
  std::size_t bytes_requested = 0;  ///< as asked for
  std::size_t padding_bytes = 0;    ///< lost to alignment
  std::size_t recycled_bytes = 0;   ///< given back before the phase's end, with their padding
  std::size_t tail_bytes =
      0;  ///< left at the end of chunks that it outgrew; 0 once they serve: it recycles, or memory is short
  std::size_t peak_bytes = 0;  ///< most in use at once, padding included
};

/// A snapshot. What it has from PhaseStats is of the current phase.
struct ArenaStats : PhaseStats {
  std::size_t bytes_in_use = 0;      ///< now: requested and padding less what was recycled
  std::size_t high_water_bytes = 0;  ///< the largest peak_bytes of any phase so far, this one included
  std::size_t bytes_reserved = 0;    ///< held from the pool now
  std::size_t chunks = 0;            ///< pieces in which they are held
  std::size_t growths = 0;           ///< times memory was taken from the pool, over the arena's life
  std::size_t runtime_calls = 0;     ///< CUDA runtime calls made for memory, over the arena's life
  std::size_t phases = 0;            ///< that have ended
  PhaseStats life;                   ///< of all phases, this one included: sums, and the largest peak
};

/// One of the phases that an arena remembers (ArenaOptions::history_phases).
struct PhaseRecord : PhaseStats {
  std::size_t number = 0;  ///< of the phase in the arena's life, from 1
  const char* name = "";   ///< as given to DeviceAsyncArena::name_phase()
};

/// One line of text for people: all of the figures, with their units.
[[nodiscard]] std::string to_string(const ArenaStats& stats);

/// One JSON object or array, with the names of the members as keys. <daa/format.hpp> does the same for fmt.
[[nodiscard]] std::string to_json(const ArenaStats& stats);
[[nodiscard]] std::string to_json(const std::vector<PhaseRecord>& history);

}  // namespace v0_1
}  // namespace daa
