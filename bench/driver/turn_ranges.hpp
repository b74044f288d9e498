// What a tool sees of a turn.
#pragma once

#include <optional>
#include <string_view>

#include "driver/nvtx.hpp"

namespace daa::bench {

/// The allocator's range. Under profile it begins with the measured blocks, within the workload's, and both
/// lie in the range "measured", which is nsys's to capture: a profiler sees only ranges that begin in what it
/// captures.
class TurnRanges {
 public:
  TurnRanges(std::string_view workload, std::string_view allocator, bool profile);
  ~TurnRanges() { end_measured(); }
  TurnRanges(const TurnRanges&) = delete;
  TurnRanges& operator=(const TurnRanges&) = delete;

  /// Before the first measured block and behind the last.
  void begin_measured();
  void end_measured();

 private:
  std::string_view workload_, allocator_;
  bool profile_;
  std::optional<NvtxRange> measured_range_, workload_range_, allocator_range_;
};

}  // namespace daa::bench
