#include "replay/variation.hpp"

#include <algorithm>
#include <cmath>
#include <unordered_set>
#include <utility>
#include <vector>

#include "allocators/allocators.hpp"
#include "usage_error.hpp"
#include "workloads/random.hpp"

namespace daa::bench {
namespace {

using Phase = Trace::Phase;

void scale(Phase& phase, Random& random) {
  double all = 0;  // where no block is freed before the phase ends
  for (const TraceOperation& operation : phase)
    if (operation.allocates) all += greatest_scale * static_cast<double>(operation.bytes) + footprint(1);
  if (all >= 0x1p63)
    throw UsageError("the sizes of a phase, scaled, may overflow when added up; leave out --vary=scale");
  const double factor = least_scale + (greatest_scale - least_scale) * static_cast<double>(random.unit());
  for (TraceOperation& operation : phase) {
    const double bytes = std::round(factor * static_cast<double>(operation.bytes));
    operation.bytes = std::max(std::size_t{1}, static_cast<std::size_t>(bytes));
  }
}

void drop(Phase& phase, Random& random) {
  std::vector<std::uint32_t> blocks;
  for (const TraceOperation& operation : phase)
    if (operation.allocates) blocks.push_back(operation.block);
  std::unordered_set<std::uint32_t> dropped;
  for (std::size_t left = blocks.size(), last = left - left / 10; left > last; --left) {
    std::swap(blocks[left - 1], blocks[random.below(static_cast<std::uint32_t>(left))]);
    dropped.insert(blocks[left - 1]);
  }
  std::erase_if(phase, [&](const TraceOperation& each) { return dropped.contains(each.block); });
}

std::size_t peak_live_bytes(const Phase& phase) {
  std::size_t live = 0, most = 0;
  for (const TraceOperation& operation : phase) {
    live = operation.allocates ? live + operation.bytes : live - operation.bytes;
    most = std::max(most, live);
  }
  return most;
}

}  // namespace

Trace varied(const Trace& trace, Variation variation, std::uint64_t seed) {
  if (variation == Variation::none) return trace;
  const std::size_t of_a_pass = trace.phases.size();
  Trace result = trace;
  result.passes = (least_varied_phases + of_a_pass - 1) / of_a_pass;
  result.operations = result.peak_live_bytes = 0;
  result.phases.clear();
  Random random(seed);
  for (std::size_t i = 0; i < result.passes * of_a_pass; ++i) {
    Phase& phase = result.phases.emplace_back(trace.phases[i % of_a_pass]);
    (variation == Variation::scale ? scale : drop)(phase, random);
    result.operations += phase.size();
    result.peak_live_bytes = std::max(result.peak_live_bytes, peak_live_bytes(phase));
  }
  return result;
}

}  // namespace daa::bench
