#include "driver/turn_ranges.hpp"

namespace daa::bench {

TurnRanges::TurnRanges(std::string_view workload, std::string_view allocator, bool profile)
    : workload_(workload), allocator_(allocator), profile_(profile) {
  if (!profile_) allocator_range_.emplace(allocator_);
}

void TurnRanges::begin_measured() {
  if (!profile_) return;
  measured_range_.emplace("measured");
  workload_range_.emplace(workload_);
  allocator_range_.emplace(allocator_);
}

void TurnRanges::end_measured() {
  if (!profile_) return;
  allocator_range_.reset();
  workload_range_.reset();
  measured_range_.reset();
}

}  // namespace daa::bench
