// The times of a comparison, which are judged together.
#pragma once

#include <cstddef>
#include <vector>

#include "compare/comparison.hpp"
#include "compare/mann_whitney.hpp"

namespace daa::bench {

[[nodiscard]] double median(const std::vector<double>& values);

class TimeTests {
 public:
  explicit TimeTests(const GateOptions& options) : options_(options) {}

  /// The time of the finding at `place`: the repetitions of either side.
  void add(std::size_t place, std::vector<double> base, std::vector<double> head);

  [[nodiscard]] std::size_t size() const { return tests_.size(); }

  /// Sets verdict, p and reason of all findings whose times were added, as compare() says.
  void judge(std::vector<Finding>& findings);

 private:
  struct Test {
    std::size_t place;
    std::vector<double> base, head;
  };

  /// Why a slow-down that must be visible would not have been seen; empty if it would.
  [[nodiscard]] std::string blindness(const Test& test);

  GateOptions options_;
  MannWhitney mann_whitney_;
  std::vector<Test> tests_;
};

}  // namespace daa::bench
