#include "phase_plan.hpp"

#include <algorithm>
#include <iterator>
#include <numeric>
#include <tuple>
#include <utility>

namespace daa::v0_1::detail {

namespace {

// Of more allocations than that, those that live on from one window of them into the next are placed first.
constexpr std::size_t window_size = std::size_t{1} << 13;

// For each allocation, the most bytes that are live at once while it lives.
std::vector<std::size_t> peaks(const std::vector<Lifetime>& allocations) {
  const std::size_t count = allocations.size();
  std::vector<std::size_t> by_end(count);
  std::iota(by_end.begin(), by_end.end(), std::size_t{0});
  std::sort(by_end.begin(), by_end.end(),
            [&](std::size_t a, std::size_t b) { return allocations[a].end < allocations[b].end; });

  // Where an allocation begins, and nowhere else, there can be more than ever: live[count + i] is what is
  // live then, and the nodes above hold the most of those below.
  std::vector<std::size_t> live(2 * count);
  std::size_t now = 0;
  for (std::size_t i = 0, ended = 0; i < count; ++i) {
    for (; ended < count && allocations[by_end[ended]].end <= allocations[i].begin; ++ended)
      now -= allocations[by_end[ended]].size;
    now += allocations[i].size;
    live[count + i] = now;
  }
  for (std::size_t node = count; node-- > 1;) live[node] = std::max(live[2 * node], live[2 * node + 1]);

  std::vector<std::size_t> result(count, 0);
  for (std::size_t i = 0; i < count; ++i) {
    const auto last_begun =
        std::lower_bound(allocations.begin(), allocations.end(), allocations[i].end,
                         [](const Lifetime& each, std::size_t step) { return each.begin < step; });
    std::size_t first = count + i;
    std::size_t last = count + static_cast<std::size_t>(last_begun - allocations.begin());
    for (; first < last; first /= 2, last /= 2) {
      if (first % 2 == 1) result[i] = std::max(result[i], live[first++]);
      if (last % 2 == 1) result[i] = std::max(result[i], live[--last]);
    }
  }
  return result;
}

struct Place {
  std::size_t begin_step, end_step;
  std::size_t begin, end;  // offsets
};

// Places allocations one after the other, given those that are placed already.
class Placer {
 public:
  explicit Placer(std::vector<Place> placed) : placed_(std::move(placed)) {}

  Place add(const Lifetime& allocation) {
    const std::size_t begin = find_gap(allocation);
    const Place place{allocation.begin, allocation.end, begin, begin + allocation.size};
    const auto behind =
        std::upper_bound(placed_.begin(), placed_.end(), begin,
                         [](std::size_t offset, const Place& each) { return offset < each.begin; });
    placed_.insert(behind, place);
    return place;
  }

  [[nodiscard]] const std::vector<Place>& placed() const noexcept { return placed_; }

 private:
  // The smallest gap that fits between those that live at once with the allocation, or the end of all these.
  [[nodiscard]] std::size_t find_gap(const Lifetime& allocation) const noexcept {
    std::size_t end = 0, best = 0, best_gap = ~std::size_t{0};
    for (const Place& place : placed_) {
      if ((place.begin_step >= allocation.end) | (place.end_step <= allocation.begin)) continue;
      const std::size_t gap = place.begin > end ? place.begin - end : 0;
      if (gap >= allocation.size && gap < best_gap) {
        best = end;
        best_gap = gap;
      }
      end = std::max(end, place.end);
    }
    return best_gap == ~std::size_t{0} ? end : best;
  }

  std::vector<Place> placed_;  // by their offsets
};

// Places the allocations in this order.
PhasePlan plan_in_order(const std::vector<Lifetime>& allocations, const std::vector<std::size_t>& order) {
  const std::size_t count = allocations.size();
  PhasePlan plan;
  plan.offsets.resize(count);
  // Places those that `is_chosen`, and returns all that are placed then.
  const auto place = [&](std::vector<Place> placed, const auto& is_chosen) {
    Placer placer(std::move(placed));
    for (const std::size_t i : order) {
      if (!is_chosen(i)) continue;
      const Place found = placer.add(allocations[i]);
      plan.offsets[i] = found.begin;
      plan.bytes = std::max(plan.bytes, found.end);
    }
    return placer.placed();
  };
  const auto end_of = [&](std::size_t window) {
    const std::size_t next = (window + 1) * window_size;
    return next < count ? allocations[next].begin : ~std::size_t{0};
  };
  const auto is_long = [&](std::size_t i) { return allocations[i].end > end_of(i / window_size); };
  const std::vector<Place> long_ones = place({}, is_long);
  for (std::size_t window = 0; window * window_size < count; ++window) {
    std::vector<Place> beside;
    std::copy_if(long_ones.begin(), long_ones.end(), std::back_inserter(beside), [&](const Place& each) {
      return each.begin_step < end_of(window) && each.end_step > allocations[window * window_size].begin;
    });
    place(std::move(beside), [&](std::size_t i) { return i / window_size == window && !is_long(i); });
  }
  return plan;
}

}  // namespace

PhasePlan plan_phase(const std::vector<Lifetime>& allocations) {
  const std::vector<std::size_t> peak = peaks(allocations);
  const auto plan_by = [&](const auto& weight) {
    std::vector<std::size_t> order(allocations.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
      return std::tuple{weight(b), allocations[b].size, a} < std::tuple{weight(a), allocations[a].size, b};
    });
    return plan_in_order(allocations, order);
  };
  PhasePlan least = plan_by([&](std::size_t i) { return peak[i]; });
  const bool is_least = peak.empty() || least.bytes == *std::max_element(peak.begin(), peak.end());
  if (is_least || allocations.size() > window_size) return least;
  const auto offer = [&](PhasePlan plan) {
    if (plan.bytes < least.bytes) least = std::move(plan);
  };
  offer(plan_by([&](std::size_t i) { return allocations[i].size; }));
  offer(plan_by([&](std::size_t i) {
    const Lifetime& each = allocations[i];
    return static_cast<double>(each.size) * static_cast<double>(each.end - each.begin);
  }));
  return least;
}

}  // namespace daa::v0_1::detail
