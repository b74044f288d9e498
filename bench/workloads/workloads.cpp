#include <fmt/format.h>

#include <array>
#include <stdexcept>

#include "primitives/primitives.hpp"
#include "workloads/table.hpp"

namespace daa::bench {

std::span<const WorkloadInfo> workloads() {
  static const std::array table{reduce_workload(), scan_workload(), sort_workload(), stencil_workload(),
                                compact_workload()};
  return table;
}

std::span<const WorkloadInfo> synthetic_workloads() {
  static const std::array table{none_workload(), allocs_workload()};
  return table;
}

std::size_t checked_elements(std::string_view workload, std::size_t elements, std::size_t least) {
  if (elements < least || elements > primitives::max_count) {
    throw std::invalid_argument(fmt::format("{}: {} elements, but it takes {} to {}", workload, elements,
                                            least, primitives::max_count));
  }
  return elements;
}

}  // namespace daa::bench
