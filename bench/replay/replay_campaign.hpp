// All traces that the options ask for, replayed with every allocator.
#pragma once

#include <cstddef>

#include "driver/campaign.hpp"
#include "driver/json_reporter.hpp"

namespace daa::bench {

/// The part of run_campaign() that is the workload replay, and as that in all else: random order, checks
/// before the timing and after, what happens to an allocator that fails, and interrupts. Counts its turns in
/// `turns_done`.
void run_replays(const Options& options, const Listener& listener, JsonReporter& json,
                 std::size_t& turns_done);

}  // namespace daa::bench
