#include "driver/turn_ranges.hpp"

#include <cuda_profiler_api.h>

#include "daa/error.hpp"

namespace daa::bench {

TurnRanges::TurnRanges(std::string_view workload, std::string_view allocator, bool profile)
    : workload_(workload), allocator_(allocator), profile_(profile) {
  if (!profile_) allocator_range_.emplace(allocator_);
}

TurnRanges::~TurnRanges() {
  if (capturing_) static_cast<void>(cudaProfilerStop());
}

void TurnRanges::begin_measured() {
  if (!profile_) return;
  DAA_CUDA_CHECK(cudaProfilerStart());
  capturing_ = true;
  workload_range_.emplace(workload_);
  allocator_range_.emplace(allocator_);
}

void TurnRanges::end_measured() {
  if (!capturing_) return;
  allocator_range_.reset();
  workload_range_.reset();
  capturing_ = false;
  DAA_CUDA_CHECK(cudaProfilerStop());
}

}  // namespace daa::bench
