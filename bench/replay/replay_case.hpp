// A trace to replay, its phases varied in one way, in one sync mode.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "measure/case.hpp"
#include "replay/program.hpp"
#include "run_config.hpp"

namespace daa::bench {

/// A trace made ready, shared by the cases that replay it.
struct SharedTrace {
  std::string name;
  Trace trace;  // varied
  ReplayProgram program;
  Variation variation = Variation::none;
};

/// Reads the trace and varies it. Throws UsageError that names the flag, and file and line if the trace is
/// malformed.
[[nodiscard]] std::shared_ptr<const SharedTrace> load_trace(const TraceFile& file, Variation variation,
                                                            std::uint64_t seed);

/// A sample is a pass over the trace, without kernels; an operation is an allocation or a free of it. Before
/// the trials every phase, and after each trial a pass, is replayed with kernels that mark each block and
/// check it.
class ReplayCase final : public Case {
 public:
  ReplayCase(std::shared_ptr<const SharedTrace> shared, SyncMode sync, const RunConfig& config);

  [[nodiscard]] std::string_view workload() const override;
  [[nodiscard]] const Schedule& schedule() const override { return schedule_; }
  void describe(Row& row) const override;
  void prepare(const StopCondition& /*stop*/) override {}
  [[nodiscard]] TrialFindings verify(const AllocatorInfo& allocator, const StopCondition& stop) override;
  [[nodiscard]] std::unique_ptr<Trial> make_trial(const AllocatorInfo& allocator,
                                                  const StopCondition& stop) override;
  [[nodiscard]] bool counts_calls() const override { return shared_->trace.threads == 1; }
  // Memory is observed where blocks are checked.
  [[nodiscard]] bool records_memory() const override { return false; }
  void release() override { shared_.reset(); }

 private:
  std::shared_ptr<const SharedTrace> shared_;
  SyncMode sync_;
  bool flush_l2_;
  Schedule schedule_;
};

}  // namespace daa::bench
