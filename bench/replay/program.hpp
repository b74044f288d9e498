// A trace made ready to be replayed: what each thread does, in which order, and with which allocator.
//
// An allocator serves one stream and one thread at a time. So each pair of a thread and a stream that
// allocates is a *lane* with an allocator of its own; threads that share a stream have a lane each.
//
// A block that another thread, or another stream, frees than has allocated it *crosses*. The free is then
// made in two steps, in the log's order: who frees it hands it over (waits until it is allocated, and records
// an event if the streams differ), and the thread whose lane it is takes it back before it does anything that
// comes later in the log (waits until it is handed over, lets its stream wait for the event, and frees it).
// So two threads wait for each other where a block goes from one to the other, in the order in which they
// did, and nowhere else; every wait is for something earlier in the log, so that none is for ever.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "allocators/allocators.hpp"
#include "traces/trace.hpp"

namespace daa::bench {

struct ReplayStep {
  enum class Kind : std::uint8_t { allocate, free, hand_over, take_back };
  static constexpr std::uint32_t none = ~std::uint32_t{0};

  Kind kind;
  bool changes_stream = false;    // of a block that crosses
  std::uint32_t block;            // as in the trace
  std::uint32_t place;            // the lane; for hand_over the stream
  std::uint32_t crossing = none;  // of a block that crosses, numbered over the whole trace
  std::size_t bytes;
};

struct ReplayLane {
  std::uint32_t thread;
  std::uint32_t stream;
  Demand demand;       // without the plan
  PlacementPlan plan;  // for all phases, lifetimes in the order of the thread's steps
};

struct ReplayProgram {
  struct ThreadPhase {
    std::vector<ReplayStep> steps;
    std::vector<ReplayStep> left;  // what this thread has allocated and nobody frees in the phase, no steps
  };

  std::vector<ReplayLane> lanes;
  std::vector<std::vector<ThreadPhase>> phases;  // of each phase, a ThreadPhase for each thread
  std::size_t threads;
  std::size_t streams;
  std::size_t blocks;
  std::size_t crossings = 0;
  std::size_t operations;  // allocations and frees of the trace, a free that crosses being one
};

[[nodiscard]] ReplayProgram make_program(const Trace& trace);

}  // namespace daa::bench
