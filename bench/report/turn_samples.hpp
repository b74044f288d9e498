// What one turn of an allocator has measured, sample by sample.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>
#include <vector>

#include "options.hpp"
#include "report/row.hpp"

namespace daa::bench {

/// Views of what its maker owns. The vectors are of one length; nanoseconds a phase.
struct TurnSamples {
  std::string_view workload;
  std::size_t elements;
  SyncMode sync;
  const RowMode& mode;
  std::string_view allocator;  // with ":2", ":3" where an allocator was named more than once
  std::size_t repetition;      // counted from 0
  const std::vector<double>& host_enqueue_ns;
  const std::vector<double>& device_ns;
  const std::vector<double>& end_to_end_ns;
  bool throttled;
  std::optional<double> sm_clock_mhz;
};

}  // namespace daa::bench
