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

/// What an allocation takes up in a shared buffer: `bytes` rounded up to the alignment of 256.
[[nodiscard]] constexpr std::size_t footprint(std::size_t bytes) {
  return (bytes + 255) / 256 * 256;
}

/// Where each allocation of a cycle of phases is placed in one buffer.
struct PlacementPlan {
  std::vector<std::size_t> offsets;  // multiples of 256, in the order of the allocations
  std::size_t bytes = 0;             // of the buffer
};

/// What the phases of a workload ask for, found by running one cycle of them.
struct Demand {
  std::size_t max_phase_bytes = 0;  // of any phase, the sum of footprint()
  double allocations_per_phase = 0;
  double bytes_per_phase = 0;  // as asked
  /// Of a trace, whose lifetimes are known in advance; outlives the allocator. Null for workloads.
  const PlacementPlan* plan = nullptr;
  /// Phases will be captured into graphs, which are launched until the allocator is destroyed: the memory
  /// that they use must stay until then. One cycle of phases is run before the first capture.
  bool for_graphs = false;
  /// The caller frees every temporary where ScratchAllocator::needs_every_free() says so. An allocator that
  /// must free each temporary by itself then needs no list of them, whose cost would be added to its own.
  bool frees_all = false;
};

/// One allocator of the program.
struct AllocatorInfo {
  std::string_view name;
  std::string_view summary;  // one line for --list
  std::unique_ptr<ScratchAllocator> (*make)(cudaStream_t stream, const Demand& demand);
  std::string_view absence = {};  // why it is not built in, and the remedy; empty if it is
};

inline constexpr std::string_view lower_bound_name = "preallocated";

/// The allocators that are built in, in the order of the list; the lower bound first.
[[nodiscard]] std::span<const AllocatorInfo> allocators();

/// The others, of which only name and absence are set.
[[nodiscard]] std::span<const AllocatorInfo> absent_allocators();

}  // namespace daa::bench
