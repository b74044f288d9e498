// The smallest memory in which an allocator completes a trace.
#pragma once

#include <cstddef>
#include <functional>
#include <optional>

#include "replay/program.hpp"

namespace daa::bench {

/// The least number above `misfit` and up to `most` that fits, if one does that the search comes by: steps
/// from `misfit` on that double until one fits, then bisection. Exact where all numbers above the least fit,
/// too; in any case the number fits and the one below does not. `fits` may throw, which ends the search.
[[nodiscard]] std::optional<std::size_t> least_that_fits(std::size_t misfit, std::size_t most,
                                                         const std::function<bool(std::size_t)>& fits);

/// The least device memory, a multiple of primitives::memory_granularity, in which a fresh allocator makes
/// one pass over the trace, every block touched by a kernel. Nothing if it does in none that the device has
/// free. `give_up` is asked before each pass, and ends the search with nothing.
///
/// Call it after check_replay(), so that no code is loaded into memory that is short.
/// `peak_live_bytes` are those of the trace. Throws std::runtime_error if a pass finds live memory
/// overwritten, and what the allocator throws but for want of memory.
[[nodiscard]] std::optional<std::size_t> find_min_fit(const ReplayProgram& program,
                                                      const AllocatorInfo& allocator,
                                                      std::size_t peak_live_bytes,
                                                      const std::function<bool()>& give_up);

}  // namespace daa::bench
