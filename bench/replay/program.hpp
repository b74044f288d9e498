// A trace made ready to be replayed: what each thread does, in which order, and with which allocator.
//
// An allocator serves one stream and one thread at a time. So each pair of a thread and a stream that
// allocates has an allocator of its own, its *slot*; threads that share a stream have a slot each.
//
// A block *crosses* if another thread, or another stream, frees it than has allocated it. The free is then
// made in two steps, in the log's order. Whoever frees it hands it over: waits until it is allocated, and
// records an event if the streams differ. The thread that allocated it takes it back before it does anything
// that comes later in the log: waits until it is handed over, lets its stream wait for the event, and frees
// it. So two threads wait for each other where a block goes from one to the other, in the order of the log,
// and nowhere else within a phase. Every wait is for something earlier in the log, so that none is forever.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "allocators/allocators.hpp"
#include "replay/trace.hpp"

namespace daa::bench {

struct ReplayStep {
  enum class Kind : std::uint8_t { allocate, free, hand_over, take_back };
  static constexpr std::uint32_t none = ~std::uint32_t{0};

  Kind kind;
  bool changes_stream = false;    // of a block that crosses
  std::uint32_t block;            // as in the trace
  std::uint32_t slot_or_stream;   // the slot; for hand_over the stream
  std::uint32_t crossing = none;  // of a block that crosses, numbered over all phases
  std::size_t bytes;
};

struct ReplaySlot {
  std::uint32_t thread;
  std::uint32_t stream;
  Demand demand;       // without the plan
  PlacementPlan plan;  // for all phases, lifetimes in the order of the thread's steps
};

struct ReplayProgram {
  using Steps = std::vector<ReplayStep>;

  std::vector<ReplaySlot> slots;
  std::vector<std::vector<Steps>> phases;  // of each phase, the steps of each thread
  std::vector<std::size_t> operations;     // of each: allocations and frees, a free that crosses being one
  std::size_t passes;                      // over the trace that the phases are
  std::size_t threads;
  std::size_t streams;
  std::size_t blocks;
  std::size_t crossings = 0;

  [[nodiscard]] std::size_t phases_of_a_pass() const { return phases.size() / passes; }
};

[[nodiscard]] ReplayProgram make_program(const Trace& trace);

}  // namespace daa::bench
