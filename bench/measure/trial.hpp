// One trial of one allocator: constructed just before, warmed up, sampled, checked, destroyed just after.
#pragma once

#include <cuda_runtime_api.h>

#include <cstddef>
#include <optional>
#include <span>
#include <string>

#include "measure/recorder.hpp"
#include "measure/worker_team.hpp"

namespace daa::bench {

/// What a trial finds out beside its samples.
struct TrialFindings {
  std::optional<std::string> error;          // what is wrong with the results that were checked
  std::optional<double> graph_memory_nodes;  // of the captured phases: mean
  std::optional<double> allocation_ns;       // of one allocation, giving back included: mean of the threads
  std::optional<double> slowest_allocation_ns;  // in the slowest thread
  std::optional<double> first_phase_ns;         // of an operation, in the first phase of the trial
  std::optional<double> worst_phase_ns;         // in the slowest one after it
  std::optional<double>
      serial_ns;  // of a phase on each stream, one stream after the other; of the lower bound
  std::size_t reserved_bytes = 0;  // of a replay: most memory while it was checked
  std::size_t pool_mapped_bytes = 0;
};

/// How one allocator runs the phases of a case in one configuration. What is timed, and how, is the
/// Sampler's: a trial only enqueues. Everything throws what the allocator and the workload throw.
class Trial {
 public:
  virtual ~Trial() = default;

  /// The threads that enqueue; null where the calling thread is the only one.
  [[nodiscard]] virtual WorkerTeam* team() { return nullptr; }

  /// The streams that `worker` synchronises after a batch. Every stream belongs to one worker.
  [[nodiscard]] virtual std::span<const cudaStream_t> streams(std::size_t worker) const = 0;

  /// Phases that one enqueue_phase() enqueues: one on each stream.
  [[nodiscard]] virtual std::size_t phases_at_once() const { return 1; }

  /// Whether phases launch work on the device. Without, there is no device time.
  [[nodiscard]] virtual bool uses_device() const { return true; }

  /// Just before and just after a sample, outside of its clocks. The streams are idle.
  virtual void begin_sample() {}
  virtual void end_sample() {}

  /// Enqueues the next phase, by the thread `worker` of the team.
  virtual void enqueue_phase(std::size_t worker) = 0;

  /// Allocations and frees of the trial's phase of that number, from 0 on and of all workers, by which its
  /// host time is divided. 0: its phases are not timed one by one.
  [[nodiscard]] virtual std::size_t operations_of(std::size_t /*phase*/) const { return 0; }

  /// What `worker` has waited for other workers since it was asked last, which is not its own time.
  [[nodiscard]] virtual double take_waited_ns(std::size_t /*worker*/) { return 0; }

  /// Ends the measurement. With `check`, results of phases that are run as those measured are checked.
  [[nodiscard]] virtual TrialFindings finish(bool check) = 0;

  /// In place of sampling and finish(): a cycle of phases, untimed, recorded. Without `counter` no calls are
  /// counted.
  [[nodiscard]] virtual Recording record(CallCounter* counter) = 0;
};

}  // namespace daa::bench
