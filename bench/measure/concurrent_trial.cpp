#include <algorithm>
#include <numeric>
#include <optional>

#include "daa/error.hpp"
#include "measure/allocation_loop.hpp"
#include "measure/sampler.hpp"
#include "measure/steady_trial.hpp"
#include "stats/quantile.hpp"

namespace daa::bench {

namespace {

constexpr std::chrono::milliseconds enough_time{100};

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
    if (check) findings.error = find_error();
    return findings;
  }

 private:
  void time_allocations(TrialFindings& findings) {
    std::vector<std::optional<double>> found(team_ ? team_->size() : 1);
    const auto work = [&](std::size_t worker) {
      std::vector<AllocatorOnStream> own;
      for (std::size_t i = 0; i < instances().size(); ++i)
        if (!team_ || i == worker) own.push_back({instances()[i].scratch.get(), instances()[i].stream});
      found[worker] = time_of_an_allocation(own, setup().demand.sizes, enough_time, setup().stop);
    };
    if (team_)
      team_->run(work);
    else
      work(0);
    std::vector<double> ns;
    for (const std::optional<double>& of_thread : found)
      if (of_thread) ns.push_back(*of_thread);
    if (ns.empty()) return;
    findings.allocation_ns = mean(ns);
    findings.slowest_allocation_ns = std::ranges::max(ns);
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
