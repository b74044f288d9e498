// A primitive's storage as a temporary.
#pragma once

#include <cstddef>

#include "allocators/allocator.hpp"
#include "primitives/primitives.hpp"

namespace daa::bench {

/// Workloads ask for the size once, at construction: the query costs host time, and a phase should spend its
/// host time on allocating and launching.
[[nodiscard]] inline primitives::Storage allocate_storage(ScratchAllocator& scratch, std::size_t bytes) {
  return {scratch.allocate(bytes), bytes};
}

}  // namespace daa::bench
