// Phases one after the other, with a warmed-up allocator on each stream.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "measure/workload_trials.hpp"

namespace daa::bench {

class SteadyTrial : public Trial {
 public:
  explicit SteadyTrial(const TrialSetup& setup);

  [[nodiscard]] std::span<const cudaStream_t> streams(std::size_t /*worker*/) const override {
    return streams_;
  }
  [[nodiscard]] std::size_t phases_at_once() const override { return instances_.size(); }
  void enqueue_phase(std::size_t /*worker*/) override {
    for (const Instance& instance : instances_) instance.enqueue_phase();
  }
  /// Finds out what an allocation costs without kernels, too.
  [[nodiscard]] TrialFindings finish(bool check) override;
  [[nodiscard]] Recording record(CallCounter* counter) override;

 protected:
  struct Instance {
    cudaStream_t stream;
    Workload& workload;
    std::unique_ptr<ScratchAllocator> scratch;

    void enqueue_phase() const {
      workload.enqueue_phase(*scratch, stream);
      scratch->end_phase();
    }
  };

  [[nodiscard]] const std::vector<Instance>& instances() const { return instances_; }
  [[nodiscard]] const TrialSetup& setup() const { return setup_; }

  /// What is wrong with the result of a phase of one more cycle, if anything is.
  [[nodiscard]] std::optional<std::string> find_error() const;

 private:
  void restart_cycle() const;
  void synchronise() const;

  TrialSetup setup_;
  std::vector<cudaStream_t> streams_;
  std::vector<Instance> instances_;
};

}  // namespace daa::bench
