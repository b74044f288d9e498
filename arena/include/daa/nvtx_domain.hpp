// The NVTX domain of this project.
#pragma once

namespace daa {
inline namespace v0_1 {

/// For nvtx3::scoped_range_in and the like. Ranges that are to stand in one hierarchy with the arena's own
/// ("chunk growth") name this type: NVTX takes domains of equal names for different ones.
struct NvtxDomain {
  static constexpr const char* name = "daa";
};

}  // namespace v0_1
}  // namespace daa
