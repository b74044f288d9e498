// From a configuration to what is measured.
#pragma once

#include <cstddef>
#include <vector>

#include "measure/runner.hpp"
#include "run_config.hpp"

namespace daa::bench {

/// The configurations in which each workload is run: every combination that `config` asks for. A cold phase
/// is synchronised after it in any case, so that there is one cold configuration.
[[nodiscard]] std::vector<Configuration> configurations_of(const RunConfig& config);

/// Every case of a run, in the order in which they are measured: workloads, then traces, which are read here.
/// `ranks` outlive them.
/// Throws UsageError for a malformed trace, and for a size that does not fit in `device_bytes` of memory.
[[nodiscard]] Cases make_cases(const RunConfig& config, std::size_t device_bytes, Ranks& ranks);

}  // namespace daa::bench
