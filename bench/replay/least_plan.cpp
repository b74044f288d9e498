#include "replay/least_plan.hpp"

#include <algorithm>
#include <cstddef>
#include <functional>
#include <numeric>
#include <utility>

namespace daa::bench {
namespace {

constexpr std::size_t most_allocations = std::size_t{1} << 13;

std::size_t most_live(const std::vector<Lifetime>& allocations) {
  std::vector<std::pair<std::size_t, std::size_t>> ends;  // and what ends there
  for (const Lifetime& each : allocations) ends.emplace_back(each.end, each.size);
  std::ranges::sort(ends);
  std::size_t live = 0, most = 0;
  auto ended = ends.begin();
  for (const Lifetime& each : allocations) {
    for (; ended->first <= each.begin; ++ended) live -= ended->second;
    most = std::max(most, live += each.size);
  }
  return most;
}

// Those of the greatest weight first, each at the lowest offset that is free as long as it lives.
template <class Weight>
PhasePlan first_fit(const std::vector<Lifetime>& allocations, Weight weight) {
  std::vector<std::size_t> order(allocations.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::stable_sort(order, std::greater{}, [&](std::size_t i) { return weight(allocations[i]); });
  PhasePlan plan{std::vector<std::size_t>(allocations.size()), 0};
  const auto offset_of = [&](std::size_t i) { return plan.offsets[i]; };
  std::vector<std::size_t> placed;  // in the order of their offsets
  for (const std::size_t i : order) {
    const Lifetime& own = allocations[i];
    std::size_t offset = 0;
    for (const std::size_t j : placed) {
      const Lifetime& other = allocations[j];
      if (other.begin >= own.end || other.end <= own.begin) continue;
      if (offset + own.size <= plan.offsets[j]) break;
      offset = std::max(offset, plan.offsets[j] + other.size);
    }
    plan.offsets[i] = offset;
    plan.bytes = std::max(plan.bytes, offset + own.size);
    placed.insert(std::ranges::upper_bound(placed, offset, {}, offset_of), i);
  }
  return plan;
}

}  // namespace

PhasePlan least_plan(const std::vector<Lifetime>& allocations) {
  PhasePlan least = plan_phase(allocations);
  const auto offer = [&](PhasePlan plan) {
    if (plan.bytes < least.bytes) least = std::move(plan);
  };
  if (allocations.size() > most_allocations || least.bytes <= most_live(allocations)) return least;
  offer(first_fit(allocations, [](const Lifetime& each) { return each.size; }));
  offer(first_fit(allocations, [](const Lifetime& each) {
    return static_cast<double>(each.size) * static_cast<double>(each.end - each.begin);
  }));
  return least;
}

}  // namespace daa::bench
