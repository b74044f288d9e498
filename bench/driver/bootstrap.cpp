// The bootstrap draws as many values as there are, with replacement, over and over, and takes the quantiles
// of the medians of these draws. For a median nothing needs to be drawn: of n draws, the number that fall on
// the k least values is binomially distributed, so that the distribution of their median is known exactly
// (Efron, 1979). That takes no seed, and has no noise of its own.
//
// The distribution sits on the values themselves. A quantile that jumped from one value to the next would
// cover too little or too much by turns (88 % of 7 values, 98 % of 8); it is interpolated between the middles
// of the jumps instead.

#include "driver/bootstrap.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>

#include "driver/statistics.hpp"

namespace daa::bench {

namespace {

constexpr double outside = 0.025;  // on either side of the interval

// Of at least `least` successes in n trials, each of probability k / n.
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

// That the median of n draws from n values is at most the k-th least of these. The median of an even number
// lies between two draws: the mean of the probabilities for either.
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

// Where the lower end of the interval lies among n sorted values, counted from 0, between two of them as a
// rule.
double lower_end(std::size_t n) {
  std::size_t first = 1, last = n;  // the jumps among which is the first whose middle is not outside
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
  result.median = quantile(values, 0.5);
  if (values.size() < 2) return result;
  const double low = lower_end(values.size());
  result.low = at(values, low);
  result.high = at(values, static_cast<double>(values.size() - 1) - low);
  return result;
}

}  // namespace daa::bench
