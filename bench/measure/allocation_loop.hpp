// What an allocation costs by itself: phases that only allocate, without kernels.
#pragma once

#include <chrono>
#include <cstddef>
#include <optional>
#include <span>
#include <vector>

#include "allocators/allocator.hpp"
#include "measure/stop_condition.hpp"

namespace daa::bench {

struct AllocatorOnStream {
  ScratchAllocator* scratch;
  cudaStream_t stream;
};

/// Nanoseconds of host time of one allocation by the calling thread, its part of the end of the phase
/// included: the mean of whole phases, each on all of `allocators`, until 10,000 allocations or `enough_time`
/// have gone by, and a cycle of phases. `sizes` has those of each phase of a cycle, in bytes. Phases of 1,000
/// allocations come before, untimed. Streams are synchronised every few phases; the clock does not run then.
/// Nothing if the phases allocate nothing.
[[nodiscard]] std::optional<double> time_of_an_allocation(std::span<const AllocatorOnStream> allocators,
                                                          std::span<const std::vector<std::size_t>> sizes,
                                                          std::chrono::nanoseconds enough_time,
                                                          const StopCondition& stop);

}  // namespace daa::bench
