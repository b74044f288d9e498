#include "driver/break_even.hpp"

#include <cmath>
#include <map>
#include <optional>
#include <string>

namespace daa::bench {

namespace {

// The least that the ratio is: the lower end of its interval, or itself where there is none. NaN without one.
double least_ratio(const ClockSummary& clock) {
  return std::isnan(clock.ratio_low) ? clock.ratio : clock.ratio_low;
}

// Of one allocator: least_ratio() at each number of allocations.
std::optional<std::size_t> break_even(const std::map<std::size_t, double>& ratios) {
  std::size_t result = 0;
  for (const auto& [allocs, ratio] : ratios) {
    if (std::isnan(ratio)) return std::nullopt;
    if (ratio > break_even_ratio) return result;
    result = allocs;
  }
  return result;
}

}  // namespace

void find_break_even(std::vector<std::vector<Row>>& groups) {
  std::map<std::string, std::map<std::size_t, double>> ratios;
  for (const auto& rows : groups)
    for (const Row& row : rows)
      ratios[row.allocator][row.mode.allocs_per_phase.value()] = least_ratio(row.end_to_end);
  for (auto& rows : groups)
    for (Row& row : rows) row.found.break_even_allocs = break_even(ratios[row.allocator]);
}

}  // namespace daa::bench
