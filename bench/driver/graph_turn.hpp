// A turn of replays: the phases of a cycle, captured once, one graph each.
#pragma once

#include <memory>
#include <vector>

#include "driver/block_clock.hpp"
#include "driver/captured_phase.hpp"
#include "driver/turn.hpp"
#include "driver/turn_ranges.hpp"

namespace daa::bench {

/// An allocator made for graphs (Demand::for_graphs) goes through one cycle as ever, so that it has its
/// memory, then through one that is captured; what is warmed up, measured and checked are launches of those
/// graphs in turn. Nothing asks the allocator anything while it is captured.
class GraphTurn final : public AnyTurn {
 public:
  /// `problem` must outlive the turn. Throws NotCapturable with the reason if a phase cannot be
  /// captured.
  GraphTurn(const Problem& problem, const AllocatorInfo& allocator, const TurnOptions& options);
  ~GraphTurn() override;

  Sample measure() override;
  /// What it checks are the results of one more launch of each graph.
  TurnResult finish() override;
  /// Launches each graph once; needs no counter. Memory that graphs take is in the account.
  [[nodiscard]] PassCounts count(CallCounter* counter) override;

 private:
  void launch_next();

  const Problem& problem_;
  TurnOptions options_;
  TurnRanges ranges_;
  std::unique_ptr<ScratchAllocator> scratch_;
  std::vector<CapturedPhase> graphs_;
  BlockClock clock_;
  int device_ = 0;
  std::size_t next_ = 0;
  std::size_t phases_left_;
  std::size_t samples_left_;
  std::size_t peak_live_bytes_ = 0;  // as CountedAllocator has it, of the cycle before the capture
};

}  // namespace daa::bench
