#include "driver/cold_turn.hpp"

namespace daa::bench {

ColdTurn::ColdTurn(const Problem& problem, const AllocatorInfo& allocator, const TurnOptions& options)
    : problem_(problem),
      allocator_(allocator),
      options_(options),
      ranges_(problem.name, allocator.name, options.profile),
      clock_(problem.stream, options.planted) {
  DAA_CUDA_CHECK(cudaStreamSynchronize(problem_.stream));
  ranges_.begin_measured();
}

Sample ColdTurn::measure() {
  auto scratch = allocator_.make(problem_.stream, problem_.demand);
  problem_.workload.restart_cycle();
  if (options_.l2 != nullptr) options_.l2->flush(problem_.stream);
  DAA_CUDA_CHECK(cudaStreamSynchronize(problem_.stream));

  const NvtxRange range{"block"};
  const Sample sample = clock_.time(1, [&] {
    std::optional<NvtxRange> phase_range;
    if (options_.profile) phase_range.emplace("phase");
    problem_.workload.enqueue_phase(*scratch, problem_.stream);
    scratch->end_phase();
  });
  scratch.reset();
  DAA_CUDA_CHECK(cudaStreamSynchronize(problem_.stream));
  return sample;
}

TurnResult ColdTurn::finish() {
  ranges_.end_measured();
  TurnResult result;
  if (!options_.check) return result;
  const auto scratch = allocator_.make(problem_.stream, problem_.demand);
  problem_.workload.restart_cycle();
  problem_.workload.spoil_outputs(problem_.stream);
  problem_.workload.enqueue_phase(*scratch, problem_.stream);
  scratch->end_phase();
  result.error = problem_.workload.find_error(problem_.stream);
  return result;
}

PassCounts ColdTurn::count(CallCounter* counter) {
  const auto scratch = allocator_.make(problem_.stream, problem_.demand);
  CountedAllocator counted{*scratch, counter};
  problem_.workload.restart_cycle();
  problem_.workload.enqueue_phase(counted, problem_.stream);
  counted.end_phase();
  DAA_CUDA_CHECK(cudaStreamSynchronize(problem_.stream));
  return counted.finish();
}

}  // namespace daa::bench
