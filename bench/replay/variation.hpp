// Traces whose phases differ from one another.
#pragma once

#include <cstdint>

#include "replay/trace.hpp"
#include "run_config.hpp"

namespace daa::bench {

/// Phases that are drawn at least, in whole passes over the trace: as many as a trial runs by default.
inline constexpr std::size_t least_varied_phases = 36;

/// The greatest and the least factor of Variation::scale.
inline constexpr double least_scale = 0.7, greatest_scale = 1.3;

/// Passes over `trace`, one after the other, each phase of them varied by itself, the first included:
/// - scale multiplies all sizes of a phase by one factor, drawn evenly from [least_scale, greatest_scale],
///   and rounds each to a byte, and to 1 at least;
/// - drop leaves out a tenth of the blocks of a phase, rounded down, each with its allocation and its free,
///   those that cross included; all are as likely;
/// - none is the trace as it is, one pass.
/// What is drawn depends on `seed` and the trace alone. A block has the same number in each pass. Throws
/// UsageError if scaled sizes, added up, could overflow.
[[nodiscard]] Trace varied(const Trace& trace, Variation variation, std::uint64_t seed);

}  // namespace daa::bench
