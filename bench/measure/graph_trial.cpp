#include <vector>

#include "daa/error.hpp"
#include "device/device.hpp"
#include "measure/captured_phase.hpp"
#include "measure/workload_trials.hpp"

namespace daa::bench {

namespace {

Demand for_graphs(Demand demand) {
  demand.for_graphs = true;
  return demand;
}

class GraphTrial final : public Trial {
 public:
  explicit GraphTrial(const TrialSetup& setup)
      : stream_(setup.workloads.front().stream.get()),
        workload_(*setup.workloads.front().workload),
        stop_(setup.stop),
        scratch_(setup.allocator.make(stream_, for_graphs(setup.demand.demand()))) {
    DAA_CUDA_CHECK(cudaGetDevice(&device_));
    // High-water marks begin again with this trial.
    for (const auto mark : {cudaGraphMemAttrUsedMemHigh, cudaGraphMemAttrReservedMemHigh}) {
      std::uint64_t zero = 0;
      DAA_CUDA_CHECK(cudaDeviceSetGraphMemAttribute(device_, mark, &zero));
    }

    const std::size_t cycle = workload_.cycle_length();
    workload_.restart_cycle();
    Recorder recorder{*scratch_};
    for (std::size_t i = 0; i < cycle; ++i) {
      setup.stop.check();
      run_phase(recorder);
    }
    DAA_CUDA_CHECK(cudaStreamSynchronize(stream_));
    peak_live_bytes_ = recorder.finish().peak_live_bytes;
    for (std::size_t i = 0; i < cycle; ++i) graphs_.emplace_back(stream_, [&] { run_phase(*scratch_); });
  }

  // Graphs are destroyed before the memory that they use, and what they have mapped is given back.
  ~GraphTrial() override {
    graphs_.clear();
    static_cast<void>(cudaStreamSynchronize(stream_));
    static_cast<void>(cudaDeviceGraphMemTrim(device_));
  }
  GraphTrial(const GraphTrial&) = delete;
  GraphTrial& operator=(const GraphTrial&) = delete;

  [[nodiscard]] std::span<const cudaStream_t> streams(std::size_t /*worker*/) const override {
    return {&stream_, 1};
  }

  void enqueue_phase(std::size_t /*worker*/) override {
    graphs_[next_].launch();
    next_ = (next_ + 1) % graphs_.size();
  }

  // Checks the results of one more launch of each graph.
  [[nodiscard]] TrialFindings finish(bool check) override {
    TrialFindings findings;
    std::size_t nodes = 0;
    for (const CapturedPhase& graph : graphs_) nodes += graph.memory_nodes();
    findings.graph_memory_nodes = static_cast<double>(nodes) / static_cast<double>(graphs_.size());
    if (!check) return findings;
    workload_.restart_cycle();
    for (CapturedPhase& graph : graphs_) {
      stop_.check();
      workload_.spoil_outputs(stream_);
      graph.launch();
      workload_.skip_phase();
      if (auto error = workload_.find_error(stream_); error && !findings.error)
        findings.error = std::move(error);
    }
    return findings;
  }

  // Launches ask the allocator for nothing: 0 calls, whichever it is, without a counter. (CUPTI crashed when
  // it was attached to a process, or detached, while there were graphs.)
  [[nodiscard]] Recording record(CallCounter* /*counter*/) override {
    for (std::size_t i = 0; i < graphs_.size(); ++i) enqueue_phase(0);
    DAA_CUDA_CHECK(cudaStreamSynchronize(stream_));
    Recording recording;
    recording.phases = graphs_.size();
    recording.calls.emplace();
    if (device_kind() == DeviceKind::cuda) recording.calls->driver = 0;
    recording.reserved_bytes = scratch_->bytes_reserved() + graph_memory(cudaGraphMemAttrUsedMemHigh);
    recording.pool_mapped_bytes =
        scratch_->pool_mapped_bytes() + graph_memory(cudaGraphMemAttrReservedMemHigh);
    recording.peak_live_bytes = peak_live_bytes_;
    return recording;
  }

 private:
  void run_phase(ScratchAllocator& scratch) {
    workload_.enqueue_phase(scratch, stream_);
    scratch.end_phase();
  }

  [[nodiscard]] std::size_t graph_memory(cudaGraphMemAttributeType attribute) const {
    std::uint64_t bytes = 0;
    DAA_CUDA_CHECK(cudaDeviceGetGraphMemAttribute(device_, attribute, &bytes));
    return bytes;
  }

  cudaStream_t stream_;
  Workload& workload_;
  const StopCondition& stop_;
  std::unique_ptr<ScratchAllocator> scratch_;
  std::vector<CapturedPhase> graphs_;
  int device_ = 0;
  std::size_t next_ = 0;
  std::size_t peak_live_bytes_ = 0;  // of the cycle before the capture
};

}  // namespace

std::unique_ptr<Trial> make_graph_trial(const TrialSetup& setup) {
  return std::make_unique<GraphTrial>(setup);
}

}  // namespace daa::bench
