// One allocator on one trace: an instance for each lane, constructed just before and destroyed just after.
#pragma once

#include <atomic>
#include <cstddef>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "counters/call_counter.hpp"
#include "device_buffer.hpp"
#include "driver/crew.hpp"
#include "driver/handles.hpp"
#include "options.hpp"
#include "primitives/primitives.hpp"
#include "replay/program.hpp"

namespace daa::bench {

/// Nanoseconds of one pass over a trace.
struct PassTimes {
  double host_ns = 0;        // of all phases, each from its beginning to the end of its last thread
  double end_to_end_ns = 0;  // until the streams are synchronised
  /// Summed over the threads: in steps and ends of phases, without what a thread waits for another, but with
  /// the event of each block that changes streams, which is the same for every allocator.
  double threads_ns = 0;
};

/// Most memory at any moment, summed over the lanes (each at its own most).
struct MemoryHeld {
  std::size_t reserved_bytes = 0;
  std::size_t pool_mapped_bytes = 0;

  /// Taken from the device: what pools have mapped or, where there are none, what was asked of the driver.
  [[nodiscard]] std::size_t from_device() const {
    return pool_mapped_bytes > 0 ? pool_mapped_bytes : reserved_bytes;
  }
};

/// Throws what the allocator throws, the first exception where several threads have failed; nothing but the
/// destructor may then be called.
class ReplaySession {
 public:
  /// On the current device. With `limit_bytes`, the allocators have no more of its memory than that: see
  /// primitives::limit_memory(). `program` must outlive the session.
  ReplaySession(const ReplayProgram& program, const AllocatorInfo& allocator,
                std::optional<std::size_t> limit_bytes = {});
  ~ReplaySession();
  ReplaySession(const ReplaySession&) = delete;
  ReplaySession& operator=(const ReplaySession&) = delete;

  /// Replays the trace once, each thread of it in a thread, the same in each pass; a single one in that of
  /// the caller. Launches no kernel: a launch takes longer than most allocations, and what is timed is the
  /// allocator. Synchronises at the end or after each phase.
  PassTimes run_timed(SyncMode sync);

  /// The same with every block marked by a kernel when it is allocated, and checked when it is freed or the
  /// phase ends: memory is real, and an allocator that gives out memory which is in use is found out. Takes
  /// note of the memory held at each allocation. Synchronises after each phase.
  void run_touched();

  /// A pass as a timed one, with an account of the CUDA calls that the allocators make in it. Only for traces
  /// of one thread, for a counter counts one.
  [[nodiscard]] CallCounts run_counted(SyncMode sync, CallCounter& counter);

  /// What was wrong in touched passes, the first damaged block named, or nothing. Synchronises.
  [[nodiscard]] std::optional<std::string> find_error();
  /// Over the touched passes.
  [[nodiscard]] MemoryHeld memory_held() const;

 private:
  enum class Mode { timed, touched };

  struct Left {
    void* pointer;
    std::size_t bytes;
  };

  struct Lane {
    cudaStream_t stream;
    std::unique_ptr<ScratchAllocator> upstream;  // in a counted pass, of which `allocator` keeps the account
    std::unique_ptr<ScratchAllocator> allocator;
    bool needs_every_free;
    std::vector<Left> left;  // where a pass has failed and every free is needed: what was live then
    MemoryHeld held;
    std::string error;  // found by the host; empty: none
  };

  // A block that crosses: how far it has come, so that the threads can wait for that, and the freeing stream.
  struct Crossing {
    std::atomic<std::size_t> progress = 0;  // 2 * pass + 1 when allocated, 2 * pass + 2 when handed over
    Event handed_over;
  };

  struct Thread;

  template <Mode mode>
  PassTimes run(SyncMode sync);
  template <Mode mode>
  void run_thread(Thread& thread);
  template <Mode mode>
  void run_phase(const ReplayProgram::ThreadPhase& phase, Thread& thread);
  template <Mode mode>
  void run_step(const ReplayStep& step, Thread& thread);
  void note_left(const ReplayProgram::ThreadPhase& phase, std::size_t done);
  void touch(Lane& lane, const ReplayStep& step, void* pointer);
  void check(const Lane& lane, const ReplayStep& step);
  void hand_over(const ReplayStep& step, Thread& thread);
  void take_back(const ReplayStep& step, Thread& thread);
  void wait_for(const Crossing& crossing, std::size_t progress, Thread& thread);
  void synchronise() const;

  const ReplayProgram& program_;
  std::vector<Stream> streams_;
  std::vector<void*> pointers_;  // of each block
  std::vector<Crossing> crossings_;
  // One for each lane, and as many more as fill what the device maps for them: the rest of it would be memory
  // beyond the limit.
  DeviceBuffer<primitives::WrongMarks> wrong_marks_;
  std::vector<Lane> lanes_;
  std::shared_ptr<void> memory_limit_;
  std::optional<Crew> crew_;  // where the trace has several threads
  std::size_t pass_ = 0;
  std::atomic<bool> failed_ = false;
  std::mutex failure_mutex_;
  std::exception_ptr failure_;  // the first
};

}  // namespace daa::bench
