#include "driver/turn.hpp"

#include <cuda_profiler_api.h>

#include <algorithm>
#include <chrono>

#include "allocators/table.hpp"

namespace daa::bench {

namespace {

// Long enough that a synchronisation is a small part of a block, short enough that the block's launches fit
// the driver's queue (1,024 entries): beyond it the host waits for the device, and its clock would tell the
// device's time.
constexpr std::size_t throughput_block = 20;

double ns_between(std::chrono::steady_clock::time_point begin, std::chrono::steady_clock::time_point end) {
  return std::chrono::duration<double, std::nano>(end - begin).count();
}

// Forwards to another allocator and keeps an account of what is asked.
class Account final : public ScratchAllocator {
 public:
  explicit Account(ScratchAllocator& upstream) : upstream_(upstream) {}

  void* allocate(std::size_t bytes) override {
    ++allocations;
    bytes_asked += bytes;
    phase_bytes_ += footprint(bytes);
    return upstream_.allocate(bytes);
  }
  void free(void* pointer, std::size_t bytes) override { upstream_.free(pointer, bytes); }
  void end_phase() override {
    max_phase_bytes = std::max(max_phase_bytes, phase_bytes_);
    phase_bytes_ = 0;
    upstream_.end_phase();
  }
  std::size_t bytes_reserved() const override { return upstream_.bytes_reserved(); }

  std::size_t allocations = 0;
  std::size_t bytes_asked = 0;
  std::size_t max_phase_bytes = 0;

 private:
  ScratchAllocator& upstream_;
  std::size_t phase_bytes_ = 0;
};

}  // namespace

std::size_t phases_per_sample(const TurnOptions& options) {
  return options.sync == SyncMode::phase ? 1 : std::min(options.iters, throughput_block);
}

std::size_t samples_per_turn(const TurnOptions& options) {
  const std::size_t block = phases_per_sample(options);
  return (options.iters + block - 1) / block;
}

Turn::Turn(const Problem& problem, const AllocatorInfo& allocator, const TurnOptions& options)
    : problem_(problem),
      options_(options),
      phases_left_(options.iters),
      samples_left_(samples_per_turn(options)) {
  if (!options_.profile) allocator_range_.emplace(allocator.name);
  scratch_ = allocator.make(problem.stream, problem.demand);
  problem_.workload.restart_cycle();
  for (std::size_t i = 0; i < options_.warmup; ++i) {
    run_phase();
    if (options_.sync == SyncMode::phase) DAA_CUDA_CHECK(cudaStreamSynchronize(problem_.stream));
  }
  DAA_CUDA_CHECK(cudaStreamSynchronize(problem_.stream));
  if (options_.profile) {
    DAA_CUDA_CHECK(cudaProfilerStart());
    workload_range_.emplace(problem.name);
    allocator_range_.emplace(allocator.name);
  }
}

Turn::~Turn() {
  if (options_.profile) static_cast<void>(cudaProfilerStop());
}

void Turn::run_phase() {
  problem_.workload.enqueue_phase(*scratch_, problem_.stream);
  scratch_->end_phase();
}

Sample Turn::measure() {
  using Clock = std::chrono::steady_clock;
  const NvtxRange range{"block"};
  // Blocks of equal length, or one phase apart, so that samples weigh the same.
  const std::size_t phases = (phases_left_ + samples_left_ - 1) / samples_left_;
  phases_left_ -= phases;
  --samples_left_;

  DAA_CUDA_CHECK(cudaEventRecord(begin_.get(), problem_.stream));
  const auto start = Clock::now();
  for (std::size_t i = 0; i < phases; ++i) {
    std::optional<NvtxRange> phase_range;
    if (options_.profile) phase_range.emplace("phase");
    run_phase();
  }
  const auto enqueued = Clock::now();
  DAA_CUDA_CHECK(cudaEventRecord(end_.get(), problem_.stream));
  DAA_CUDA_CHECK(cudaStreamSynchronize(problem_.stream));
  const auto finished = Clock::now();

  float device_ms = 0;
  DAA_CUDA_CHECK(cudaEventElapsedTime(&device_ms, begin_.get(), end_.get()));
  const auto count = static_cast<double>(phases);
  return {ns_between(start, enqueued) / count, static_cast<double>(device_ms) * 1e6 / count,
          ns_between(start, finished) / count};
}

std::optional<std::string> Turn::finish() {
  if (options_.profile) {
    allocator_range_.reset();
    workload_range_.reset();
    DAA_CUDA_CHECK(cudaProfilerStop());
    options_.profile = false;
  }

  std::optional<std::string> error;
  for (std::size_t i = 0; i < problem_.workload.cycle_length(); ++i) {
    problem_.workload.spoil_outputs(problem_.stream);
    problem_.workload.enqueue_phase(*scratch_, problem_.stream);
    scratch_->end_phase();
    if (!error) error = problem_.workload.find_error(problem_.stream);
  }
  return error;
}

std::optional<std::string> find_error(const Problem& problem, const AllocatorInfo& allocator) {
  const auto scratch = allocator.make(problem.stream, problem.demand);
  problem.workload.restart_cycle();
  for (std::size_t i = 0; i < 2 * problem.workload.cycle_length(); ++i) {
    problem.workload.spoil_outputs(problem.stream);
    problem.workload.enqueue_phase(*scratch, problem.stream);
    scratch->end_phase();
    if (auto error = problem.workload.find_error(problem.stream)) return error;
  }
  return std::nullopt;
}

Demand measure_demand(Workload& workload, cudaStream_t stream) {
  const auto upstream = cuda_malloc().make(stream, {});
  Account account{*upstream};
  const std::size_t cycle = workload.cycle_length();
  for (std::size_t i = 0; i < cycle; ++i) {
    workload.enqueue_phase(account, stream);
    account.end_phase();
  }
  DAA_CUDA_CHECK(cudaStreamSynchronize(stream));
  const auto count = static_cast<double>(cycle);
  return {account.max_phase_bytes, static_cast<double>(account.allocations) / count,
          static_cast<double>(account.bytes_asked) / count};
}

}  // namespace daa::bench
