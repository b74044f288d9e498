#include "driver/allocation_time.hpp"

#include <algorithm>

#include "daa/error.hpp"
#include "driver/block_clock.hpp"

namespace daa::bench {

namespace {

constexpr std::size_t enough_allocations = 10'000;
constexpr std::chrono::milliseconds enough_time{100};
constexpr std::size_t untimed_allocations = 1'000;
// Between two synchronisations, in whole phases: with a free for each they fit the driver's queue (1,024
// entries), and the reading of the clock (30 ns) is 0.1 ns of each.
constexpr std::size_t block_allocations = 500;

class AllocationLoop {
 public:
  AllocationLoop(const std::vector<TimedAllocator>& allocators,
                 const std::vector<std::vector<std::size_t>>& asked)
      : allocators_(allocators), asked_(asked) {}

  /// Whole phases until so many allocations, or that much time, and a cycle of phases have gone by.
  void run(std::size_t allocations) {
    allocations_ = phases_ = 0;
    elapsed_ns_ = 0;
    const auto deadline = Clock::now() + enough_time;
    while (phases_ < asked_.size() || (allocations_ < allocations && Clock::now() < deadline)) run_block();
  }

  [[nodiscard]] double ns_per_allocation() const { return elapsed_ns_ / static_cast<double>(allocations_); }

 private:
  void run_block() {
    const auto start = Clock::now();
    for (const std::size_t end = allocations_ + block_allocations; allocations_ < end; ++phases_) {
      const std::vector<std::size_t>& sizes = asked_[phases_ % asked_.size()];
      for (const TimedAllocator& each : allocators_) {
        for (const std::size_t bytes : sizes) static_cast<void>(each.scratch->allocate(bytes));
        each.scratch->end_phase();
      }
      allocations_ += sizes.size() * allocators_.size();
    }
    elapsed_ns_ += ns_between(start, Clock::now());
    for (const TimedAllocator& each : allocators_) DAA_CUDA_CHECK(cudaStreamSynchronize(each.stream));
  }

  const std::vector<TimedAllocator>& allocators_;
  const std::vector<std::vector<std::size_t>>& asked_;
  std::size_t allocations_ = 0, phases_ = 0;
  double elapsed_ns_ = 0;
};

}  // namespace

double time_of_allocation(const std::vector<TimedAllocator>& allocators,
                          const std::vector<std::vector<std::size_t>>& asked) {
  if (std::ranges::all_of(asked, [](const auto& sizes) { return sizes.empty(); })) return 0;
  AllocationLoop loop{allocators, asked};
  loop.run(untimed_allocations);
  loop.run(enough_allocations);
  return loop.ns_per_allocation();
}

}  // namespace daa::bench
