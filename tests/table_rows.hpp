// Rows of daa-bench's tables by name, and rows of a test's own.
#pragma once

#include <algorithm>
#include <memory>
#include <string_view>

#include "allocators/allocators.hpp"
#include "workloads/workload.hpp"

namespace daa::test {

using namespace bench;

inline const WorkloadInfo& workload(std::string_view name) {
  return *std::ranges::find(workloads(), name, &WorkloadInfo::name);
}

inline const AllocatorInfo& allocator(std::string_view name) {
  return *std::ranges::find(allocators(), name, &AllocatorInfo::name);
}

/// A row of the table of allocators whose every allocator is `make`'s.
template <auto make>
AllocatorInfo allocator_of(std::string_view name) {
  return {name, "of a test", [](cudaStream_t stream, const Demand& demand) {
            return std::unique_ptr<ScratchAllocator>(make(stream, demand));
          }};
}

}  // namespace daa::test
