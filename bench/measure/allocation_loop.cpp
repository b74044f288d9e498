#include "measure/allocation_loop.hpp"

#include <algorithm>

#include "daa/error.hpp"
#include "measure/sampler.hpp"

namespace daa::bench {

namespace {

constexpr std::size_t enough_allocations = 10'000, untimed_allocations = 1'000;
// Between two synchronisations, in whole phases: with a free for each they fit the driver's queue (1,024
// entries), and reading the clock (30 ns) is 0.1 ns of each.
constexpr std::size_t allocations_per_batch = 500;

class AllocationLoop {
 public:
  AllocationLoop(std::span<const AllocatorOnStream> allocators,
                 std::span<const std::vector<std::size_t>> sizes, std::chrono::nanoseconds enough_time,
                 const StopCondition& stop)
      : allocators_(allocators), sizes_(sizes), enough_time_(enough_time), stop_(stop) {}

  double run(std::size_t allocations) {
    allocations_ = phases_ = 0;
    elapsed_ns_ = 0;
    const auto deadline = Clock::now() + enough_time_;
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

  std::span<const AllocatorOnStream> allocators_;
  std::span<const std::vector<std::size_t>> sizes_;
  std::chrono::nanoseconds enough_time_;
  const StopCondition& stop_;
  std::size_t allocations_ = 0, phases_ = 0;
  double elapsed_ns_ = 0;
};

}  // namespace

std::optional<double> time_of_an_allocation(std::span<const AllocatorOnStream> allocators,
                                            std::span<const std::vector<std::size_t>> sizes,
                                            std::chrono::nanoseconds enough_time, const StopCondition& stop) {
  if (std::ranges::all_of(sizes, [](const auto& phase) { return phase.empty(); })) return std::nullopt;
  AllocationLoop loop{allocators, sizes, enough_time, stop};
  static_cast<void>(loop.run(untimed_allocations));
  return loop.run(enough_allocations);
}

}  // namespace daa::bench
