// Mann and Whitney, "On a test of whether one of two random variables is stochastically larger than the
// other" (1947); Hodges and Lehmann, "Estimates of location based on rank tests" (1963), also for the bound;
// Holm, "A simple sequentially rejective multiple test procedure" (1979).

#include "stats/rank_test.hpp"

#include <algorithm>
#include <cmath>
#include <functional>
#include <numeric>

#include "stats/quantile.hpp"

namespace daa::bench {
namespace {

// Ranks are doubled throughout: ties share the mean of their ranks, which may end in a half.
struct Ranked {
  std::vector<std::size_t> ranks;  // of all values, ascending
  std::size_t sum = 0;             // over the first sample
  double tie_term = 0;             // sum of t^3 - t over the groups of t equal values
};

Ranked rank(std::span<const double> first, std::span<const double> second) {
  std::vector<std::pair<double, bool>> values;
  for (const double value : first) values.emplace_back(value, true);
  for (const double value : second) values.emplace_back(value, false);
  std::ranges::sort(values, {}, &std::pair<double, bool>::first);

  Ranked ranked;
  for (std::size_t begin = 0; begin < values.size();) {
    std::size_t end = begin;
    while (end < values.size() && values[end].first == values[begin].first) ++end;
    const std::size_t doubled_rank = begin + 1 + end;
    for (std::size_t i = begin; i < end; ++i) {
      ranked.ranks.push_back(doubled_rank);
      if (values[i].second) ranked.sum += doubled_rank;
    }
    const auto tied = static_cast<double>(end - begin);
    ranked.tie_term += tied * tied * tied - tied;
    begin = end;
  }
  return ranked;
}

// Of all choices of `count` of the ranks, the fraction whose sum is s or more, at index s. The numbers of
// choices are exact in a double: C(50, 25) < 2^53.
std::vector<double> tail_of(const std::vector<std::size_t>& ranks, std::size_t count) {
  const std::size_t greatest =
      std::accumulate(ranks.end() - static_cast<std::ptrdiff_t>(count), ranks.end(), std::size_t{0});
  std::vector<std::vector<double>> choices(count + 1, std::vector<double>(greatest + 1));  // by count and sum
  choices[0][0] = 1;
  for (const std::size_t rank : ranks)
    for (std::size_t chosen = count; chosen > 0; --chosen)
      for (std::size_t sum = rank; sum <= greatest; ++sum)
        choices[chosen][sum] += choices[chosen - 1][sum - rank];

  std::vector<double>& tail = choices[count];
  std::partial_sum(tail.rbegin(), tail.rend(), tail.rbegin());
  const double all = tail.front();
  std::ranges::transform(tail, tail.begin(), [all](double number) { return number / all; });
  return tail;
}

/// The probability of a U of `u` or more, by the normal approximation.
double p_of_normal(double u, double tie_term, std::size_t first, std::size_t second) {
  const auto n = static_cast<double>(first), m = static_cast<double>(second), all = n + m;
  const double variance = n * m / 12 * (all + 1 - tie_term / (all * (all - 1)));
  if (variance <= 0) return 1;  // all values are equal
  return std::erfc((u - n * m / 2 - 0.5) / std::sqrt(2 * variance)) / 2;
}

}  // namespace

double MannWhitney::p_greater(std::span<const double> greater, std::span<const double> than) {
  if (greater.empty() || than.empty()) return 1;
  Ranked ranked = rank(greater, than);
  const std::size_t n = greater.size();
  if (ranked.ranks.size() > most_exact_values)
    return p_of_normal(static_cast<double>(ranked.sum - n * (n + 1)) / 2, ranked.tie_term, n, than.size());
  return tail(n, std::move(ranked.ranks))[ranked.sum];
}

const std::vector<double>& MannWhitney::tail(std::size_t count, Ranks ranks) {
  const auto [known, is_new] = tails_.try_emplace({count, std::move(ranks)});
  if (is_new) known->second = tail_of(known->first.second, count);
  return known->second;
}

Shift MannWhitney::shift(std::span<const double> greater, std::span<const double> than, double confidence) {
  const std::size_t n = greater.size(), m = than.size();
  std::vector<double> differences;
  for (const double a : greater)
    for (const double b : than) differences.push_back(a - b);
  std::ranges::sort(differences, std::ranges::greater{});
  Shift result{median(differences)};

  // A shift d is refuted if so few differences exceed it as have a probability of 1 - confidence at most.
  const bool is_exact = n + m <= most_exact_values;
  Ranks ranks;
  for (std::size_t rank = 1; is_exact && rank <= n + m; ++rank) ranks.push_back(2 * rank);
  const std::vector<double>* const exact = is_exact && n > 0 && m > 0 ? &tail(n, std::move(ranks)) : nullptr;
  const auto p_at_most = [&](std::size_t u) {  // U is symmetric: as probable as n * m - u or more
    if (exact == nullptr) return p_of_normal(static_cast<double>(n * m - u), 0, n, m);
    return (*exact)[2 * (n * m - u) + n * (n + 1)];
  };
  std::size_t refuting = 0;
  while (refuting < differences.size() && p_at_most(refuting) <= 1 - confidence) ++refuting;
  if (refuting > 0) result.at_most = differences[refuting - 1];
  return result;
}

double least_p(std::size_t greater, std::size_t than) {
  double choices = 1;
  for (std::size_t i = 1; i <= greater; ++i)
    choices *= static_cast<double>(than + i) / static_cast<double>(i);
  return 1 / choices;
}

std::vector<double> holm_adjusted(const std::vector<double>& p) {
  std::vector<std::size_t> order(p.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::sort(order, {}, [&](std::size_t i) { return p[i]; });
  std::vector<double> adjusted(p.size());
  double greatest = 0;
  for (std::size_t step = 0; step < order.size(); ++step) {
    greatest = std::max(greatest, std::min(1.0, static_cast<double>(p.size() - step) * p[order[step]]));
    adjusted[order[step]] = greatest;
  }
  return adjusted;
}

std::size_t least_values(std::size_t tests, double alpha) {
  std::size_t values = 1;
  while (least_p(values, values) * static_cast<double>(tests) > alpha) ++values;
  return values;
}

}  // namespace daa::bench
