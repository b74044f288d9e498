#include "compare/holm.hpp"

#include <algorithm>
#include <numeric>

#include "compare/mann_whitney.hpp"

namespace daa::bench {

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

std::size_t least_repetitions(std::size_t tests, double alpha) {
  std::size_t repetitions = 1;
  while (least_p(repetitions, repetitions) * static_cast<double>(tests) > alpha) ++repetitions;
  return repetitions;
}

}  // namespace daa::bench
