#include "measure/workload_case.hpp"

#include <algorithm>
#include <utility>

#include "allocators/table.hpp"
#include "daa/error.hpp"

namespace daa::bench {

namespace {

// Long enough that a synchronisation is a small part of a batch, short enough that its launches fit the
// driver's queue (1,024 entries): beyond it the host waits for the device, and its clock shows device time.
constexpr std::size_t max_phases_per_batch = 20;

Schedule schedule_of(const Configuration& configuration, const RunConfig& config) {
  const bool is_cold = configuration.mode == Mode::cold;
  const bool is_single = is_cold || configuration.sync == SyncMode::phase;
  const std::size_t batch = is_single ? 1 : std::min(config.iters, max_phases_per_batch);
  return {.warmup = is_cold ? 0 : config.warmup,
          .iters = config.iters,
          .samples = (config.iters + batch - 1) / batch};
}

}  // namespace

void SharedWorkload::prepare(const StopCondition& stop) {
  if (self_) return;
  stop.check();
  WorkloadOnStream made = make_copy(0);
  const cudaStream_t stream = made.stream.get();
  const auto upstream = cuda_malloc().make(stream, {});
  Recorder recorder{*upstream};
  for (std::size_t i = 0; i < made.workload->cycle_length(); ++i) {
    stop.check();
    made.workload->enqueue_phase(recorder, stream);
    recorder.end_phase();
  }
  DAA_CUDA_CHECK(cudaStreamSynchronize(stream));
  demand_ = recorder.finish();
  self_ = std::move(made);
}

WorkloadOnStream SharedWorkload::make_copy(std::size_t number) const {
  Stream stream = make_stream();
  const std::uint64_t seed = seed_ + number;
  auto workload = transport_ != nullptr ? info.make_between(elements, seed, stream.get(), *transport_)
                  : allocs_per_phase    ? info.make_cut(elements, *allocs_per_phase, seed, stream.get())
                                        : info.make(elements, seed, stream.get());
  return {std::move(stream), std::move(workload)};
}

std::optional<std::string> SharedWorkload::find_error(const AllocatorInfo& allocator,
                                                      const StopCondition& stop) {
  if (const auto known = errors_.find(&allocator); known != errors_.end()) return known->second;
  Workload& workload = *self_->workload;
  const cudaStream_t stream = self_->stream.get();
  const auto scratch = allocator.make(stream, demand_.demand());
  workload.restart_cycle();
  std::optional<std::string> error;
  // Ranks that exchange data go through all phases: the result may be wrong in one of them alone.
  for (std::size_t i = 0; i < 2 * workload.cycle_length() && (!error || communicates()); ++i) {
    stop.check();
    workload.spoil_outputs(stream);
    workload.enqueue_phase(*scratch, stream);
    scratch->end_phase();
    auto found = workload.find_error(stream);
    if (found && !error) error = std::move(found);
  }
  return errors_.emplace(&allocator, std::move(error)).first->second;
}

WorkloadCase::WorkloadCase(std::shared_ptr<SharedWorkload> shared, const Configuration& configuration,
                           const RunConfig& config, std::shared_ptr<SharedWorkload> alone)
    : shared_(std::move(shared)),
      configuration_(configuration),
      schedule_(schedule_of(configuration, config)) {
  if (alone != nullptr) alone_ = std::make_unique<WorkloadCase>(std::move(alone), configuration, config);
}

void WorkloadCase::describe(Row& row) const {
  row.workload = shared_->info.name;
  row.elements = shared_->elements;
  row.allocs_per_phase = shared_->allocs_per_phase;
  row.configuration = configuration_;
  const Demand demand = shared_->demand().demand();
  row.allocations_per_phase = demand.allocations_per_phase;
  row.asked_per_phase_bytes = demand.bytes_per_phase;
  row.peak_phase_bytes = demand.max_phase_bytes;
}

void WorkloadCase::prepare(const StopCondition& stop) {
  if (alone_ != nullptr) alone_->prepare(stop);
  shared_->prepare(stop);
  if (!is_concurrent()) return;
  for (std::size_t i = 0; i < configuration_.streams; ++i) {
    stop.check();
    copies_.push_back(shared_->make_copy(i));
  }
}

TrialFindings WorkloadCase::verify(const AllocatorInfo& allocator, const StopCondition& stop) {
  TrialFindings findings;
  findings.error = shared_->find_error(allocator, stop);
  return findings;
}

std::unique_ptr<Trial> WorkloadCase::make_trial(const AllocatorInfo& allocator, const StopCondition& stop) {
  const std::span<WorkloadOnStream> workloads = is_concurrent() ? std::span{copies_} : shared_->itself();
  return bench::make_trial(configuration_.mode,
                           {allocator, workloads, shared_->demand(), configuration_, schedule_, stop});
}

void WorkloadCase::release() {
  alone_.reset();
  copies_.clear();
  shared_.reset();
}

}  // namespace daa::bench
