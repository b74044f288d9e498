// One thing to measure with each allocator: a workload of one size, or a trace, in one configuration.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "measure/sampler.hpp"
#include "measure/trial.hpp"
#include "report/row.hpp"

namespace daa::bench {

/// What the runner must know of a case. The vector of cases is the only list of what a run measures.
class Case {
 public:
  virtual ~Case() = default;

  /// case_name() of its rows.
  [[nodiscard]] std::string name() const {
    Row row;
    describe(row);
    return case_name(row);
  }

  /// The workload's name, in static storage.
  [[nodiscard]] virtual std::string_view workload() const = 0;

  [[nodiscard]] virtual const Schedule& schedule() const = 0;

  /// Fills in what says which case the row is of, and how it is run. Possible before prepare(); after it,
  /// also what the phases ask for.
  virtual void describe(Row& row) const = 0;

  /// Allocates and fills inputs on the current device. Throws what keeps it from that; `stop` ends it by
  /// Stopped.
  virtual void prepare(const StopCondition& stop) = 0;

  /// Runs phases with a fresh allocator, untimed, and checks every result. `stop` ends it by Stopped. After
  /// prepare(), as everything below.
  [[nodiscard]] virtual TrialFindings verify(const AllocatorInfo& allocator, const StopCondition& stop) = 0;

  /// The case and `stop` outlive the trial.
  [[nodiscard]] virtual std::unique_ptr<Trial> make_trial(const AllocatorInfo& allocator,
                                                          const StopCondition& stop) = 0;

  /// Whether record() counts CUDA calls. Those of several threads cannot be counted.
  [[nodiscard]] virtual bool counts_calls() const { return true; }

  /// Whether record() finds out what memory the allocator takes, also without counting calls.
  [[nodiscard]] virtual bool records_memory() const { return true; }

  /// Whether ranks exchange data in a phase. If one of them fails there, the others wait for ever.
  [[nodiscard]] virtual bool communicates() const { return false; }

  /// What one rank does on its own, where that differs. Only the first rank may run it.
  [[nodiscard]] virtual Case& alone() { return *this; }

  /// Frees everything. Nothing but the destructor may then be called.
  virtual void release() = 0;
};

}  // namespace daa::bench
