#include "measure/steady_trial.hpp"

#include <utility>

#include "daa/error.hpp"
#include "measure/allocation_loop.hpp"

namespace daa::bench {

namespace {

// An arena makes 10,000 allocations in less; others make as many as they can.
constexpr std::chrono::milliseconds enough_time_of_allocations{2};

}  // namespace

SteadyTrial::SteadyTrial(const TrialSetup& setup) : setup_(setup) {
  const Demand demand = setup.demand.demand();
  for (const WorkloadOnStream& each : setup.workloads) {
    const cudaStream_t stream = each.stream.get();
    streams_.push_back(stream);
    instances_.push_back({stream, *each.workload, setup.allocator.make(stream, demand)});
  }
  restart_cycle();
}

void SteadyTrial::restart_cycle() const {
  for (const Instance& instance : instances_) instance.workload.restart_cycle();
}

void SteadyTrial::synchronise() const {
  for (const cudaStream_t stream : streams_) DAA_CUDA_CHECK(cudaStreamSynchronize(stream));
}

TrialFindings SteadyTrial::finish(bool check) {
  TrialFindings findings;
  if (check) findings.error = find_error();
  const Instance& instance = instances_.front();
  const AllocatorOnStream alone{instance.scratch.get(), instance.stream};
  findings.allocation_ns =
      time_of_an_allocation({&alone, 1}, setup_.demand.sizes, enough_time_of_allocations, setup_.stop);
  return findings;
}

std::optional<std::string> SteadyTrial::find_error() const {
  std::optional<std::string> first;
  restart_cycle();
  const std::size_t cycle = instances_.front().workload.cycle_length();
  for (std::size_t i = 0; i < cycle; ++i) {
    setup_.stop.check();
    for (const Instance& instance : instances_) instance.workload.spoil_outputs(instance.stream);
    for (const Instance& instance : instances_) instance.enqueue_phase();
    for (const Instance& instance : instances_) {
      auto error = instance.workload.find_error(instance.stream);
      if (error && !first) first = std::move(error);
    }
  }
  return first;
}

Recording SteadyTrial::record(CallCounter* counter) {
  // By the calling thread alone: a counter counts one thread.
  std::vector<Recorder> recorders;
  for (const Instance& instance : instances_) recorders.emplace_back(*instance.scratch, counter);
  const std::size_t cycle = instances_.front().workload.cycle_length();
  for (std::size_t i = 0; i < cycle; ++i) {
    for (std::size_t j = 0; j < instances_.size(); ++j)
      instances_[j].workload.enqueue_phase(recorders[j], instances_[j].stream);
    for (Recorder& recorder : recorders) recorder.end_phase();
    if (setup_.configuration.sync == SyncMode::phase) synchronise();
  }
  synchronise();

  Recording recording = recorders.front().finish();
  for (std::size_t j = 1; j < recorders.size(); ++j) recording.add(recorders[j].finish());
  return recording;
}

std::unique_ptr<Trial> make_steady_trial(const TrialSetup& setup) {
  return std::make_unique<SteadyTrial>(setup);
}

}  // namespace daa::bench
