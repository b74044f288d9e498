// The table of allocators.
#pragma once

#include <cuda_runtime_api.h>

#include <cstddef>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "allocators/allocator.hpp"

namespace daa::bench {

/// What an allocation takes up where several share a buffer: a multiple of the alignment of 256.
[[nodiscard]] constexpr std::size_t footprint(std::size_t bytes) {
  return (bytes + 255) / 256 * 256;
}

/// Where each allocation of a cycle of phases goes in one buffer, known before the first of them is made: all
/// of it within the buffer.
struct PlacementPlan {
  std::vector<std::size_t> offsets;  // multiples of 256, in the order of the allocations
  std::size_t bytes = 0;             // of the buffer
};

/// What the phases of a workload ask for, found by running one cycle of them.
struct Demand {
  std::size_t max_phase_bytes = 0;  // of any phase, the sum of footprint()
  double allocations_per_phase = 0;
  double bytes_per_phase = 0;  // as asked
  /// Of a trace, where lifetimes are known beforehand; outlives the allocator. Null for workloads.
  const PlacementPlan* plan = nullptr;
  /// Phases will be captured into graphs, which are launched until the allocator dies: memory that they use
  /// stays until then. One cycle of phases is run before the first capture.
  bool for_graphs = false;
  /// Where ScratchAllocator::needs_every_free() says so, every temporary is freed. An allocator that must be
  /// told of each temporary's end need then keep no list of them, whose cost is not its own.
  bool frees_all = false;
};

/// A row of the table of allocators.
struct AllocatorInfo {
  std::string_view name;
  std::string_view summary;  // one line for --list
  std::unique_ptr<ScratchAllocator> (*make)(cudaStream_t stream, const Demand& demand);
  std::string_view absence =
      {};  // why this program is without it, and what to do; empty where it is built in
};

inline constexpr std::string_view floor_name = "preallocated";

/// The allocators of this program, in the order in which they are listed; the floor first.
[[nodiscard]] std::span<const AllocatorInfo> allocators();

/// The others, which have a name and a reason, nothing else.
[[nodiscard]] std::span<const AllocatorInfo> absent_allocators();

}  // namespace daa::bench
