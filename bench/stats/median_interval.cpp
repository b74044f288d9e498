// The bootstrap repeatedly draws as many values as there are, with replacement, and takes quantiles of the
// medians of these draws (Efron, 1979). For a median no drawing is needed: of n draws, the number that fall
// on the k least values is binomially distributed, so the distribution of their median is known exactly. The
// result needs no seed and has no sampling error.
//
// That distribution is discrete: it jumps at the values themselves. Taking its quantiles at a jump would
// cover too little for some numbers of values and too much for others (88 % for 7, 98 % for 8). The quantile
// is therefore interpolated between the middles of the jumps.

#include "stats/median_interval.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>

#include "stats/quantile.hpp"

namespace daa::bench {
namespace {

constexpr double outside = 0.025;  // probability on either side of the interval

// The probability of at least `least` successes in n trials, each of probability k / n.
double probability_of_at_least(std::size_t least, std::size_t n, std::size_t k) {
  if (k == n) return 1;
  const auto trials = static_cast<double>(n);
  const double success = static_cast<double>(k) / trials;
  double sum = 0;
  for (std::size_t i = least; i <= n; ++i) {
    const auto hits = static_cast<double>(i);
    sum += std::exp(std::lgamma(trials + 1) - std::lgamma(hits + 1) - std::lgamma(trials - hits + 1) +
                    hits * std::log(success) + (trials - hits) * std::log1p(-success));
  }
  return sum;
}

// The probability that the median of n draws from n values is at most the k-th least value. The median of an
// even number lies between two draws: the mean of the probabilities of both.
double probability_of_at_most(std::size_t k, std::size_t n) {
  if (k == 0) return 0;
  const std::size_t lower = (n + 1) / 2, upper = n / 2 + 1;
  const double of_lower = probability_of_at_least(lower, n, k);
  return lower == upper ? of_lower : (of_lower + probability_of_at_least(upper, n, k)) / 2;
}

// The middle of the jump at the k-th least value.
double middle_of_jump(std::size_t k, std::size_t n) {
  return (probability_of_at_most(k - 1, n) + probability_of_at_most(k, n)) / 2;
}

// The index of the interval's lower end in n sorted values; usually fractional.
double lower_end(std::size_t n) {
  std::size_t first = 1, last = n;  // the range that holds the first jump whose middle is not outside
  while (first < last) {
    const std::size_t k = (first + last) / 2;
    if (middle_of_jump(k, n) < outside)
      first = k + 1;
    else
      last = k;
  }
  if (first == 1) return 0;
  const double middle = middle_of_jump(first, n), previous = middle_of_jump(first - 1, n);
  return static_cast<double>(first - 1) - (middle - outside) / (middle - previous);
}

double at(const std::vector<double>& sorted, double position) {
  const auto below = static_cast<std::size_t>(position);
  const std::size_t above = std::min(below + 1, sorted.size() - 1);
  return std::lerp(sorted[below], sorted[above], position - static_cast<double>(below));
}

}  // namespace

MedianInterval bootstrap_median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  MedianInterval result;
  result.median = median(values);
  if (values.size() < 2) return result;
  const double low = lower_end(values.size());
  result.low = at(values, low);
  result.high = at(values, static_cast<double>(values.size() - 1) - low);
  return result;
}

}  // namespace daa::bench
