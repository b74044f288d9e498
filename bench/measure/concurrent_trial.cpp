#include <algorithm>
#include <numeric>
#include <optional>

#include "daa/error.hpp"
#include "measure/sampler.hpp"
#include "measure/steady_trial.hpp"
#include "stats/quantile.hpp"

namespace daa::bench {

namespace {

constexpr std::size_t min_allocations = 10'000;
constexpr std::chrono::milliseconds enough_time{100};
constexpr std::size_t untimed_allocations = 1'000;
// Between two synchronisations, in whole phases: with a free for each they fit the driver's queue (1,024
// entries), and reading the clock (30 ns) is 0.1 ns of each.
constexpr std::size_t allocations_per_batch = 500;

struct AllocatorOnStream {
  ScratchAllocator* scratch;
  cudaStream_t stream;
};

// Phases that only allocate: what is left is the allocator, and how much threads are in each other's way
// there.
class AllocationLoop {
 public:
  AllocationLoop(const std::vector<AllocatorOnStream>& allocators,
                 const std::vector<std::vector<std::size_t>>& sizes, const StopCondition& stop)
      : allocators_(allocators), sizes_(sizes), stop_(stop) {}

  /// Nanoseconds of one allocation, its part of the end of the phase included: the mean of whole phases until
  /// so many allocations, or that much time, and a cycle of phases have gone by. The streams are synchronised
  /// between batches; the clock does not run then.
  double run(std::size_t allocations) {
    allocations_ = phases_ = 0;
    elapsed_ns_ = 0;
    const auto deadline = Clock::now() + enough_time;
    while (phases_ < sizes_.size() || (allocations_ < allocations && Clock::now() < deadline)) {
      stop_.check();
      run_batch();
    }
    return elapsed_ns_ / static_cast<double>(allocations_);
  }

 private:
  void run_batch() {
    const auto start = Clock::now();
    for (const std::size_t end = allocations_ + allocations_per_batch; allocations_ < end; ++phases_) {
      const std::vector<std::size_t>& sizes = sizes_[phases_ % sizes_.size()];
      for (const AllocatorOnStream& each : allocators_) {
        for (const std::size_t bytes : sizes) static_cast<void>(each.scratch->allocate(bytes));
        each.scratch->end_phase();
      }
      allocations_ += sizes.size() * allocators_.size();
    }
    elapsed_ns_ += ns_between(start, Clock::now());
    for (const AllocatorOnStream& each : allocators_) DAA_CUDA_CHECK(cudaStreamSynchronize(each.stream));
  }

  const std::vector<AllocatorOnStream>& allocators_;
  const std::vector<std::vector<std::size_t>>& sizes_;
  const StopCondition& stop_;
  std::size_t allocations_ = 0, phases_ = 0;
  double elapsed_ns_ = 0;
};

double mean(const std::vector<double>& values) {
  return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

// The streams of the team's thread i are stream i alone; without a team, all are the caller's.
class ConcurrentTrial final : public SteadyTrial {
 public:
  explicit ConcurrentTrial(const TrialSetup& setup) : SteadyTrial(setup) {
    if (setup.configuration.mode == Mode::threads) team_.emplace(instances().size());
  }

  [[nodiscard]] WorkerTeam* team() override { return team_ ? &*team_ : nullptr; }

  [[nodiscard]] std::span<const cudaStream_t> streams(std::size_t worker) const override {
    const auto all = SteadyTrial::streams(worker);
    return team_ ? all.subspan(worker, 1) : all;
  }

  [[nodiscard]] std::size_t phases_at_once() const override { return team_ ? 1 : instances().size(); }

  void enqueue_phase(std::size_t worker) override {
    if (team_)
      instances()[worker].enqueue_phase();
    else
      SteadyTrial::enqueue_phase(worker);
  }

  [[nodiscard]] TrialFindings finish(bool check) override {
    TrialFindings findings;
    time_allocations(findings);
    if (setup().allocator.name == lower_bound_name) findings.serial_ns = serial_ns();
    findings.error = SteadyTrial::finish(check).error;
    return findings;
  }

 private:
  void time_allocations(TrialFindings& findings) {
    const auto& sizes = setup().demand.sizes;
    if (std::ranges::all_of(sizes, [](const auto& phase) { return phase.empty(); })) return;
    std::vector<double> elapsed_ns(team_ ? team_->size() : 1);
    // In one piece of work: a thread that has just been woken is slow.
    const auto work = [&](std::size_t worker) {
      std::vector<AllocatorOnStream> own;
      for (std::size_t i = 0; i < instances().size(); ++i)
        if (!team_ || i == worker) own.push_back({instances()[i].scratch.get(), instances()[i].stream});
      AllocationLoop loop{own, sizes, setup().stop};
      static_cast<void>(loop.run(untimed_allocations));
      elapsed_ns[worker] = loop.run(min_allocations);
    };
    if (team_)
      team_->run(work);
    else
      work(0);
    findings.allocation_ns = mean(elapsed_ns);
    findings.slowest_allocation_ns = std::ranges::max(elapsed_ns);
  }

  // What end to end would be if no two streams ever ran at once. A few samples in each trial are enough.
  [[nodiscard]] double serial_ns() const {
    const std::size_t samples = std::min<std::size_t>(9, setup().schedule.samples);
    const std::size_t phases = setup().schedule.phases_per_batch();
    std::vector<double> times;
    for (std::size_t i = 0; i < samples; ++i) {
      double sum = 0;
      for (const Instance& instance : instances()) {
        setup().stop.check();
        const auto start = Clock::now();
        for (std::size_t j = 0; j < phases; ++j) instance.enqueue_phase();
        DAA_CUDA_CHECK(cudaStreamSynchronize(instance.stream));
        sum += ns_between(start, Clock::now());
      }
      times.push_back(sum / static_cast<double>(phases));
    }
    return quantile(times, 0.5);
  }

  std::optional<WorkerTeam> team_;
};

}  // namespace

std::unique_ptr<Trial> make_concurrent_trial(const TrialSetup& setup) {
  return std::make_unique<ConcurrentTrial>(setup);
}

}  // namespace daa::bench
