#include "replay/session.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <thread>
#include <unordered_map>
#include <utility>

#include "measure/recorder.hpp"
#include "measure/sampler.hpp"

namespace daa::bench {

namespace {

using Kind = ReplayStep::Kind;

// Steps between two looks at the stop condition; those with kernels take a thousand times as long.
constexpr std::size_t steps_per_look = 1024, checked_steps_per_look = 16;

// Ends the phase of a thread that waits for one that has failed.
struct Abandoned {};

}  // namespace

ReplaySession::ReplaySession(const ReplayProgram& program, const AllocatorInfo& allocator,
                             const StopCondition& stop)
    : program_(program),
      stop_(stop),
      pointers_(program.blocks),
      crossings_(program.crossings),
      wrong_marks_(program.slots.size()),
      threads_(program.threads),
      phase_end_(static_cast<std::ptrdiff_t>(program.threads)) {
  for (std::size_t i = 0; i < program.streams; ++i)
    streams_.push_back(owned_streams_.emplace_back(make_stream()).get());
  for (Crossing& crossing : crossings_) crossing.handed_over = make_event();
  wrong_marks_.upload(std::vector<primitives::WrongMarks>(wrong_marks_.size()), streams_.front());
  if (program.threads > 1) team_.emplace(program.threads);

  for (const ReplaySlot& planned : program.slots) {
    Demand demand = planned.demand;
    demand.plan = &planned.plan;
    demand.frees_all = true;
    Slot& slot = slots_.emplace_back();
    slot.stream = streams_[planned.stream];
    slot.allocator = allocator.make(slot.stream, demand);
  }
}

ReplaySession::~ReplaySession() {
  const auto synchronise_all = [this] {
    for (const cudaStream_t stream : streams_) static_cast<void>(cudaStreamSynchronize(stream));
  };
  synchronise_all();
  for (Slot& slot : slots_) {
    for (const Unfreed& block : slot.unfreed) {
      try {
        slot.allocator->free(block.pointer, block.bytes);
      } catch (...) {  // nobody to report it to
      }
    }
    slot.allocator.reset();
  }
  // What was given back in stream order is the device's again when the next session begins.
  synchronise_all();
}

void ReplaySession::run_phase(std::size_t thread) {
  run<false>(thread);
}

double ReplaySession::take_waited_ns(std::size_t thread) {
  return std::exchange(threads_[thread].waited_ns, 0);
}

void ReplaySession::run_checked(std::size_t passes) {
  const auto run_phases = [&](std::size_t thread) {
    // A thread calls run() for every phase, failed or not: there it leaves the barrier, once.
    for (std::size_t i = 0; i < passes * program_.phases_of_a_pass(); ++i) {
      run<true>(thread);
      if (thread > 0 || failed_) continue;
      try {
        // The other threads may be in the next phase already: this one then waits for their work, too.
        synchronise();
      } catch (...) {
        failed_ = true;
        leave(thread);
        throw;
      }
    }
  };
  if (team_)
    team_->run(run_phases);
  else
    run_phases(0);
}

// From here on no other thread waits for this one at the end of a phase.
void ReplaySession::leave(std::size_t thread) {
  threads_[thread].has_left = true;
  phase_end_.arrive_and_drop();
}

CallCounts ReplaySession::run_counted(CallCounter& counter, bool synchronise_each) {
  std::vector<std::unique_ptr<ScratchAllocator>> upstream;
  for (Slot& slot : slots_) {
    upstream.push_back(std::move(slot.allocator));
    slot.allocator = std::make_unique<Recorder>(*upstream.back(), &counter);
  }
  const auto restore = [&] {
    for (std::size_t i = 0; i < slots_.size(); ++i) slots_[i].allocator = std::move(upstream[i]);
  };
  try {
    for (std::size_t i = 0; i < program_.phases.size(); ++i) {
      run_phase(0);
      if (synchronise_each) synchronise();
    }
    synchronise();
  } catch (...) {
    restore();
    throw;
  }
  restore();
  return counter.take();
}

// A thread that fails leaves the barrier, and so does every other as soon as it notices: none may wait for
// one that runs no more phases.
template <bool checked>
void ReplaySession::run(std::size_t number) {
  Thread& thread = threads_[number];
  if (thread.has_left) return;
  if (failed_) return leave(number);
  const std::size_t cycle = thread.phases / program_.phases.size();
  const auto& phase = program_.phases[thread.phases++ % program_.phases.size()];
  try {
    run_steps<checked>(phase[number], number, cycle);
    for (std::size_t i = 0; i < slots_.size(); ++i)
      if (program_.slots[i].thread == number) slots_[i].allocator->end_phase();
  } catch (const Abandoned&) {
    return leave(number);
  } catch (...) {
    failed_ = true;
    leave(number);
    throw;
  }
  if (!team_) return;
  const auto begin = Clock::now();
  phase_end_.arrive_and_wait();
  thread.waited_ns += ns_between(begin, Clock::now());
}

template <bool checked>
void ReplaySession::run_steps(const ReplayProgram::Steps& steps, std::size_t number, std::size_t cycle) {
  constexpr std::size_t look = checked ? checked_steps_per_look : steps_per_look;
  std::size_t done = 0;
  try {
    while (done < steps.size()) {
      stop_.check();
      for (const std::size_t end = std::min(done + look, steps.size()); done < end; ++done)
        run_step<checked>(steps[done], number, cycle);
    }
  } catch (...) {
    note_unfreed(steps, done);
    throw;
  }
}

template <bool checked>
void ReplaySession::run_step(const ReplayStep& step, std::size_t number, std::size_t cycle) {
  void*& pointer = pointers_[step.block];
  switch (step.kind) {
    case Kind::allocate: {
      Slot& slot = slots_[step.slot_or_stream];
      pointer = slot.allocator->allocate(step.bytes);
      if constexpr (checked) mark(slot, step, pointer);
      if (step.crossing != ReplayStep::none)
        crossings_[step.crossing].progress.store(2 * cycle + 1, std::memory_order_release);
      return;
    }
    case Kind::hand_over: {
      Crossing& crossing = crossings_[step.crossing];
      wait_for(crossing, 2 * cycle + 1, number);
      if (step.changes_stream)
        DAA_CUDA_CHECK(cudaEventRecord(crossing.handed_over.get(), streams_[step.slot_or_stream]));
      crossing.progress.store(2 * cycle + 2, std::memory_order_release);
      return;
    }
    case Kind::take_back: {
      const Crossing& crossing = crossings_[step.crossing];
      wait_for(crossing, 2 * cycle + 2, number);
      if (step.changes_stream)
        DAA_CUDA_CHECK(
            cudaStreamWaitEvent(slots_[step.slot_or_stream].stream, crossing.handed_over.get(), 0));
      [[fallthrough]];
    }
    case Kind::free: {
      Slot& slot = slots_[step.slot_or_stream];
      if constexpr (checked) check(slot, step);
      slot.allocator->free(pointer, step.bytes);
    }
  }
}

// After a failure in a phase. Concerns the slots of the failed thread alone.
void ReplaySession::note_unfreed(const ReplayProgram::Steps& steps, std::size_t done) {
  std::unordered_map<std::uint32_t, const ReplayStep*> live;
  for (const ReplayStep& step : std::span{steps}.first(done)) {
    if (step.kind == Kind::allocate) live.emplace(step.block, &step);
    if (step.kind == Kind::free || step.kind == Kind::take_back) live.erase(step.block);
  }
  for (const auto& [block, step] : live) {
    Slot& slot = slots_[step->slot_or_stream];
    if (slot.allocator->needs_every_free()) slot.unfreed.push_back({pointers_[block], step->bytes});
  }
}

void ReplaySession::mark(Slot& slot, const ReplayStep& step, void* pointer) {
  const auto address = reinterpret_cast<std::uintptr_t>(pointer);
  if (address == 0 || address % primitives::mark_spacing != 0) {
    if (slot.error.empty())
      slot.error =
          fmt::format("allocation {} of the trace ({} bytes) is at {:#x}, which is not aligned to {}",
                      step.block, step.bytes, address, primitives::mark_spacing);
    return;
  }
  primitives::write_marks(pointer, step.bytes, step.block, slot.stream);
  slot.reserved_bytes = std::max(slot.reserved_bytes, slot.allocator->bytes_reserved());
  slot.pool_mapped_bytes = std::max(slot.pool_mapped_bytes, slot.allocator->pool_mapped_bytes());
}

void ReplaySession::check(const Slot& slot, const ReplayStep& step) {
  if (!slot.error.empty()) return;
  primitives::check_marks(pointers_[step.block], step.bytes, step.block,
                          wrong_marks_.data() + (&slot - slots_.data()), slot.stream);
}

void ReplaySession::wait_for(const Crossing& crossing, std::size_t progress, std::size_t number) {
  if (crossing.progress.load(std::memory_order_acquire) >= progress) return;
  const auto begin = Clock::now();
  while (crossing.progress.load(std::memory_order_acquire) < progress) {
    if (failed_) throw Abandoned{};
    std::this_thread::yield();
  }
  threads_[number].waited_ns += ns_between(begin, Clock::now());
}

void ReplaySession::synchronise() const {
  for (const cudaStream_t stream : streams_) DAA_CUDA_CHECK(cudaStreamSynchronize(stream));
}

std::optional<std::string> ReplaySession::find_error() {
  for (const Slot& slot : slots_)
    if (!slot.error.empty()) return slot.error;
  synchronise();
  primitives::WrongMarks all;
  for (const primitives::WrongMarks& wrong : wrong_marks_.download(streams_.front())) {
    all.count += wrong.count;
    all.first_mark = std::min(all.first_mark, wrong.first_mark);
  }
  if (all.count == 0) return std::nullopt;
  return fmt::format("allocation {} of the trace was overwritten while it was live; {} marks damaged in all",
                     all.first_mark, all.count);
}

std::size_t ReplaySession::reserved_bytes() const {
  std::size_t sum = 0;
  for (const Slot& slot : slots_) sum += slot.reserved_bytes;
  return sum;
}

std::size_t ReplaySession::pool_mapped_bytes() const {
  std::size_t sum = 0;
  for (const Slot& slot : slots_) sum += slot.pool_mapped_bytes;
  return sum;
}

}  // namespace daa::bench
