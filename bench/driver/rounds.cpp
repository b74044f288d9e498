#include "driver/rounds.hpp"

#include <cstdint>
#include <utility>

namespace daa::bench {

namespace {

// Fisher and Yates: std::shuffle's orders differ from one standard library to another.
void shuffle(std::vector<const RoundTurn*>& turns, Random& random) {
  for (std::size_t left = turns.size(); left > 1; --left)
    std::swap(turns[left - 1], turns[random.below(static_cast<std::uint32_t>(left))]);
}

}  // namespace

// A run of Google Benchmark's for each round: left to itself it puts all turns of all rounds in one random
// order, in which those of one number lie any time apart.
void run_rounds(CampaignRun& run, const std::vector<RoundTurn>& turns,
                const std::function<bool()>& is_enough) {
  std::vector<const RoundTurn*> order;
  std::vector<std::string> names;
  for (const RoundTurn& turn : turns) {
    order.push_back(&turn);
    names.push_back(turn.name);
  }
  for (std::size_t round = 0; round < run.options.repetitions; ++round) {
    shuffle(order, run.lots);
    for (const RoundTurn* const turn : order)
      benchmark::RegisterBenchmark(turn->name.c_str(), turn->take)
          ->Iterations(static_cast<benchmark::IterationCount>(turn->iterations))
          ->Repetitions(1)
          ->UseManualTime()
          ->Unit(benchmark::kMicrosecond);
    benchmark::RunSpecifiedBenchmarks(&run.json);
    benchmark::ClearRegisteredBenchmarks();
    if (run.is_over() || is_enough()) break;
  }
  run.json.end_group(names, run.options.repetitions);
}

}  // namespace daa::bench
