// One turn of one allocator on a trace: as Turn, whose phases are those of the trace.
#pragma once

#include <cstddef>
#include <optional>
#include <string>

#include "driver/turn_ranges.hpp"
#include "replay/session.hpp"

namespace daa::bench {

struct ReplayTurnOptions {
  SyncMode sync = SyncMode::end;
  std::size_t warmup_passes = 0;
  bool profile = false;  // measured passes in the range "measured"
};

/// What touched passes find out.
struct ReplayCheck {
  std::optional<std::string> error;
  MemoryHeld held;
};

/// Everything throws what the allocator throws.
class ReplayTurn {
 public:
  /// Constructs the allocator and warms it up. `program` must outlive the turn.
  ReplayTurn(const ReplayProgram& program, const AllocatorInfo& allocator, const ReplayTurnOptions& options);

  /// Measures a pass. The streams are idle before and after.
  PassTimes measure();

  /// Ends the measurement, and makes one pass more, with kernels.
  ReplayCheck finish();

  /// In place of measure() and finish(): a pass, untimed, and the CUDA calls that the allocator makes in it.
  /// Those of a trace of several threads are not counted: nothing then.
  [[nodiscard]] std::optional<CallCounts> count(CallCounter& counter);

 private:
  const ReplayProgram& program_;
  ReplayTurnOptions options_;
  TurnRanges ranges_;
  ReplaySession session_;
};

/// Two passes with kernels, of a fresh allocator: while it grows, and when its phases come again.
[[nodiscard]] ReplayCheck check_replay(const ReplayProgram& program, const AllocatorInfo& allocator);

}  // namespace daa::bench
