// NVTX ranges of the program, in the arena's domain: workload > allocator > block > phase, and workload >
// counters > allocator for the passes that are not timed.
#pragma once

#include <nvtx3/nvtx3.hpp>
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

}  // namespace daa::bench
