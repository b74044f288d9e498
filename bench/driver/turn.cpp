#include "driver/turn.hpp"

#include <algorithm>

#include "allocators/table.hpp"

namespace daa::bench {

namespace {

// Long enough that a synchronisation is a small part of a block, short enough that the block's launches fit
// the driver's queue (1,024 entries): beyond it the host waits for the device, and its clock would tell the
// device's time.
constexpr std::size_t throughput_block = 20;

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
  const bool single = options.sync == SyncMode::phase || options.state == State::cold;
  return single ? 1 : std::min(options.iters, throughput_block);
}

std::size_t samples_per_turn(const TurnOptions& options) {
  const std::size_t block = phases_per_sample(options);
  return (options.iters + block - 1) / block;
}

Turn::Turn(const Problem& problem, const AllocatorInfo& allocator, const TurnOptions& options)
    : problem_(problem),
      options_(options),
      ranges_(problem.name, allocator.name, options.profile),
      scratch_(allocator.make(problem.stream, problem.demand)),
      clock_(problem.stream, options.planted),
      phases_left_(options.iters),
      samples_left_(samples_per_turn(options)) {
  problem_.workload.restart_cycle();
  for (std::size_t i = 0; i < options_.warmup; ++i) {
    run_phase();
    if (options_.sync == SyncMode::phase) DAA_CUDA_CHECK(cudaStreamSynchronize(problem_.stream));
  }
  DAA_CUDA_CHECK(cudaStreamSynchronize(problem_.stream));
  ranges_.begin_measured();
}

void Turn::run_phase() {
  problem_.workload.enqueue_phase(*scratch_, problem_.stream);
  scratch_->end_phase();
}

Sample Turn::measure() {
  if (options_.l2 != nullptr) options_.l2->flush(problem_.stream);
  const NvtxRange range{"block"};
  // Blocks of equal length, or one phase apart, so that samples weigh the same.
  const std::size_t phases = (phases_left_ + samples_left_ - 1) / samples_left_;
  phases_left_ -= phases;
  --samples_left_;
  return clock_.time(phases, [&] {
    for (std::size_t i = 0; i < phases; ++i) {
      std::optional<NvtxRange> phase_range;
      if (options_.profile) phase_range.emplace("phase");
      run_phase();
    }
  });
}

TurnResult Turn::finish() {
  ranges_.end_measured();
  TurnResult result;
  if (!options_.check) return result;
  for (std::size_t i = 0; i < problem_.workload.cycle_length(); ++i) {
    problem_.workload.spoil_outputs(problem_.stream);
    problem_.workload.enqueue_phase(*scratch_, problem_.stream);
    scratch_->end_phase();
    if (!result.error) result.error = problem_.workload.find_error(problem_.stream);
  }
  return result;
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
