// The Mann-Whitney U test: is one sample's distribution to the right of another's?
#pragma once

#include <cstddef>
#include <map>
#include <span>
#include <utility>
#include <vector>

namespace daa::bench {

/// Most values of both samples together for which the distribution is worked out exactly.
inline constexpr std::size_t most_exact_values = 50;

/// Assumes nothing of the values but that they can be put in order. Keeps the distributions that it has
/// worked out, for the next test of samples of the same sizes and ties.
class MannWhitney {
 public:
  /// One-sided: the probability that U is as great as for these samples, or greater, if both are drawn from
  /// the same distribution. Exact over all ways to deal the values out, ties included, up to
  /// most_exact_values; beyond, the normal approximation with corrections for ties and continuity. 1 if a
  /// sample is empty.
  [[nodiscard]] double p_greater(std::span<const double> greater, std::span<const double> than);

 private:
  using Ranks = std::vector<std::size_t>;

  std::map<std::pair<std::size_t, Ranks>, std::vector<double>> tails_;
};

/// The least that p_greater() can be for samples of these sizes: of one wholly above the other, without ties,
/// worked out exactly.
[[nodiscard]] double least_p(std::size_t greater, std::size_t than);

}  // namespace daa::bench
