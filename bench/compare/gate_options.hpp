// How much slower is a regression.
#pragma once

namespace daa::bench {

struct GateOptions {
  double threshold = 0.025;  // of BASE's median; a time must have grown by more than both
  double absolute_ns = 200;
  double visible = 0.1;  // so much slower must be visible, or a time is inconclusive
  double alpha = 0.01;   // of a false alarm among all times of a comparison, by luck of the repetitions
  bool ignore_context = false;
};

}  // namespace daa::bench
