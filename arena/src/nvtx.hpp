// The arena's NVTX domain. Without a tool attached a range costs a few nanoseconds.
#pragma once

#include <nvtx3/nvtx3.hpp>

namespace daa::detail {

struct NvtxDomain {
  static constexpr const char* name = "daa";
};

}  // namespace daa::detail
