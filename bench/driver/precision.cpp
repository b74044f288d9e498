#include "driver/precision.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace daa::bench {

namespace {

// Of a series that has not failed.
struct Noise {
  const Series* series;
  std::size_t pairs;
  double noise;

  [[nodiscard]] bool is_within(double max_noise) const {
    return pairs >= least_repetitions_for_noise && noise <= max_noise;
  }
};

// Nothing without the reference.
std::vector<Noise> noise_of(const std::vector<Series>& group, std::string_view against) {
  std::vector<Noise> result;
  const auto reference = std::ranges::find(group, against, &Series::label);
  if (reference == group.end() || reference->status != Status::ok) return result;
  const Repetitions reference_samples = undisturbed(*reference, reference->end_to_end);
  for (const Series& series : group) {
    if (series.status != Status::ok) continue;
    const auto ratios = paired_ratios(undisturbed(series, series.end_to_end), reference_samples);
    result.push_back({&series, ratios.size(), bootstrap_median(ratios).noise()});
  }
  return result;
}

}  // namespace

bool is_precise(const std::vector<Series>& group, std::string_view against, double max_noise) {
  const std::vector<Noise> all = noise_of(group, against);
  return !all.empty() &&
         std::ranges::all_of(all, [=](const Noise& noise) { return noise.is_within(max_noise); });
}

std::string describe_noise(const std::vector<Series>& group, std::string_view against, double max_noise) {
  std::string text;
  for (const Noise& each : noise_of(group, against)) {
    if (each.is_within(max_noise)) continue;
    text += text.empty() ? "" : ", ";
    text +=
        each.pairs < least_repetitions_for_noise
            ? fmt::format("{} has {} repetitions, of {} needed", each.series->label, each.pairs,
                          least_repetitions_for_noise)
            : fmt::format("{} {:.2g} % of {} repetitions", each.series->label, 100 * each.noise, each.pairs);
  }
  return text;
}

}  // namespace daa::bench
