// NVTX ranges of the program, in the arena's domain: workload > allocator > batch, and workload > counters
// for the pass that is not timed. With --profile: measured > workload > allocator > batch > phase.
#pragma once

#include <nvtx3/nvtx3.hpp>
#include <optional>
#include <string_view>

#include "daa/nvtx_domain.hpp"

namespace daa::bench {

/// A range from construction to destruction, on the calling thread. `name`, a view of static storage, is
/// registered with the tool once: nsys's --capture-range=nvtx matches registered strings only.
class NvtxRange {
 public:
  explicit NvtxRange(std::string_view name);

 private:
  nvtx3::scoped_range_in<NvtxDomain> range_;
};

/// The ranges "measured" > workload > allocator around the measured batches of a trial, which a profiler
/// captures: it sees only ranges that begin within what it captures.
struct MeasuredRanges {
  MeasuredRanges(std::string_view workload_name, std::string_view allocator_name)
      : workload(workload_name), allocator(allocator_name) {}

  NvtxRange measured{"measured"};
  NvtxRange workload, allocator;
};

}  // namespace daa::bench
