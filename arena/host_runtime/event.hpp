// An event is the point of a stream at which it was last recorded, and the time when that was reached; or, if
// that stream was capturing, the nodes that it came after there.
#pragma once

#include <chrono>
#include <memory>
#include <vector>

#include "stream.hpp"

namespace daa::host_runtime {

struct Event {
  /// One recording. `when` is written by the worker before the point is reached.
  struct Mark {
    StreamPoint point;
    std::chrono::steady_clock::time_point when;
  };

  int device = 0;
  bool has_timing = true;
  std::shared_ptr<Mark> mark;                   // null until recorded
  std::shared_ptr<Capture> capture;             // in which it was recorded; null if in none
  std::vector<cudaGraphNode_t> captured_after;  // what it came after there

  [[nodiscard]] bool reached() const { return !mark || mark->point.reached(); }
};

}  // namespace daa::host_runtime
