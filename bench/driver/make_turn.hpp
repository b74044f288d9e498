// The turn for each way to run.
#pragma once

#include <memory>

#include "driver/lanes.hpp"
#include "driver/turn.hpp"

namespace daa::bench {

/// On the lanes if there are any; all arguments must outlive the turn.
[[nodiscard]] std::unique_ptr<AnyTurn> make_turn(const Problem& problem, Lanes* lanes,
                                                 const AllocatorInfo& allocator, const TurnOptions& options);

}  // namespace daa::bench
