// A turn of first phases: each sample has an allocator of its own.
#pragma once

#include "driver/block_clock.hpp"
#include "driver/turn.hpp"
#include "driver/turn_ranges.hpp"

namespace daa::bench {

/// A sample is the first phase of the cycle with an allocator that was constructed just before and is
/// destroyed just after: the window is from its first allocate() to the end of the phase and the
/// synchronisation. Growth is in it, construction and destruction are not.
class ColdTurn final : public AnyTurn {
 public:
  /// Constructs no allocator yet. `problem` must outlive the turn.
  ColdTurn(const Problem& problem, const AllocatorInfo& allocator, const TurnOptions& options);

  Sample measure() override;
  /// What it checks is the same phase once more, with one more allocator.
  TurnResult finish() override;
  /// That phase.
  [[nodiscard]] PassCounts count(CallCounter* counter) override;

 private:
  const Problem& problem_;
  AllocatorInfo allocator_;
  TurnOptions options_;
  TurnRanges ranges_;
  BlockClock clock_;
};

}  // namespace daa::bench
