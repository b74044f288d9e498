// The rows of the table of workloads, each defined in the file of its name.
#pragma once

#include "workloads/workload.hpp"

namespace daa::bench {

[[nodiscard]] WorkloadInfo reduce_workload();
[[nodiscard]] WorkloadInfo scan_workload();
[[nodiscard]] WorkloadInfo sort_workload();
[[nodiscard]] WorkloadInfo stencil_workload();
[[nodiscard]] WorkloadInfo compact_workload();
[[nodiscard]] WorkloadInfo none_workload();
[[nodiscard]] WorkloadInfo allocs_workload();

/// `elements`, unless it is below `least` or above primitives::max_count: throws std::invalid_argument.
[[nodiscard]] std::size_t checked_elements(std::string_view workload, std::size_t elements,
                                           std::size_t least);

}  // namespace daa::bench
