// A suite over all workloads of the table.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <ostream>
#include <string>

#include "stream_fixture.hpp"
#include "workload_allocators.hpp"
#include "workloads/workload.hpp"

namespace daa::bench {

/// For GoogleTest's messages and names.
inline void PrintTo(const WorkloadInfo& info, std::ostream* out) {
  *out << info.name;
}

}  // namespace daa::bench

namespace daa::test {

/// A workload's name as a part of a test's: without hyphens.
struct WorkloadName {
  std::string operator()(const ::testing::TestParamInfo<bench::WorkloadInfo>& workload) const {
    std::string name(workload.param.name);
    std::ranges::replace(name, '-', '_');
    return name;
  }
};

class WorkloadFixture : public StreamFixture, public ::testing::WithParamInterface<bench::WorkloadInfo> {
 protected:
  static constexpr std::uint64_t seed = 0x5eed;

  [[nodiscard]] std::unique_ptr<bench::Workload> make(std::size_t elements) const {
    return GetParam().make(elements, seed, stream());
  }

  /// Runs one phase, begun with spoilt outputs, and returns what is wrong with its result.
  [[nodiscard]] std::optional<std::string> run_phase(bench::Workload& workload,
                                                     bench::ScratchAllocator& scratch) const {
    workload.spoil_outputs(stream());
    workload.enqueue_phase(scratch, stream());
    scratch.end_phase();
    return workload.find_error(stream());
  }

  /// How many phases of one cycle have a wrong result.
  [[nodiscard]] std::size_t count_errors(bench::Workload& workload, bench::ScratchAllocator& scratch) const {
    std::size_t errors = 0;
    for (std::size_t i = 0; i < workload.cycle_length(); ++i) {
      if (run_phase(workload, scratch)) ++errors;
    }
    return errors;
  }

  /// More than the temporaries of any phase: the table's estimate for everything, and a fixed part.
  [[nodiscard]] static std::size_t ample_bytes(std::size_t elements) {
    return elements * GetParam().bytes_per_element + (std::size_t{1} << 20);
  }
};

}  // namespace daa::test
