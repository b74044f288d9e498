// Turns in rounds: who is measured in a round is measured within it once, so that what the machine does
// meanwhile is the same for all.
#pragma once

#include <benchmark/benchmark.h>

#include <cstddef>
#include <functional>
#include <string>
#include <vector>

#include "driver/campaign_run.hpp"

namespace daa::bench {

/// What a member of a group does in each of its turns.
struct RoundTurn {
  std::string name;
  std::size_t iterations;
  std::function<void(benchmark::State&)> take;
};

/// Runs every turn once in each of Options::repetitions rounds, through Google Benchmark, in an order that is
/// drawn anew for each round from Options::seed. Ends after a round once the campaign is over or `is_enough`
/// says so, which is asked after each. So the turns of a round have the same number in all series, however
/// many there are.
void run_rounds(
    CampaignRun& run, const std::vector<RoundTurn>& turns,
    const std::function<bool()>& is_enough = [] { return false; });

}  // namespace daa::bench
