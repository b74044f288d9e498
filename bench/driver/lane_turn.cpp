#include "driver/lane_turn.hpp"

#include <algorithm>
#include <numeric>

#include "driver/allocation_time.hpp"
#include "driver/statistics.hpp"

namespace daa::bench {

namespace {

struct ThreadTimes {
  Clock::time_point start, enqueued, finished;
};

double mean(const std::vector<double>& values) {
  return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

}  // namespace

void LaneTurn::Seat::run_phase() const {
  lane.workload->enqueue_phase(*scratch, lane.stream.get());
  scratch->end_phase();
}

LaneTurn::LaneTurn(const Problem& problem, Lanes& lanes, const AllocatorInfo& allocator,
                   const TurnOptions& options)
    : problem_(problem),
      lanes_(lanes),
      options_(options),
      is_floor_(allocator.name == floor_name),
      ranges_(problem.name, allocator.name, options.profile),
      crew_(lanes.threads),
      phases_left_(options.iters),
      samples_left_(samples_per_turn(options)) {
  for (Lane& lane : lanes_.all) {
    lane.workload->restart_cycle();
    seats_.push_back({lane, allocator.make(lane.stream.get(), problem_.demand)});
  }
  warm_up();
  ranges_.begin_measured();
}

// The seats of a thread: all of them if it is the only one.
template <class Action>
void LaneTurn::for_each_seat(std::size_t thread, Action action) {
  for (std::size_t i = thread; i < seats_.size(); i += crew_.size()) action(seats_[i]);
}

void LaneTurn::run_phases(std::size_t thread, std::size_t phases) {
  for (std::size_t i = 0; i < phases; ++i) {
    std::optional<NvtxRange> phase_range;
    if (options_.profile) phase_range.emplace("phase");
    for_each_seat(thread, [](Seat& seat) { seat.run_phase(); });
  }
}

void LaneTurn::synchronise() {
  for (const Lane& lane : lanes_.all) DAA_CUDA_CHECK(cudaStreamSynchronize(lane.stream.get()));
}

void LaneTurn::warm_up() {
  const std::size_t block = phases_per_sample(options_);
  for (std::size_t left = options_.warmup; left > 0; left -= std::min(left, block)) {
    crew_.run([&](std::size_t thread) { run_phases(thread, std::min(left, block)); });
    synchronise();
  }
  synchronise();
}

Sample LaneTurn::measure() {
  if (options_.l2 != nullptr) options_.l2->flush(problem_.stream);
  const NvtxRange range{"block"};
  const std::size_t phases = (phases_left_ + samples_left_ - 1) / samples_left_;
  phases_left_ -= phases;
  --samples_left_;

  std::vector<ThreadTimes> times(crew_.size());
  crew_.run([&](std::size_t thread) {
    for_each_seat(thread, [](Seat& seat) {
      DAA_CUDA_CHECK(cudaEventRecord(seat.begin.get(), seat.lane.stream.get()));
    });
    times[thread].start = Clock::now();
    run_phases(thread, phases);
    times[thread].enqueued = Clock::now();
    for_each_seat(
        thread, [](Seat& seat) { DAA_CUDA_CHECK(cudaEventRecord(seat.end.get(), seat.lane.stream.get())); });
    for_each_seat(thread, [](Seat& seat) { DAA_CUDA_CHECK(cudaStreamSynchronize(seat.lane.stream.get())); });
    times[thread].finished = Clock::now();
  });

  const auto count = static_cast<double>(phases);
  std::vector<double> host, device;
  for (const ThreadTimes& each : times) host.push_back(ns_between(each.start, each.enqueued));
  for (const Seat& seat : seats_) {
    float ms = 0;
    DAA_CUDA_CHECK(cudaEventElapsedTime(&ms, seat.begin.get(), seat.end.get()));
    device.push_back(static_cast<double>(ms) * 1e6);
  }
  const auto first = std::ranges::min(times, {}, &ThreadTimes::start).start;
  const auto last = std::ranges::max(times, {}, &ThreadTimes::finished).finished;
  const auto seats_of_thread = static_cast<double>(seats_.size()) / static_cast<double>(crew_.size());
  return {mean(host) / count / seats_of_thread, mean(device) / count, ns_between(first, last) / count};
}

// The phases without their kernels: what is left is the allocator, and how much threads are in each other's
// way there. All of it in one piece of work: a thread that has just been woken is slow.
void LaneTurn::time_allocations(LaneTimes& times) {
  std::vector<double> elapsed_ns(crew_.size(), 0.0);
  crew_.run([&](std::size_t thread) {
    std::vector<TimedAllocator> own;
    for_each_seat(thread, [&](Seat& seat) { own.push_back({seat.scratch.get(), seat.lane.stream.get()}); });
    elapsed_ns[thread] = time_of_allocation(own, lanes_.asked);
  });
  if (elapsed_ns.front() == 0) return;
  times.allocation_ns = mean(elapsed_ns);
  times.slowest_allocation_ns = std::ranges::max(elapsed_ns);
}

// What end to end would be if no two streams ever ran at once: a few samples are enough, for all are added
// up over the turns.
double LaneTurn::serial_ns() {
  constexpr std::size_t most_samples = 9;
  const std::size_t phases = phases_per_sample(options_);
  std::vector<double> samples;
  for (std::size_t i = 0; i < std::min(most_samples, samples_per_turn(options_)); ++i) {
    double sum = 0;
    for (Seat& seat : seats_) {
      const auto start = Clock::now();
      for (std::size_t j = 0; j < phases; ++j) seat.run_phase();
      DAA_CUDA_CHECK(cudaStreamSynchronize(seat.lane.stream.get()));
      sum += ns_between(start, Clock::now());
    }
    samples.push_back(sum / static_cast<double>(phases));
  }
  return quantile(samples, 0.5);
}

TurnResult LaneTurn::finish() {
  ranges_.end_measured();
  TurnResult result;
  time_allocations(result.lanes);
  if (is_floor_) result.lanes.serial_ns = serial_ns();
  if (!options_.check) return result;

  for (const Seat& seat : seats_) seat.lane.workload->restart_cycle();
  for (std::size_t i = 0; i < lanes_.asked.size(); ++i) {
    for (const Seat& seat : seats_) seat.lane.workload->spoil_outputs(seat.lane.stream.get());
    for (const Seat& seat : seats_) seat.lane.workload->enqueue_phase(*seat.scratch, seat.lane.stream.get());
    for (const Seat& seat : seats_) seat.scratch->end_phase();
    for (const Seat& seat : seats_) {
      auto error = seat.lane.workload->find_error(seat.lane.stream.get());
      if (error && !result.error) result.error = std::move(error);
    }
  }
  return result;
}

PassCounts LaneTurn::count(CallCounter* counter) {
  std::vector<CountedAllocator> counted;
  for (const Seat& seat : seats_) counted.emplace_back(*seat.scratch, counter);
  for (std::size_t i = 0; i < lanes_.asked.size(); ++i) {
    for (std::size_t seat = 0; seat < seats_.size(); ++seat) {
      const Lane& lane = seats_[seat].lane;
      lane.workload->enqueue_phase(counted[seat], lane.stream.get());
    }
    for (CountedAllocator& each : counted) each.end_phase();
    if (options_.sync == SyncMode::phase) synchronise();
  }
  synchronise();

  PassCounts all;
  if (counter != nullptr) all.calls = counter->take();  // of all seats
  for (CountedAllocator& each : counted) {
    const PassCounts counts = each.finish();
    all.phases += counts.phases;
    all.reserved_bytes += counts.reserved_bytes;
    all.pool_mapped_bytes += counts.pool_mapped_bytes;
    all.peak_live_bytes += counts.peak_live_bytes;
  }
  return all;
}

}  // namespace daa::bench
