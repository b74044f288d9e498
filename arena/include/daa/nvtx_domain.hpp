// The NVTX domain of this project.
#pragma once

namespace daa {
inline namespace v0_1 {

/// For nvtx3::scoped_range_in and the like. Use this type for ranges that are to nest with the arena's own
/// ("chunk growth"): NVTX treats two domain types as different domains even if their names are equal.
struct NvtxDomain {
  static constexpr const char* name = "daa";
};

}  // namespace v0_1
}  // namespace daa
