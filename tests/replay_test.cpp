// Replays of traces: frees honoured, memory and calls counted, and overlaps found out.

#include <random>

#include "replay_fixture.hpp"

namespace daa::test {
namespace {

namespace host = host_runtime;

std::size_t off_by_one_word(std::size_t end) {
  return (end + 255) / 256 * 256 + 4;
}

TEST_F(ReplayTest, EveryAllocatorOfTheTableGivesOutNoLiveMemory) {
  std::string log;
  std::mt19937 random(5);
  std::vector<std::pair<int, std::size_t>> live;
  for (int i = 0; i < 400; ++i) {
    if (i < 300 && (live.empty() || random() % 3 > 0)) {
      live.emplace_back(i + 1, 1 + random() % 300'000);
      log += "0,0,allocate," + std::to_string(i + 1) + "," + std::to_string(live.back().second) + ",0\n";
    } else if (!live.empty()) {
      const auto which = live.begin() + static_cast<std::ptrdiff_t>(random() % live.size());
      log += "0,0,free," + std::to_string(which->first) + "," + std::to_string(which->second) + ",0\n";
      live.erase(which);
    }
  }
  for (const auto& [pointer, bytes] : live)
    log += "0,0,free," + std::to_string(pointer) + "," + std::to_string(bytes) + ",0\n";
  for (const Trace& trace : {trace_of(log), trace_of(log, 50), small_trace(), crossing_trace()}) {
    const ReplayProgram program = make_program(trace);
    for (const AllocatorInfo& info : allocators())
      EXPECT_EQ(check_replay(program, info).error, std::nullopt) << info.name;
  }
}

TEST_F(ReplayTest, BlocksThatOverlapWhileBothLiveAreFoundOut) {
  const ReplayProgram program = make_program(small_trace());
  const auto at_start =
      check_replay(program, allocator_of<make_block<BlockAllocator::all_at_start>>("all at start"));
  ASSERT_TRUE(at_start.error);
  EXPECT_NE(at_start.error->find("allocation 0 of the trace was overwritten"), std::string::npos)
      << *at_start.error;
  EXPECT_TRUE(
      check_replay(program, allocator_of<make_block<BlockAllocator::over_end_of_previous>>("256 bytes"))
          .error);
}

TEST_F(ReplayTest, AddressesThatAreNotAlignedAreFoundOut) {
  const ReplayProgram program = make_program(small_trace());
  const auto check = check_replay(program, allocator_of<make_block<off_by_one_word>>("misaligned"));
  ASSERT_TRUE(check.error);
  EXPECT_NE(check.error->find("not aligned to 256"), std::string::npos) << *check.error;
}

TEST_F(ReplayTest, WhoeverKeepsNoListHasWhatIsLeftFreedAtTheEndOfThePhase) {
  const ReplayProgram program =
      make_program(trace_of("0,0,allocate,0x1,1000,0\n"
                            "0,1,allocate,0x2,2000,0\n"
                            "0,2,free,0x1,1000,0\n"
                            "0,3,allocate,0x1,3000,0\n"
                            "0,4,free,0x2,2000,0\n"
                            "0,5,free,0x1,3000,0\n",
                            4));
  for (const std::string_view name : {"cuda-malloc", "cuda-malloc-async-tuned"}) {
    ReplaySession session{program, allocator(name)};
    host::clear_calls();
    session.run_timed(SyncMode::end);
    EXPECT_EQ(host::call_count("cudaMalloc") + host::call_count("cudaMallocFromPoolAsync"), 3u) << name;
    EXPECT_EQ(host::call_count("cudaFree") + host::call_count("cudaFreeAsync"), 3u) << name;
    session.run_touched();
    EXPECT_EQ(session.find_error(), std::nullopt) << name;
  }
}

TEST_F(ReplayTest, APassThatFailsLeavesNothingAllocated) {
  const ReplayProgram program = make_program(small_trace());
  for (const char* const call : {"cudaMalloc", "cudaFree"}) {
    for (std::size_t k = 1; k <= 4; ++k) {
      {
        ReplaySession session{program, allocator("cuda-malloc")};
        host::fail_call(k, cudaErrorMemoryAllocation, call);
        EXPECT_ANY_THROW(session.run_timed(SyncMode::end)) << call << ' ' << k;
        host::clear_fault();
      }
      EXPECT_EQ(host::live_allocations(), 0u) << call << ' ' << k;
    }
  }
}

TEST_F(ReplayTest, ATimedPassLaunchesNothingAndTheFloorCallsNothing) {
  const ReplayProgram program = make_program(small_trace());
  ReplaySession session{program, allocator(floor_name)};
  host::clear_calls();
  const PassTimes times = session.run_timed(SyncMode::end);
  EXPECT_EQ(host::call_count(), 1u);
  EXPECT_EQ(host::call_count("cudaStreamSynchronize"), 1u);
  EXPECT_GT(times.threads_ns, 0);
  EXPECT_GE(times.host_ns, times.threads_ns);
  EXPECT_GE(times.end_to_end_ns, times.host_ns);
  host::clear_calls();
  session.run_timed(SyncMode::phase);
  EXPECT_EQ(host::call_count("cudaStreamSynchronize"), 2u);
}

TEST_F(ReplayTest, MemoryHeldIsTheMostAtAnyOperation) {
  const ReplayProgram program = make_program(small_trace());
  const auto reserved = [&](std::string_view name) {
    return check_replay(program, allocator(name)).held.reserved_bytes;
  };
  constexpr std::size_t mib = 1 << 20;
  EXPECT_EQ(reserved("preallocated"), 5 * mib);
  EXPECT_EQ(reserved("cuda-malloc"), 5 * mib);
  EXPECT_EQ(reserved("arena"), 8 * mib);  // ignores frees
  EXPECT_GE(reserved("arena-release"), 8 * mib);
  EXPECT_LE(reserved("arena-recycle"), 8 * mib);
  EXPECT_GE(check_replay(program, allocator("arena-recycle")).held.from_device(), 5 * mib);
}

TEST_F(ReplayTest, OnlySomeAllocatorsHonourFrees) {
  // 40 blocks of 1 MiB, one after the other: 1 MiB live.
  std::string log;
  for (int i = 0; i < 40; ++i) log += "0,0,allocate,0x1,1048576,0\n0,0,free,0x1,1048576,0\n";
  log = "0,0,allocate,0x2,256,0\n" + log + "0,0,free,0x2,256,0\n";  // one phase
  const ReplayProgram program = make_program(trace_of(log));
  for (const AllocatorInfo& info : allocators()) {
    const bool ignores = info.name == "arena" || info.name == "arena-release";
    const std::size_t held = check_replay(program, info).held.from_device();
    if (ignores) {
      EXPECT_GE(held, std::size_t{40} << 20) << info.name;
    } else {
      EXPECT_LE(held, std::size_t{4} << 20) << info.name;
    }
  }
}

TEST_F(ReplayTest, ACountedPassHasTheCallsOfTheTrace) {
  const ReplayProgram program = make_program(small_trace());
  ReplayTurn turn{program, allocator("cuda-malloc"), {.sync = SyncMode::end, .warmup_passes = 1}};
  const auto counter = make_call_counter().counter;
  const CallCounts calls = turn.count(*counter).value();
  EXPECT_EQ(calls.runtime, 8u);
  EXPECT_EQ(calls.of(CallKind::allocate), 4u);
  EXPECT_EQ(calls.of(CallKind::free), 4u);
  turn.measure();
  EXPECT_EQ(turn.count(*counter).value().runtime, 8u) << "what is measured in between is not counted";
  EXPECT_EQ(turn.finish().error, std::nullopt);
}

}  // namespace
}  // namespace daa::test
