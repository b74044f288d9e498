// The NVTX range of an arena that takes memory from the device.
#pragma once

#include <nvtx3/nvtx3.hpp>

#include <cstddef>

#include "daa/nvtx_domain.hpp"

namespace daa::v0_1::detail {

struct ChunkGrowth {
  static constexpr const char* message = "chunk growth";
};

/// Its payload is the requested bytes. Without a tool attached it costs a few nanoseconds.
struct GrowthRange : nvtx3::scoped_range_in<NvtxDomain> {
  explicit GrowthRange(std::size_t asked)
      : scoped_range_in(nvtx3::event_attributes{nvtx3::registered_string_in<NvtxDomain>::get<ChunkGrowth>(),
                                                nvtx3::payload{asked}}) {}
};

}  // namespace daa::v0_1::detail
