// Many tests at once.
#pragma once

#include <cstddef>
#include <vector>

namespace daa::bench {

/// `p` as the Holm-Bonferroni method adjusts them, in their order: to call those at most alpha significant is
/// wrong anywhere with a probability of at most alpha, however the tests depend on each other.
[[nodiscard]] std::vector<double> holm_adjusted(const std::vector<double>& p);

/// Fewest repetitions on either side with which one of `tests` tests can be significant at `alpha`.
[[nodiscard]] std::size_t least_repetitions(std::size_t tests, double alpha);

}  // namespace daa::bench
