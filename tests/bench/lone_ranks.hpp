// The ranks of a test: this process alone.
#pragma once

#include "ranks/ranks.hpp"

namespace daa::bench {

inline Ranks& lone_ranks() {
  static const std::unique_ptr<Ranks> ranks = make_lone_ranks();
  return *ranks;
}

}  // namespace daa::bench
