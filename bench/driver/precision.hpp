// When a group of allocators has been measured often enough.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "driver/series.hpp"

namespace daa::bench {

/// Whether half the confidence interval of each allocator's end-to-end ratio to that labelled `against` is
/// within `max_noise` of the ratio, each over least_repetitions_for_noise or more pairs. Allocators that have
/// failed do not count, but for that one: without it nothing is ever precise enough.
[[nodiscard]] bool is_precise(const std::vector<Series>& group, std::string_view against, double max_noise);

/// The allocators for which that is not so, and how well their ratios are known: "arena 3.1 % of 15
/// repetitions, cub-caching 12 % of 15 repetitions". Empty if it is so for all, and if the one labelled
/// `against` has failed.
[[nodiscard]] std::string describe_noise(const std::vector<Series>& group, std::string_view against,
                                         double max_noise);

}  // namespace daa::bench
