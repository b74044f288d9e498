// What a tool sees of a turn.
#pragma once

#include <optional>
#include <string_view>

#include "driver/nvtx.hpp"

namespace daa::bench {

/// The allocator's range. Under profile it begins with the measured blocks, within the workload's, and both
/// lie between cudaProfilerStart and cudaProfilerStop: a profiler sees only ranges that begin in what it
/// captures.
class TurnRanges {
 public:
  TurnRanges(std::string_view workload, std::string_view allocator, bool profile);
  ~TurnRanges();
  TurnRanges(const TurnRanges&) = delete;
  TurnRanges& operator=(const TurnRanges&) = delete;

  /// Before the first measured block and behind the last.
  void begin_measured();
  void end_measured();

 private:
  std::string_view workload_, allocator_;
  bool profile_;
  bool capturing_ = false;
  std::optional<NvtxRange> workload_range_, allocator_range_;
};

}  // namespace daa::bench
