#include "driver/graph_turn.hpp"

#include <algorithm>

#include "primitives/primitives.hpp"

namespace daa::bench {

namespace {

Demand for_graphs(Demand demand) {
  demand.for_graphs = true;
  return demand;
}

std::size_t graph_memory(int device, cudaGraphMemAttributeType attribute) {
  std::uint64_t bytes = 0;
  DAA_CUDA_CHECK(cudaDeviceGetGraphMemAttribute(device, attribute, &bytes));
  return bytes;
}

}  // namespace

GraphTurn::GraphTurn(const Problem& problem, const AllocatorInfo& allocator, const TurnOptions& options)
    : problem_(problem),
      options_(options),
      ranges_(problem.name, allocator.name, options.profile),
      scratch_(allocator.make(problem.stream, for_graphs(problem.demand))),
      clock_(problem.stream, options.planted),
      phases_left_(options.iters),
      samples_left_(samples_per_turn(options)) {
  DAA_CUDA_CHECK(cudaGetDevice(&device_));
  // The highest marks begin again with this turn.
  for (const auto mark : {cudaGraphMemAttrUsedMemHigh, cudaGraphMemAttrReservedMemHigh}) {
    std::uint64_t zero = 0;
    DAA_CUDA_CHECK(cudaDeviceSetGraphMemAttribute(device_, mark, &zero));
  }

  const std::size_t cycle = problem_.workload.cycle_length();
  problem_.workload.restart_cycle();
  const auto run_phase = [this](ScratchAllocator& scratch) {
    problem_.workload.enqueue_phase(scratch, problem_.stream);
    scratch.end_phase();
  };
  CountedAllocator counted{*scratch_, nullptr};
  for (std::size_t i = 0; i < cycle; ++i) run_phase(counted);
  DAA_CUDA_CHECK(cudaStreamSynchronize(problem_.stream));
  peak_live_bytes_ = counted.finish().peak_live_bytes;
  for (std::size_t i = 0; i < cycle; ++i)
    graphs_.emplace_back(problem_.stream, [&] { run_phase(*scratch_); });

  for (std::size_t i = 0; i < options_.warmup; ++i) {
    launch_next();
    if (options_.sync == SyncMode::phase) DAA_CUDA_CHECK(cudaStreamSynchronize(problem_.stream));
  }
  DAA_CUDA_CHECK(cudaStreamSynchronize(problem_.stream));
  ranges_.begin_measured();
}

GraphTurn::~GraphTurn() {
  // Graphs go before the memory that they use, and what they have mapped does not stay for the next turn.
  graphs_.clear();
  static_cast<void>(cudaStreamSynchronize(problem_.stream));
  static_cast<void>(cudaDeviceGraphMemTrim(device_));
}

void GraphTurn::launch_next() {
  graphs_[next_].launch();
  next_ = (next_ + 1) % graphs_.size();
}

Sample GraphTurn::measure() {
  if (options_.l2 != nullptr) options_.l2->flush(problem_.stream);
  const NvtxRange range{"block"};
  const std::size_t phases = (phases_left_ + samples_left_ - 1) / samples_left_;
  phases_left_ -= phases;
  --samples_left_;
  return clock_.time(phases, [&] {
    for (std::size_t i = 0; i < phases; ++i) {
      std::optional<NvtxRange> phase_range;
      if (options_.profile) phase_range.emplace("phase");
      launch_next();
    }
  });
}

TurnResult GraphTurn::finish() {
  ranges_.end_measured();
  TurnResult result;
  std::size_t nodes = 0;
  for (const CapturedPhase& graph : graphs_) nodes += graph.memory_nodes();
  result.graph_memory_nodes = static_cast<double>(nodes) / static_cast<double>(graphs_.size());
  if (!options_.check) return result;
  problem_.workload.restart_cycle();
  for (CapturedPhase& graph : graphs_) {
    problem_.workload.spoil_outputs(problem_.stream);
    graph.launch();
    problem_.workload.skip_phase();
    if (auto error = problem_.workload.find_error(problem_.stream); error && !result.error)
      result.error = std::move(error);
  }
  return result;
}

// Launches ask the allocator for nothing: 0 calls, whoever it is, without a counter. To attach CUPTI to a
// process, and to detach it, while there are graphs has been seen to crash.
PassCounts GraphTurn::count(CallCounter*) {
  for (std::size_t i = 0; i < graphs_.size(); ++i) launch_next();
  DAA_CUDA_CHECK(cudaStreamSynchronize(problem_.stream));
  PassCounts counts;
  counts.phases = graphs_.size();
  counts.calls.emplace();
  if (primitives::device_kind() != "host") counts.calls->driver = 0;
  counts.reserved_bytes = scratch_->bytes_reserved() + graph_memory(device_, cudaGraphMemAttrUsedMemHigh);
  counts.pool_mapped_bytes =
      scratch_->pool_mapped_bytes() + graph_memory(device_, cudaGraphMemAttrReservedMemHigh);
  counts.peak_live_bytes = peak_live_bytes_;
  return counts;
}

}  // namespace daa::bench
