// The one loop that measures: clocks, events, batches, the L2 flush.
#pragma once

#include <chrono>
#include <cstddef>
#include <optional>
#include <vector>

#include "device/handles.hpp"
#include "device/l2_flush.hpp"
#include "measure/stop_condition.hpp"
#include "measure/trial.hpp"
#include "ranks/ranks.hpp"

namespace daa::bench {

using Clock = std::chrono::steady_clock;

[[nodiscard]] inline double ns_between(Clock::time_point begin, Clock::time_point end) {
  return std::chrono::duration<double, std::nano>(end - begin).count();
}

/// How the phases of a trial are divided. A batch is what is enqueued between two synchronisations, a sample
/// is the mean over one batch or several.
struct Schedule {
  std::size_t warmup = 0;   // untimed phases
  std::size_t iters = 1;    // measured phases
  std::size_t samples = 1;  // at most iters
  std::size_t batches_per_sample = 1;

  /// At most. Batches are of equal length or one phase apart, so that samples weigh the same.
  [[nodiscard]] std::size_t phases_per_batch() const {
    const std::size_t batches = samples * batches_per_sample;
    return (iters + batches - 1) / batches;
  }
};

/// Nanoseconds a phase.
struct Sample {
  /// From the first call to the return of the last before the synchronisation: mean of the workers.
  double host_enqueue_ns = 0;
  /// Between events around the batch on its stream, idle time between kernels included: mean of the streams.
  double device_ns = 0;
  /// From the first call of any worker to the return of the last synchronisation. Includes recording an event
  /// on each stream.
  double end_to_end_ns = 0;
  /// Host time of one operation, without what workers wait for each other; nothing where a trial counts none.
  std::optional<double> operation_ns;
};

struct SamplerOptions {
  bool phase_ranges = false;    // an NVTX range for each phase
  L2Flush* l2_flush = nullptr;  // before each sample; null: none
  Ranks* ranks = nullptr;       // that are told of progress; null: none
  /// How often the ranks still begin together, and may stop: before each batch of the warm-up, and before
  /// each sample. Null: this one runs alone.
  std::size_t* meetings = nullptr;
};

class Sampler {
 public:
  /// Borrows all but the options.
  Sampler(Trial& trial, const Schedule& schedule, const StopCondition& stop, SamplerOptions options = {});

  /// How often ranks begin together in a trial: once at least.
  [[nodiscard]] static std::size_t meetings_of(const Schedule& schedule);

  /// Runs the untimed phases, in batches as those measured. The streams are idle on return.
  void warm_up();

  /// Measures the next sample, of which there are Schedule::samples. Throws Stopped between two batches.
  [[nodiscard]] Sample next();

  /// As Sample::operation_ns, in the first phase that was run, untimed ones included, and in the slowest
  /// after it; nothing before there is one.
  [[nodiscard]] std::optional<double> first_phase_ns() const { return first_phase_ns_; }
  [[nodiscard]] std::optional<double> worst_phase_ns() const { return worst_phase_ns_; }

 private:
  struct Worker {
    Clock::time_point start, enqueued, finished;
    std::vector<Event> begin, end;  // of each stream
    std::vector<double> busy_ns;    // in each phase of a batch, where operations are counted
  };

  /// Of several phases: time in which workers do not wait for each other, summed over them.
  struct Operations {
    double busy_ns = 0;
    std::size_t count = 0;
  };

  void begin_together();
  void begin_batch(std::size_t phases);
  Operations end_batch(std::size_t phases);
  void enqueue(std::size_t worker, std::size_t phases, bool with_ranges);
  void synchronise(std::size_t worker);
  void run_timed(std::size_t worker, std::size_t phases);
  Sample time_batch(std::size_t phases, Operations& operations);
  template <class Work>
  void run_workers(const Work& work);

  Trial& trial_;
  Schedule schedule_;
  const StopCondition& stop_;
  SamplerOptions options_;
  bool has_events_, counts_operations_;
  std::vector<Worker> workers_;
  std::size_t phases_left_, samples_left_, phases_run_ = 0;
  std::optional<double> first_phase_ns_, worst_phase_ns_;
};

}  // namespace daa::bench
