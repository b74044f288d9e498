#include "measure/sampler.hpp"

#include <algorithm>
#include <optional>
#include <utility>

#include "measure/nvtx.hpp"

namespace daa::bench {

Sampler::Sampler(Trial& trial, const Schedule& schedule, const StopCondition& stop, SamplerOptions options)
    : trial_(trial),
      schedule_(schedule),
      stop_(stop),
      options_(options),
      has_events_(trial.uses_device()),
      counts_operations_(trial.operations_of(0) > 0),
      workers_(trial.team() != nullptr ? trial.team()->size() : 1),
      phases_left_(schedule.iters),
      samples_left_(schedule.samples) {
  if (!has_events_) return;
  for (std::size_t i = 0; i < workers_.size(); ++i)
    for (std::size_t stream = 0; stream < trial_.streams(i).size(); ++stream) {
      workers_[i].begin.push_back(make_event());
      workers_[i].end.push_back(make_event());
    }
}

template <class Work>
void Sampler::run_workers(const Work& work) {
  if (trial_.team() != nullptr)
    trial_.team()->run(work);
  else
    work(std::size_t{0});
}

std::size_t Sampler::meetings_of(const Schedule& schedule) {
  const std::size_t batch = schedule.phases_per_batch();
  return (schedule.warmup + batch - 1) / batch + schedule.samples;
}

// None of several ranks stops on its own: the others might wait for it.
void Sampler::begin_together() {
  if (options_.ranks != nullptr) options_.ranks->progress();
  if (options_.meetings == nullptr) return stop_.check();
  --*options_.meetings;
  if (options_.ranks->begin_together(stop_.requested())) throw Stopped{};
}

// Outside of the clocks, by one thread, as end_batch().
void Sampler::begin_batch(std::size_t phases) {
  if (!counts_operations_) return;
  for (Worker& worker : workers_) worker.busy_ns.resize(phases);
}

Sampler::Operations Sampler::end_batch(std::size_t phases) {
  Operations all;
  for (std::size_t i = 0; counts_operations_ && i < phases; ++i) {
    Operations of_phase{.count = trial_.operations_of(phases_run_ + i)};
    for (const Worker& worker : workers_) of_phase.busy_ns += worker.busy_ns[i];
    const double ns = of_phase.busy_ns / static_cast<double>(of_phase.count);
    if (phases_run_ + i == 0)
      first_phase_ns_ = ns;
    else
      worst_phase_ns_ = std::max(worst_phase_ns_.value_or(0), ns);
    all.busy_ns += of_phase.busy_ns;
    all.count += of_phase.count;
  }
  phases_run_ += phases;
  return all;
}

// Where operations are counted, the clock is read once more a phase: as it ends, the next begins.
void Sampler::enqueue(std::size_t worker, std::size_t phases, bool with_ranges) {
  Worker& own = workers_[worker];
  own.start = own.enqueued = Clock::now();
  for (std::size_t i = 0; i < phases; ++i) {
    std::optional<NvtxRange> range;
    if (with_ranges) range.emplace("phase");
    trial_.enqueue_phase(worker);
    if (!counts_operations_) continue;
    const auto now = Clock::now();
    own.busy_ns[i] = ns_between(std::exchange(own.enqueued, now), now) - trial_.take_waited_ns(worker);
  }
  if (!counts_operations_) own.enqueued = Clock::now();
}

void Sampler::synchronise(std::size_t worker) {
  for (const cudaStream_t stream : trial_.streams(worker)) DAA_CUDA_CHECK(cudaStreamSynchronize(stream));
}

void Sampler::warm_up() {
  const std::size_t batch = schedule_.phases_per_batch();
  for (std::size_t left = schedule_.warmup; left > 0; left -= std::min(left, batch)) {
    begin_together();
    const std::size_t phases = std::min(left, batch);
    begin_batch(phases);
    run_workers([&](std::size_t worker) {
      enqueue(worker, phases, false);
      synchronise(worker);
    });
    end_batch(phases);
  }
  for (std::size_t worker = 0; worker < workers_.size(); ++worker) synchronise(worker);
}

void Sampler::run_timed(std::size_t worker, std::size_t phases) {
  Worker& own = workers_[worker];
  const std::span<const cudaStream_t> streams = trial_.streams(worker);
  const auto record = [&](const std::vector<Event>& events) {
    for (std::size_t i = 0; i < events.size(); ++i)
      DAA_CUDA_CHECK(cudaEventRecord(events[i].get(), streams[i]));
  };
  record(own.begin);
  enqueue(worker, phases, options_.phase_ranges);
  record(own.end);
  synchronise(worker);
  own.finished = Clock::now();
}

Sample Sampler::time_batch(std::size_t phases, Operations& operations) {
  const NvtxRange range{"batch"};
  begin_batch(phases);
  run_workers([&](std::size_t worker) { run_timed(worker, phases); });
  const Operations of_batch = end_batch(phases);
  operations.busy_ns += of_batch.busy_ns;
  operations.count += of_batch.count;

  // Sums over the phases of the batch.
  Sample sum;
  std::size_t streams = 0;
  for (const Worker& worker : workers_) {
    sum.host_enqueue_ns += ns_between(worker.start, worker.enqueued);
    for (std::size_t stream = 0; stream < worker.begin.size(); ++stream, ++streams) {
      float ms = 0;
      DAA_CUDA_CHECK(cudaEventElapsedTime(&ms, worker.begin[stream].get(), worker.end[stream].get()));
      sum.device_ns += static_cast<double>(ms) * 1e6;
    }
  }
  const auto start = std::ranges::min_element(workers_, {}, &Worker::start)->start;
  const auto finished = std::ranges::max_element(workers_, {}, &Worker::finished)->finished;
  sum.end_to_end_ns = ns_between(start, finished);
  sum.host_enqueue_ns /= static_cast<double>(workers_.size() * trial_.phases_at_once());
  if (streams > 0) sum.device_ns /= static_cast<double>(streams);
  return sum;
}

Sample Sampler::next() {
  const std::size_t phases = (phases_left_ + samples_left_ - 1) / samples_left_;
  phases_left_ -= phases;
  --samples_left_;

  if (options_.meetings == nullptr) stop_.check();
  trial_.begin_sample();
  if (options_.l2_flush != nullptr) options_.l2_flush->flush(trial_.streams(0).front());
  begin_together();
  Sample sum;
  Operations operations;
  std::size_t left = phases;
  for (std::size_t batches = schedule_.batches_per_sample; batches > 0; --batches) {
    if (left < phases && options_.meetings == nullptr) stop_.check();
    const std::size_t batch = (left + batches - 1) / batches;
    left -= batch;
    const Sample timed = time_batch(batch, operations);
    sum.host_enqueue_ns += timed.host_enqueue_ns;
    sum.device_ns += timed.device_ns;
    sum.end_to_end_ns += timed.end_to_end_ns;
  }
  trial_.end_sample();
  const auto count = static_cast<double>(phases);
  sum.host_enqueue_ns /= count;
  sum.device_ns /= count;
  sum.end_to_end_ns /= count;
  if (operations.count > 0) sum.operation_ns = operations.busy_ns / static_cast<double>(operations.count);
  return sum;
}

}  // namespace daa::bench
