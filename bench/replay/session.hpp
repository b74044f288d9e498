// One allocator on one trace: an instance for each slot, constructed just before and destroyed just after.
#pragma once

#include <atomic>
#include <barrier>
#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "device/call_counter.hpp"
#include "device/device_buffer.hpp"
#include "device/handles.hpp"
#include "measure/stop_condition.hpp"
#include "measure/worker_team.hpp"
#include "primitives/primitives.hpp"
#include "replay/program.hpp"

namespace daa::bench {

/// Throws what the allocator throws, and Stopped between some steps; nothing but the destructor may then be
/// called.
class ReplaySession {
 public:
  /// On the current device. `program` and `stop` must outlive the session.
  ReplaySession(const ReplayProgram& program, const AllocatorInfo& allocator, const StopCondition& stop);
  ~ReplaySession();
  ReplaySession(const ReplaySession&) = delete;
  ReplaySession& operator=(const ReplaySession&) = delete;

  /// Runs the part of the trace's next phase that is of `thread`, each thread of the trace in a thread, the
  /// same in each phase, and waits for the other threads at its end. Launches no kernel: a launch takes
  /// longer than most allocations, and what is timed is the allocator. After the last phase comes the first.
  void run_phase(std::size_t thread);

  /// What run_phase() has waited for other threads since it was asked last.
  [[nodiscard]] double take_waited_ns(std::size_t thread);

  /// Runs the next `passes` over the trace with every block marked by a kernel when it is allocated, and
  /// checked when it is freed: memory is real, and an allocator that hands out memory that is in use is
  /// detected. Notes the memory held at each allocation. Synchronises after each phase. Not between the
  /// phases of a pass.
  void run_checked(std::size_t passes);

  /// Runs all phases, and counts the CUDA calls that the allocators make in them. With `synchronise`, waits
  /// for the streams after each. Only for traces of one thread.
  [[nodiscard]] CallCounts run_counted(CallCounter& counter, bool synchronise);

  /// What was wrong in checked passes, the first damaged block named, or nothing. Synchronises.
  [[nodiscard]] std::optional<std::string> find_error();

  /// Most memory at any moment of the checked passes, summed over the slots (each at its own most): as the
  /// driver was asked, and as pools had mapped.
  [[nodiscard]] std::size_t reserved_bytes() const;
  [[nodiscard]] std::size_t pool_mapped_bytes() const;

  /// The threads of the trace; null where it has one.
  [[nodiscard]] WorkerTeam* team() { return team_ ? &*team_ : nullptr; }
  [[nodiscard]] std::span<const cudaStream_t> streams() const { return streams_; }

 private:
  struct Unfreed {
    void* pointer;
    std::size_t bytes;
  };

  struct Slot {
    cudaStream_t stream;
    std::unique_ptr<ScratchAllocator> allocator;
    std::vector<Unfreed> unfreed;  // of a phase that failed, where every free is needed
    std::size_t reserved_bytes = 0, pool_mapped_bytes = 0;
    std::string error;  // found by the host; empty: none
  };

  /// How far a block that crosses has come, which threads wait for.
  struct Crossing {
    std::atomic<std::size_t> progress = 0;  // 2 * cycle + 1 when allocated, 2 * cycle + 2 when handed over
    Event handed_over;
  };

  struct alignas(64) Thread {
    std::size_t phases = 0;  // run so far
    double waited_ns = 0;
    bool has_left = false;  // the barrier, after a failure in any thread
  };

  template <bool checked>
  void run(std::size_t thread);
  template <bool checked>
  void run_steps(const ReplayProgram::Steps& steps, std::size_t number, std::size_t cycle);
  template <bool checked>
  void run_step(const ReplayStep& step, std::size_t number, std::size_t cycle);
  void leave(std::size_t thread);
  void note_unfreed(const ReplayProgram::Steps& steps, std::size_t done);
  void mark(Slot& slot, const ReplayStep& step, void* pointer);
  void check(const Slot& slot, const ReplayStep& step);
  void wait_for(const Crossing& crossing, std::size_t progress, std::size_t number);
  void synchronise() const;

  const ReplayProgram& program_;
  const StopCondition& stop_;
  std::vector<Stream> owned_streams_;
  std::vector<cudaStream_t> streams_;
  std::vector<void*> pointers_;  // of each block
  std::vector<Crossing> crossings_;
  DeviceBuffer<primitives::WrongMarks> wrong_marks_;  // of each slot
  std::vector<Slot> slots_;
  std::optional<WorkerTeam> team_;  // where the trace has several threads
  std::vector<Thread> threads_;
  std::barrier<> phase_end_;
  std::atomic<bool> failed_ = false;
};

}  // namespace daa::bench
