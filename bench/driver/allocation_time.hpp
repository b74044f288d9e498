// What one allocation costs the host, without kernels.
#pragma once

#include <cuda_runtime_api.h>

#include <cstddef>
#include <vector>

#include "allocators/allocator.hpp"

namespace daa::bench {

/// An allocator and its stream.
struct TimedAllocator {
  ScratchAllocator* scratch;
  cudaStream_t stream;
};

/// Nanoseconds of one allocation in the calling thread, its part of the end of the phase included: phases
/// that ask for the sizes in `asked`, in turn, are run on each of `allocators`. Before the clock runs there
/// are phases that nobody times; then it runs for 10,000 allocations or more or, where these take longer than
/// a tenth of a second, for that long, and for one cycle of phases at least. Between phases the streams are
/// synchronised, so that no queue is full where a phase has up to 500 allocations; the clock does not run
/// then. 0 if the phases ask for nothing. Throws what the
/// allocators throw.
[[nodiscard]] double time_of_allocation(const std::vector<TimedAllocator>& allocators,
                                        const std::vector<std::vector<std::size_t>>& asked);

}  // namespace daa::bench
