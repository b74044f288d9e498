#include "compare/time_tests.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "compare/holm.hpp"
#include "driver/statistics.hpp"
#include "report/text.hpp"

namespace daa::bench {

double median(const std::vector<double>& values) {
  return quantile(values, 0.5);
}

void TimeTests::add(std::size_t place, std::vector<double> base, std::vector<double> head) {
  tests_.push_back({place, std::move(base), std::move(head)});
}

void TimeTests::judge(std::vector<Finding>& findings) {
  std::vector<double> slower, faster;
  for (const Test& test : tests_) {
    slower.push_back(mann_whitney_.p_greater(test.head, test.base));
    faster.push_back(mann_whitney_.p_greater(test.base, test.head));
  }
  slower = holm_adjusted(slower);
  faster = holm_adjusted(faster);

  for (std::size_t i = 0; i < tests_.size(); ++i) {
    Finding& finding = findings[tests_[i].place];
    const double change = finding.head - finding.base;
    const bool is_large =
        std::abs(change) > options_.threshold * finding.base && std::abs(change) > options_.absolute_ns;
    finding.p = change < 0 ? faster[i] : slower[i];
    finding.verdict = Verdict::unchanged;
    if (is_large && finding.p <= options_.alpha) {
      finding.verdict = change > 0 ? Verdict::regression : Verdict::improvement;
    } else if (finding.reason = blindness(tests_[i]); !finding.reason.empty()) {
      finding.verdict = Verdict::inconclusive;
    }
  }
}

std::string TimeTests::blindness(const Test& test) {
  const double level = options_.alpha / static_cast<double>(tests_.size());
  if (least_p(test.head.size(), test.base.size()) > level)
    return fmt::format("too few repetitions, {} and {}: {} times need {} a side", test.base.size(),
                       test.head.size(), tests_.size(), least_repetitions(tests_.size(), options_.alpha));

  const double base = median(test.base), head = median(test.head);
  const double growth = std::max(options_.visible, 2 * options_.absolute_ns / base);
  std::vector<double> slowed = test.head;
  for (double& time : slowed) time *= base / head * (1 + growth);
  if (mann_whitney_.p_greater(slowed, test.base) <= level) return {};
  return fmt::format("too noisy to see {} more", format_duration(growth * base));
}

}  // namespace daa::bench
