// Numbers on the command line.
#pragma once

#include <cstdint>

#include "options/given.hpp"

namespace daa::bench {

struct CountRange {
  std::uint64_t least;
  std::uint64_t greatest;
};

/// A count within `range`, written 65536, 2^16 or 64Ki (Ki, Mi, Gi). Refuses everything else: above all 64K,
/// of which nobody knows whether it is 64000 or 65536.
[[nodiscard]] std::uint64_t parse_count(const Given& given, CountRange range);

}  // namespace daa::bench
