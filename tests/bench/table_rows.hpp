// Rows of daa-bench's tables by name, and rows of a test's own.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <ostream>
#include <string>
#include <string_view>

#include "allocators/allocators.hpp"
#include "workloads/workload.hpp"

namespace daa::bench {

/// For GoogleTest's messages.
inline void PrintTo(const AllocatorInfo& info, std::ostream* out) {
  *out << info.name;
}

}  // namespace daa::bench

namespace daa::test {

using namespace bench;

/// For GoogleTest's names.
inline std::string allocator_name(const ::testing::TestParamInfo<AllocatorInfo>& tested) {
  std::string name{tested.param.name};
  std::ranges::replace(name, '-', '_');
  return name;
}

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
