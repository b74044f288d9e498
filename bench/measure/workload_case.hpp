// A workload of one size in one configuration.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "measure/case.hpp"
#include "measure/workload_trials.hpp"
#include "run_config.hpp"

namespace daa::bench {

/// A workload of one size, shared by the cases that run it in different configurations: prepared and verified
/// once.
class SharedWorkload {
 public:
  /// With `transport`, of the part of that rank in a workload in which ranks exchange data.
  SharedWorkload(const WorkloadInfo& of, std::size_t size, std::optional<std::size_t> allocs,
                 std::uint64_t seed, Transport* transport = nullptr)
      : info(of), elements(size), allocs_per_phase(allocs), seed_(seed), transport_(transport) {}

  /// Does nothing if it has succeeded before. `stop` ends it by Stopped. Measures what the phases ask for by
  /// running a cycle of them with plain cudaMalloc.
  void prepare(const StopCondition& stop);

  /// Runs every phase twice with a fresh allocator, outputs overwritten before each. Throws what the
  /// allocator throws, Stopped among it.
  [[nodiscard]] std::optional<std::string> find_error(const AllocatorInfo& allocator,
                                                      const StopCondition& stop);

  /// Another instance of it, with data drawn from another seed.
  [[nodiscard]] WorkloadOnStream make_copy(std::size_t number) const;

  [[nodiscard]] std::span<WorkloadOnStream> itself() { return {&*self_, 1}; }
  [[nodiscard]] const Recording& demand() const { return demand_; }
  [[nodiscard]] bool communicates() const { return transport_ != nullptr; }

  const WorkloadInfo& info;
  const std::size_t elements;
  const std::optional<std::size_t> allocs_per_phase;

 private:
  std::uint64_t seed_;
  Transport* transport_;
  std::optional<WorkloadOnStream> self_;
  Recording demand_;
  std::map<const AllocatorInfo*, std::optional<std::string>> errors_;  // of the allocators verified so far
};

class WorkloadCase final : public Case {
 public:
  /// `config` is the run's: the seed and how many phases. `alone`: the same without other ranks, where that
  /// is another workload.
  WorkloadCase(std::shared_ptr<SharedWorkload> shared, const Configuration& configuration,
               const RunConfig& config, std::shared_ptr<SharedWorkload> alone = nullptr);

  [[nodiscard]] std::string_view workload() const override { return shared_->info.name; }
  [[nodiscard]] const Schedule& schedule() const override { return schedule_; }
  void describe(Row& row) const override;
  void prepare(const StopCondition& stop) override;
  [[nodiscard]] TrialFindings verify(const AllocatorInfo& allocator, const StopCondition& stop) override;
  [[nodiscard]] std::unique_ptr<Trial> make_trial(const AllocatorInfo& allocator,
                                                  const StopCondition& stop) override;
  // Launches of graphs ask the allocator for nothing; and CUPTI must not be attached while there are graphs.
  [[nodiscard]] bool counts_calls() const override { return configuration_.mode != Mode::graph; }
  [[nodiscard]] bool communicates() const override { return shared_->communicates(); }
  [[nodiscard]] Case& alone() override { return alone_ == nullptr ? *this : *alone_; }
  void release() override;

 private:
  [[nodiscard]] bool is_concurrent() const {
    return configuration_.mode == Mode::threads || configuration_.mode == Mode::streams;
  }

  std::shared_ptr<SharedWorkload> shared_;
  Configuration configuration_;
  Schedule schedule_;
  std::vector<WorkloadOnStream> copies_;  // where several run at once
  std::unique_ptr<WorkloadCase> alone_;
};

}  // namespace daa::bench
