// All traces that the options ask for, replayed with every allocator.
#pragma once

#include "driver/campaign_run.hpp"

namespace daa::bench {

/// The part of run_campaign() that is the workload replay, and as that in all else: rounds, checks
/// before the timing and after, a pass for the counters, what happens to an allocator that fails, interrupts
/// and the time-out. Hands on no samples.
void run_replays(CampaignRun& run);

}  // namespace daa::bench
