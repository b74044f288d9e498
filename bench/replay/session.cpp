#include "replay/session.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <barrier>
#include <chrono>
#include <span>
#include <thread>
#include <unordered_map>
#include <utility>

#include "driver/counted_allocator.hpp"

namespace daa::bench {

namespace {

using Clock = std::chrono::steady_clock;
using Kind = ReplayStep::Kind;

double ns_since(Clock::time_point begin) {
  return std::chrono::duration<double, std::nano>(Clock::now() - begin).count();
}

// Of WrongMarks, what one unit of mapped memory holds.
constexpr std::size_t marks_granule = primitives::memory_granularity / sizeof(primitives::WrongMarks);

// Thrown in a thread that waits for one that has failed.
struct Abandoned {};

}  // namespace

struct ReplaySession::Thread {
  std::size_t number;
  SyncMode sync;
  std::barrier<>& together;
  double waited_ns = 0;
  PassTimes times;
};

ReplaySession::ReplaySession(const ReplayProgram& program, const AllocatorInfo& allocator,
                             std::optional<std::size_t> limit_bytes)
    : program_(program),
      pointers_(program.blocks),
      crossings_(program.crossings),
      wrong_marks_((program.lanes.size() + marks_granule - 1) / marks_granule * marks_granule) {
  for (std::size_t i = 0; i < program.streams; ++i) streams_.push_back(make_stream());
  for (Crossing& crossing : crossings_) crossing.handed_over = make_event();
  wrong_marks_.upload(std::vector<primitives::WrongMarks>(wrong_marks_.size()), streams_.front().get());
  for (const ReplayLane& lane : program.lanes)
    lanes_.push_back({streams_[lane.stream].get(), nullptr, nullptr, false, {}, {}, {}});

  if (program.threads > 1) crew_.emplace(program.threads);
  // The limit is that of the allocators: what the session itself needs is there by now.
  if (limit_bytes) memory_limit_ = primitives::limit_memory(*limit_bytes);
  for (std::size_t i = 0; i < lanes_.size(); ++i) {
    Demand demand = program.lanes[i].demand;
    demand.plan = &program.lanes[i].plan;
    demand.frees_all = true;
    lanes_[i].allocator = allocator.make(lanes_[i].stream, demand);
    lanes_[i].needs_every_free = lanes_[i].allocator->needs_every_free();
  }
}

ReplaySession::~ReplaySession() {
  for (const Stream& stream : streams_) static_cast<void>(cudaStreamSynchronize(stream.get()));
  for (Lane& lane : lanes_) {
    for (const Left& left : lane.left) {
      try {
        lane.allocator->free(left.pointer, left.bytes);
      } catch (...) {  // a destructor has nobody to tell
      }
    }
    lane.allocator.reset();
    lane.upstream.reset();
  }
  // What was given back in stream order is with the device when the next session begins.
  for (const Stream& stream : streams_) static_cast<void>(cudaStreamSynchronize(stream.get()));
}

PassTimes ReplaySession::run_timed(SyncMode sync) {
  return run<Mode::timed>(sync);
}

void ReplaySession::run_touched() {
  run<Mode::touched>(SyncMode::phase);
}

CallCounts ReplaySession::run_counted(SyncMode sync, CallCounter& counter) {
  for (Lane& lane : lanes_) {
    lane.upstream = std::move(lane.allocator);
    lane.allocator = std::make_unique<CountedAllocator>(*lane.upstream, &counter);
  }
  run<Mode::timed>(sync);
  for (Lane& lane : lanes_) lane.allocator = std::move(lane.upstream);
  return counter.take();
}

template <ReplaySession::Mode mode>
PassTimes ReplaySession::run(SyncMode sync) {
  ++pass_;
  std::barrier together{static_cast<std::ptrdiff_t>(program_.threads)};
  std::vector<Thread> threads;
  for (std::size_t i = 0; i < program_.threads; ++i) threads.push_back({i, sync, together, 0, {}});
  if (crew_)
    crew_->run([&](std::size_t i) { run_thread<mode>(threads[i]); });
  else
    run_thread<mode>(threads.front());
  if (failure_) std::rethrow_exception(failure_);
  PassTimes times = threads.front().times;
  for (std::size_t i = 1; i < threads.size(); ++i) times.threads_ns += threads[i].times.threads_ns;
  return times;
}

// The first thread keeps the clocks of all and synchronises the streams.
template <ReplaySession::Mode mode>
void ReplaySession::run_thread(Thread& thread) try {
  const auto pass_begin = Clock::now();
  for (const auto& phase : program_.phases) {
    const auto phase_begin = Clock::now();
    thread.waited_ns = 0;
    run_phase<mode>(phase[thread.number], thread);
    thread.times.threads_ns += ns_since(phase_begin) - thread.waited_ns;
    thread.together.arrive_and_wait();
    if (failed_) throw Abandoned{};
    if (thread.number > 0 && thread.sync == SyncMode::end) continue;
    if (thread.number == 0) {
      thread.times.host_ns += ns_since(phase_begin);
      if (thread.sync == SyncMode::phase) synchronise();
    }
    if (thread.sync == SyncMode::phase) thread.together.arrive_and_wait();
  }
  if (thread.number > 0) return;
  if (thread.sync == SyncMode::end) synchronise();
  thread.times.end_to_end_ns = ns_since(pass_begin);
} catch (...) {
  {
    const std::lock_guard lock{failure_mutex_};
    if (!failed_.exchange(true)) failure_ = std::current_exception();
  }
  thread.together.arrive_and_drop();
}

template <ReplaySession::Mode mode>
void ReplaySession::run_phase(const ReplayProgram::ThreadPhase& phase, Thread& thread) {
  std::size_t done = 0;  // steps, and then frees of what is left
  try {
    for (; done < phase.steps.size(); ++done) run_step<mode>(phase.steps[done], thread);
    if constexpr (mode == Mode::touched) {
      for (const ReplayStep& left : phase.left) check(lanes_[left.place], left);
    }
    for (const ReplayStep& left : phase.left) {
      Lane& lane = lanes_[left.place];
      if (lane.needs_every_free) lane.allocator->free(pointers_[left.block], left.bytes);
      ++done;
    }
  } catch (...) {
    note_left(phase, done);
    throw;
  }
  for (std::size_t i = 0; i < lanes_.size(); ++i)
    if (program_.lanes[i].thread == thread.number) lanes_[i].allocator->end_phase();
}

template <ReplaySession::Mode mode>
void ReplaySession::run_step(const ReplayStep& step, Thread& thread) {
  constexpr bool touched = mode == Mode::touched;
  if (step.kind == Kind::hand_over) return hand_over(step, thread);
  Lane& lane = lanes_[step.place];
  void*& pointer = pointers_[step.block];
  if (step.kind == Kind::allocate) {
    pointer = lane.allocator->allocate(step.bytes);
    if constexpr (touched) touch(lane, step, pointer);
    if (step.crossing != ReplayStep::none)
      crossings_[step.crossing].progress.store(2 * pass_ + 1, std::memory_order_release);
    return;
  }
  if (step.kind == Kind::take_back) take_back(step, thread);
  if constexpr (touched) check(lane, step);
  lane.allocator->free(pointer, step.bytes);
}

// Of a phase in which a thread has failed. Only its own lanes are changed.
void ReplaySession::note_left(const ReplayProgram::ThreadPhase& phase, std::size_t done) {
  std::unordered_map<std::uint32_t, const ReplayStep*> live;
  for (const ReplayStep& step : std::span{phase.steps}.first(std::min(done, phase.steps.size()))) {
    if (step.kind == Kind::allocate) live.emplace(step.block, &step);
    if (step.kind == Kind::free || step.kind == Kind::take_back) live.erase(step.block);
  }
  for (std::size_t i = phase.steps.size(); i < done; ++i)
    live.erase(phase.left[i - phase.steps.size()].block);
  for (const auto& [block, step] : live) {
    Lane& lane = lanes_[step->place];
    if (lane.needs_every_free) lane.left.push_back({pointers_[block], step->bytes});
  }
}

void ReplaySession::touch(Lane& lane, const ReplayStep& step, void* pointer) {
  const auto address = reinterpret_cast<std::uintptr_t>(pointer);
  if (address == 0 || address % primitives::mark_spacing != 0) {
    if (lane.error.empty())
      lane.error =
          fmt::format("allocation {} of the trace ({} bytes) is at {:#x}, which is not aligned to {}",
                      step.block, step.bytes, address, primitives::mark_spacing);
    return;
  }
  primitives::write_marks(pointer, step.bytes, step.block, lane.stream);
  lane.held.reserved_bytes = std::max(lane.held.reserved_bytes, lane.allocator->bytes_reserved());
  lane.held.pool_mapped_bytes = std::max(lane.held.pool_mapped_bytes, lane.allocator->pool_mapped_bytes());
}

void ReplaySession::check(const Lane& lane, const ReplayStep& step) {
  if (!lane.error.empty()) return;
  primitives::check_marks(pointers_[step.block], step.bytes, step.block,
                          wrong_marks_.data() + (&lane - lanes_.data()), lane.stream);
}

void ReplaySession::hand_over(const ReplayStep& step, Thread& thread) {
  Crossing& crossing = crossings_[step.crossing];
  wait_for(crossing, 2 * pass_ + 1, thread);
  if (step.changes_stream)
    DAA_CUDA_CHECK(cudaEventRecord(crossing.handed_over.get(), streams_[step.place].get()));
  crossing.progress.store(2 * pass_ + 2, std::memory_order_release);
}

void ReplaySession::take_back(const ReplayStep& step, Thread& thread) {
  const Crossing& crossing = crossings_[step.crossing];
  wait_for(crossing, 2 * pass_ + 2, thread);
  if (step.changes_stream)
    DAA_CUDA_CHECK(cudaStreamWaitEvent(lanes_[step.place].stream, crossing.handed_over.get(), 0));
}

void ReplaySession::wait_for(const Crossing& crossing, std::size_t progress, Thread& thread) {
  if (crossing.progress.load(std::memory_order_acquire) >= progress) return;
  const auto begin = Clock::now();
  while (crossing.progress.load(std::memory_order_acquire) < progress) {
    if (failed_) throw Abandoned{};
    std::this_thread::yield();
  }
  thread.waited_ns += ns_since(begin);
}

void ReplaySession::synchronise() const {
  for (const Stream& stream : streams_) DAA_CUDA_CHECK(cudaStreamSynchronize(stream.get()));
}

std::optional<std::string> ReplaySession::find_error() {
  for (const Lane& lane : lanes_)
    if (!lane.error.empty()) return lane.error;
  synchronise();
  primitives::WrongMarks all;
  for (const primitives::WrongMarks& wrong : wrong_marks_.download(streams_.front().get())) {
    all.count += wrong.count;
    all.first_mark = std::min(all.first_mark, wrong.first_mark);
  }
  if (all.count == 0) return std::nullopt;
  return fmt::format("allocation {} of the trace was overwritten while it was live; {} marks damaged in all",
                     all.first_mark, all.count);
}

MemoryHeld ReplaySession::memory_held() const {
  MemoryHeld sum;
  for (const Lane& lane : lanes_) {
    sum.reserved_bytes += lane.held.reserved_bytes;
    sum.pool_mapped_bytes += lane.held.pool_mapped_bytes;
  }
  return sum;
}

}  // namespace daa::bench
