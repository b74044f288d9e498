// NVTX ranges of the program, in the arena's domain: workload > allocator > block > phase.
#pragma once

#include <nvtx3/nvtx3.hpp>
#include <string_view>

namespace daa::bench {

struct NvtxDomain {
  static constexpr const char* name = "daa";
};

/// A range from construction to destruction, on the calling thread. `name` is registered with the tool once
/// (nsys's
/// --capture-range=nvtx matches registered strings only); a view of static storage.
class NvtxRange {
 public:
  explicit NvtxRange(std::string_view name);

 private:
  nvtx3::scoped_range_in<NvtxDomain> range_;
};

}  // namespace daa::bench
