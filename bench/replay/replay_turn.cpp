#include "replay/replay_turn.hpp"

namespace daa::bench {

ReplayTurn::ReplayTurn(const ReplayProgram& program, const AllocatorInfo& allocator,
                       const ReplayTurnOptions& options)
    : program_(program),
      options_(options),
      ranges_("replay", allocator.name, options.profile),
      session_(program, allocator) {
  for (std::size_t i = 0; i < options_.warmup_passes; ++i) session_.run_timed(options_.sync);
  ranges_.begin_measured();
}

PassTimes ReplayTurn::measure() {
  const NvtxRange range{"block"};
  return session_.run_timed(options_.sync);
}

ReplayCheck ReplayTurn::finish() {
  ranges_.end_measured();
  session_.run_touched();
  return {session_.find_error(), session_.memory_held()};
}

std::optional<CallCounts> ReplayTurn::count(CallCounter& counter) {
  if (program_.threads > 1) return std::nullopt;
  return session_.run_counted(options_.sync, counter);
}

ReplayCheck check_replay(const ReplayProgram& program, const AllocatorInfo& allocator) {
  ReplaySession session{program, allocator};
  session.run_touched();
  session.run_touched();
  return {session.find_error(), session.memory_held()};
}

}  // namespace daa::bench
