// Rank tests: is one sample greater than another, by how much, also when many such tests are made at once?
#pragma once

#include <cstddef>
#include <limits>
#include <map>
#include <span>
#include <utility>
#include <vector>

namespace daa::bench {

/// Most values of both samples together for which p is exact.
inline constexpr std::size_t most_exact_values = 50;

/// By how much one sample exceeds another.
struct Shift {
  /// Hodges and Lehmann's: the median of all differences.
  double estimate = std::numeric_limits<double>::quiet_NaN();
  /// A one-sided confidence bound.
  double at_most = std::numeric_limits<double>::infinity();
};

/// The one-sided Mann-Whitney U test. Assumes nothing of the values but that they can be ordered. Keeps the
/// distributions that it has computed, for later tests of samples with the same sizes and ties.
class MannWhitney {
 public:
  /// The probability of a U as great as that of these samples, or greater, if both are drawn from the same
  /// distribution. Exact over all permutations, ties included, up to most_exact_values; beyond that the
  /// normal approximation with corrections for ties and continuity. 1 if a sample is empty.
  [[nodiscard]] double p_greater(std::span<const double> greater, std::span<const double> than);

  /// The shift of `greater` over `than`. Its bound is the least shift that the test refutes at
  /// 1 - `confidence`: exact where p is, up to ties. Infinity where the samples are too small to refute any.
  [[nodiscard]] Shift shift(std::span<const double> greater, std::span<const double> than, double confidence);

 private:
  using Ranks = std::vector<std::size_t>;

  const std::vector<double>& tail(std::size_t count, Ranks ranks);

  std::map<std::pair<std::size_t, Ranks>, std::vector<double>> tails_;
};

/// The least exact p of samples of these sizes: each value of one is above all values of the other.
[[nodiscard]] double least_p(std::size_t greater, std::size_t than);

/// `p` adjusted by the Holm-Bonferroni method, in the same order. Rejecting where the result is at most alpha
/// controls the family-wise error rate at alpha, whether or not the tests are independent.
[[nodiscard]] std::vector<double> holm_adjusted(const std::vector<double>& p);

/// Fewest values on either side with which one of `tests` tests can be significant at `alpha`.
[[nodiscard]] std::size_t least_values(std::size_t tests, double alpha);

}  // namespace daa::bench
