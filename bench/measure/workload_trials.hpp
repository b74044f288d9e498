// The modes in which the phases of a workload can be run: a function and a file each.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <vector>

#include "device/handles.hpp"
#include "measure/sampler.hpp"
#include "measure/trial.hpp"
#include "run_config.hpp"

namespace daa::bench {

/// A workload with data of its own, and the stream on which it runs.
struct WorkloadOnStream {
  Stream stream;
  std::unique_ptr<Workload> workload;
};

/// What a trial is made of. Everything that it refers to outlives the trial; the struct itself is copied.
struct TrialSetup {
  const AllocatorInfo& allocator;
  std::span<WorkloadOnStream> workloads;  // one, or in the modes threads and streams one for each stream
  const Recording& demand;                // a cycle of phases of each of them
  const Configuration& configuration;
  const Schedule& schedule;
  const StopCondition& stop;  // checked between phases, copies and batches
};

/// Constructs the allocator. Also finds out what one allocation costs without kernels.
[[nodiscard]] std::unique_ptr<Trial> make_steady_trial(const TrialSetup& setup);

/// Each sample is the first phase of the cycle with an allocator that is constructed just before and
/// destroyed just after it: growth is in the time, construction and destruction are not.
[[nodiscard]] std::unique_ptr<Trial> make_cold_trial(const TrialSetup& setup);

/// Constructs an allocator with Demand::for_graphs, runs a cycle of phases, so that it has its memory, and
/// captures a cycle into a graph for each phase; what is measured are launches. Throws NotCapturable if a
/// phase cannot be captured.
[[nodiscard]] std::unique_ptr<Trial> make_graph_trial(const TrialSetup& setup);

/// On several streams at once, an allocator for each, enqueued by a thread for each stream or by one thread
/// for all. Also finds out what one allocation costs without kernels while all threads allocate and, for the
/// lower bound, what the phases cost one stream after the other.
[[nodiscard]] std::unique_ptr<Trial> make_concurrent_trial(const TrialSetup& setup);

/// That of `mode`, which is not Mode::replay.
[[nodiscard]] std::unique_ptr<Trial> make_trial(Mode mode, const TrialSetup& setup);

}  // namespace daa::bench
