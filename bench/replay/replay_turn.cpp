#include "replay/replay_turn.hpp"

#include <cuda_profiler_api.h>

#include "daa/error.hpp"

namespace daa::bench {

ReplayTurn::ReplayTurn(const ReplayProgram& program, const AllocatorInfo& allocator,
                       const ReplayTurnOptions& options)
    : program_(program), options_(options), session_(program, allocator) {
  if (!options_.profile) allocator_range_.emplace(allocator.name);
  for (std::size_t i = 0; i < options_.warmup_passes; ++i) session_.run_timed(options_.sync);
  if (options_.profile) {
    DAA_CUDA_CHECK(cudaProfilerStart());
    workload_range_.emplace("replay");
    allocator_range_.emplace(allocator.name);
  }
}

ReplayTurn::~ReplayTurn() {
  if (options_.profile) static_cast<void>(cudaProfilerStop());
}

PassTimes ReplayTurn::measure() {
  const NvtxRange range{"block"};
  return session_.run_timed(options_.sync);
}

ReplayCheck ReplayTurn::finish() {
  if (options_.profile) {
    allocator_range_.reset();
    workload_range_.reset();
    DAA_CUDA_CHECK(cudaProfilerStop());
    options_.profile = false;
  }
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
