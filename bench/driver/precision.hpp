// When a group of allocators has been measured often enough.
#pragma once

#include <string_view>
#include <vector>

#include "driver/series.hpp"

namespace daa::bench {

/// Whether half the confidence interval of each allocator's end-to-end ratio to that labelled `against` is
/// within `max_noise` of the ratio, each over least_repetitions_for_noise or more pairs. Allocators that have
/// failed do not count, but for that one: without it nothing is ever precise enough.
[[nodiscard]] bool is_precise(const std::vector<Series>& group, std::string_view against, double max_noise);

}  // namespace daa::bench
