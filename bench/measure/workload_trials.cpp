#include "measure/workload_trials.hpp"

#include <algorithm>
#include <iterator>

namespace daa::bench {

namespace {

struct Maker {
  Mode mode;
  std::unique_ptr<Trial> (*make)(const TrialSetup& setup);
};

constexpr Maker makers[]{
    {Mode::steady, make_steady_trial},      {Mode::cold, make_cold_trial},
    {Mode::graph, make_graph_trial},        {Mode::threads, make_concurrent_trial},
    {Mode::streams, make_concurrent_trial},
};

}  // namespace

std::unique_ptr<Trial> make_trial(Mode mode, const TrialSetup& setup) {
  return std::ranges::find(makers, mode, &Maker::mode)->make(setup);
}

}  // namespace daa::bench
