// A table of allocators of which some do not work, in place of daa-bench's own.

#include <array>

#include "allocators/table.hpp"
#include "workload_allocators.hpp"

namespace daa::bench {

namespace {

AllocatorInfo overlapping() {
  return {"overlapping", "all temporaries of a phase in one place",
          [](cudaStream_t, const Demand& demand) -> std::unique_ptr<ScratchAllocator> {
            return std::make_unique<test::BlockAllocator>(demand.max_phase_bytes,
                                                          test::BlockAllocator::all_at_start);
          }};
}

AllocatorInfo exhausted() {
  return {"exhausted", "out of memory at the second temporary",
          [](cudaStream_t stream, const Demand&) -> std::unique_ptr<ScratchAllocator> {
            return std::make_unique<test::ExhaustedAllocator>(stream, 1);
          }};
}

}  // namespace

std::span<const AllocatorInfo> allocators() {
  static const std::array table{preallocated(), overlapping(), exhausted(), arena()};
  return table;
}

std::span<const AllocatorInfo> absent_allocators() {
  return {};
}

}  // namespace daa::bench
