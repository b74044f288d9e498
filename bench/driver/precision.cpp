#include "driver/precision.hpp"

#include <algorithm>

namespace daa::bench {

bool is_precise(const std::vector<Series>& group, std::string_view against, double max_noise) {
  const auto reference = std::ranges::find(group, against, &Series::label);
  if (reference == group.end() || reference->status != Status::ok) return false;
  const Repetitions reference_samples = undisturbed(*reference, reference->end_to_end);
  return std::ranges::all_of(group, [&](const Series& series) {
    if (series.status != Status::ok) return true;
    const auto ratios = paired_ratios(undisturbed(series, series.end_to_end), reference_samples);
    return ratios.size() >= least_repetitions_for_noise && bootstrap_median(ratios).noise() <= max_noise;
  });
}

}  // namespace daa::bench
