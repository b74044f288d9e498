// The one list of workloads, each a function in a file of its own, and what these files share.
#pragma once

#include <fmt/format.h>

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "primitives/primitives.hpp"
#include "workloads/workload.hpp"

namespace daa::bench {

/// Workloads that stand for what programs do, in the order in which they are listed and measured.
#define DAA_WORKLOADS(row) row(reduce) row(scan) row(sort) row(stencil) row(compact)

/// Workloads that isolate something, to be asked for by name.
#define DAA_SYNTHETIC_WORKLOADS(row) row(none) row(allocs)

/// Workloads in which ranks exchange data, to be asked for by name.
#define DAA_COMMUNICATING_WORKLOADS(row) row(halo) row(allreduce) row(dist_sort)

#define DAA_DECLARE(name) [[nodiscard]] WorkloadInfo name##_workload();
DAA_WORKLOADS(DAA_DECLARE)
DAA_SYNTHETIC_WORKLOADS(DAA_DECLARE)
DAA_COMMUNICATING_WORKLOADS(DAA_DECLARE)
#undef DAA_DECLARE

/// `elements`, unless it is below `least` or above primitives::max_count: throws std::invalid_argument.
[[nodiscard]] std::size_t checked_elements(std::string_view workload, std::size_t elements,
                                           std::size_t least);

/// A primitive's storage as a temporary. Workloads ask for the size once, at construction: the query costs
/// host time, and a phase should spend its host time on allocating and launching.
[[nodiscard]] inline primitives::Storage allocate_storage(ScratchAllocator& scratch, std::size_t bytes) {
  return {scratch.allocate(bytes), bytes};
}

/// What spoil_outputs() fills outputs with. No right output is full of it: it is above every 64-bit sum,
/// count and index, an exclusive sum begins with 0, and as a float it is negative.
inline constexpr unsigned char garbage_byte = 0xa5;

/// "exclusive sum: element 17 is 3, expected 5"
template <class T>
[[nodiscard]] std::string describe_difference(std::string_view output, std::size_t i, T actual, T expected) {
  return fmt::format("{}: element {} is {}, expected {}", output, i, actual, expected);
}

/// Describes the first difference; nothing if there is none. The spans are of one size.
template <class T>
[[nodiscard]] std::optional<std::string> find_difference(std::string_view output, std::span<const T> actual,
                                                         std::span<const T> expected) {
  for (std::size_t i = 0; i < expected.size(); ++i) {
    if (actual[i] != expected[i]) return describe_difference(output, i, actual[i], expected[i]);
  }
  return std::nullopt;
}

}  // namespace daa::bench
