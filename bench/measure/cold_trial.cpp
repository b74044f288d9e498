#include "daa/error.hpp"
#include "measure/workload_trials.hpp"

namespace daa::bench {

namespace {

class ColdTrial final : public Trial {
 public:
  explicit ColdTrial(const TrialSetup& setup)
      : allocator_(setup.allocator),
        demand_(setup.demand.demand()),
        stream_(setup.workloads.front().stream.get()),
        workload_(*setup.workloads.front().workload) {}

  [[nodiscard]] std::span<const cudaStream_t> streams(std::size_t /*worker*/) const override {
    return {&stream_, 1};
  }

  void begin_sample() override {
    scratch_ = allocator_.make(stream_, demand_);
    workload_.restart_cycle();
    DAA_CUDA_CHECK(cudaStreamSynchronize(stream_));
  }

  void enqueue_phase(std::size_t /*worker*/) override { enqueue_phase(*scratch_); }

  void end_sample() override {
    scratch_.reset();
    DAA_CUDA_CHECK(cudaStreamSynchronize(stream_));
  }

  // Checks the same phase once more, with one more allocator.
  [[nodiscard]] TrialFindings finish(bool check) override {
    TrialFindings findings;
    if (!check) return findings;
    begin_sample();
    workload_.spoil_outputs(stream_);
    enqueue_phase(*scratch_);
    findings.error = workload_.find_error(stream_);
    end_sample();
    return findings;
  }

  // That phase alone.
  [[nodiscard]] Recording record(CallCounter* counter) override {
    begin_sample();
    Recorder recorder{*scratch_, counter};
    enqueue_phase(recorder);
    DAA_CUDA_CHECK(cudaStreamSynchronize(stream_));
    Recording recording = recorder.finish();
    end_sample();
    return recording;
  }

 private:
  void enqueue_phase(ScratchAllocator& scratch) {
    workload_.enqueue_phase(scratch, stream_);
    scratch.end_phase();
  }

  const AllocatorInfo& allocator_;
  Demand demand_;
  cudaStream_t stream_;
  Workload& workload_;
  std::unique_ptr<ScratchAllocator> scratch_;
};

}  // namespace

std::unique_ptr<Trial> make_cold_trial(const TrialSetup& setup) {
  return std::make_unique<ColdTrial>(setup);
}

}  // namespace daa::bench
