#include <fmt/format.h>

#include <stdexcept>

#include "primitives/primitives.hpp"
#include "workloads/table.hpp"

namespace daa::bench {

std::span<const WorkloadInfo> workloads() {
#define DAA_CALL(name) name##_workload(),
  static const WorkloadInfo table[]{DAA_WORKLOADS(DAA_CALL)};
  return table;
}

std::span<const WorkloadInfo> synthetic_workloads() {
  static const WorkloadInfo table[]{DAA_SYNTHETIC_WORKLOADS(DAA_CALL)};
  return table;
}

std::span<const WorkloadInfo> communicating_workloads() {
  static const WorkloadInfo table[]{DAA_COMMUNICATING_WORKLOADS(DAA_CALL)};
#undef DAA_CALL
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
