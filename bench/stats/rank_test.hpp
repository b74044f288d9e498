// Rank tests: is one sample greater than another, also when many such tests are made at once?
#pragma once

#include <cstddef>
#include <map>
#include <span>
#include <utility>
#include <vector>

namespace daa::bench {

/// Most values of both samples together for which p is exact.
inline constexpr std::size_t most_exact_values = 50;

/// The one-sided Mann-Whitney U test. Assumes nothing of the values but that they can be ordered. Keeps the
/// distributions that it has computed, for later tests of samples with the same sizes and ties.
class MannWhitney {
 public:
  /// The probability of a U as great as that of these samples, or greater, if both are drawn from the same
  /// distribution. Exact over all permutations, ties included, up to most_exact_values; beyond that the
  /// normal approximation with corrections for ties and continuity. 1 if a sample is empty.
  [[nodiscard]] double p_greater(std::span<const double> greater, std::span<const double> than);

 private:
  using Ranks = std::vector<std::size_t>;

  std::map<std::pair<std::size_t, Ranks>, std::vector<double>> tails_;
};

/// The least exact p of samples of these sizes: each value of one is above all values of the other.
[[nodiscard]] double least_p(std::size_t greater, std::size_t than);

/// `p` adjusted by the Holm-Bonferroni method, in the same order. Rejecting where the result is at most alpha
/// controls the family-wise error rate at alpha, whether or not the tests are independent.
[[nodiscard]] std::vector<double> holm_adjusted(const std::vector<double>& p);

/// Fewest repetitions on either side with which one of `tests` tests can be significant at `alpha`.
[[nodiscard]] std::size_t least_repetitions(std::size_t tests, double alpha);

}  // namespace daa::bench
