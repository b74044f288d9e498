#include "driver/make_turn.hpp"

#include "driver/cold_turn.hpp"
#include "driver/graph_turn.hpp"
#include "driver/lane_turn.hpp"

namespace daa::bench {

std::unique_ptr<AnyTurn> make_turn(const Problem& problem, Lanes* lanes, const AllocatorInfo& allocator,
                                   const TurnOptions& options) {
  if (lanes != nullptr) return std::make_unique<LaneTurn>(problem, *lanes, allocator, options);
  if (options.graph) return std::make_unique<GraphTurn>(problem, allocator, options);
  if (options.state == State::cold) return std::make_unique<ColdTurn>(problem, allocator, options);
  return std::make_unique<Turn>(problem, allocator, options);
}

}  // namespace daa::bench
