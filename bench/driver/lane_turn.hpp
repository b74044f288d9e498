// A turn on several streams at once, an allocator for each.
#pragma once

#include <memory>
#include <vector>

#include "driver/crew.hpp"
#include "driver/lanes.hpp"
#include "driver/turn.hpp"
#include "driver/turn_ranges.hpp"

namespace daa::bench {

/// A sample is a block of as many phases on each stream, all begun at once: its host clock is a phase's in
/// the thread that enqueues it, the mean of the threads; its device clock a phase's on its own stream, the
/// mean of the streams; end to end is from the first call of any thread to the last synchronisation, over the
/// phases of one stream. No clock runs while threads wait for each other.
class LaneTurn final : public AnyTurn {
 public:
  /// `problem`, of which the demand and the name are used, and `lanes` must outlive the turn.
  LaneTurn(const Problem& problem, Lanes& lanes, const AllocatorInfo& allocator, const TurnOptions& options);

  Sample measure() override;
  /// Times allocations alone, and for the floor the streams one after the other. What it checks is the result
  /// of each phase of one more cycle on all streams.
  TurnResult finish() override;
  /// One cycle on all streams, in the calling thread, for a counter counts one thread.
  [[nodiscard]] PassCounts count(CallCounter* counter) override;

 private:
  struct Seat {
    Lane& lane;
    std::unique_ptr<ScratchAllocator> scratch;
    Event begin = make_event();
    Event end = make_event();

    void run_phase() const;
  };

  template <class Action>
  void for_each_seat(std::size_t thread, Action action);
  void run_phases(std::size_t thread, std::size_t phases);
  void synchronise();
  void warm_up();
  void time_allocations(LaneTimes& times);
  [[nodiscard]] double serial_ns();

  const Problem& problem_;
  Lanes& lanes_;
  TurnOptions options_;
  bool is_floor_;
  TurnRanges ranges_;
  std::vector<Seat> seats_;
  Crew crew_;
  std::size_t phases_left_;
  std::size_t samples_left_;
};

}  // namespace daa::bench
