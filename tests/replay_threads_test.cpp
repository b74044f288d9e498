// Replays of traces: threads and streams as in the trace.

#include <algorithm>
#include <map>
#include <mutex>
#include <set>
#include <thread>

#include "replay_fixture.hpp"

namespace daa::test {
namespace {

namespace host = host_runtime;

// Notes who calls which lane.
class Recording final : public BlockAllocator {
 public:
  struct Call {
    std::string what;
    std::size_t bytes;
    std::thread::id thread;
    cudaStream_t stream;
  };
  static inline std::vector<Call> calls;
  static inline std::mutex mutex;

  Recording(cudaStream_t stream, const Demand& demand)
      : BlockAllocator(demand.max_phase_bytes, behind_previous), stream_(stream) {}

  void* allocate(std::size_t bytes) override {
    note("allocate", bytes);
    return BlockAllocator::allocate(bytes);
  }
  void free(void*, std::size_t bytes) override { note("free", bytes); }
  void end_phase() override {
    note("end_phase", 0);
    BlockAllocator::end_phase();
  }

 private:
  void note(const char* what, std::size_t bytes) const {
    const std::lock_guard lock{mutex};
    calls.push_back({what, bytes, std::this_thread::get_id(), stream_});
  }
  cudaStream_t stream_;
};

std::unique_ptr<ScratchAllocator> make_recording(cudaStream_t stream, const Demand& demand) {
  return std::make_unique<Recording>(stream, demand);
}

TEST_F(ReplayTest, EachThreadAndStreamOfTheTraceIsOne) {
  const ReplayProgram program = make_program(crossing_trace());
  ASSERT_EQ(program.lanes.size(), 3u);  // 7 on a, 8 on b, 9 on b
  Recording::calls.clear();
  ReplaySession session{program, allocator_of<make_recording>("recording")};
  host::clear_calls();
  session.run_timed(SyncMode::end);

  std::map<cudaStream_t, std::set<std::thread::id>> threads_of;
  std::map<std::size_t, Recording::Call> allocations, frees;
  for (const Recording::Call& call : Recording::calls) {
    threads_of[call.stream].insert(call.thread);
    if (call.what == "allocate") allocations.emplace(call.bytes, call);
    if (call.what == "free") frees.emplace(call.bytes, call);
  }
  EXPECT_EQ(threads_of.size(), 2u);
  EXPECT_EQ(allocations.size(), 4u);
  ASSERT_EQ(frees.size(), 4u);
  for (const auto& [bytes, free] : frees) {
    EXPECT_EQ(free.thread, allocations.at(bytes).thread) << bytes;
    EXPECT_EQ(free.stream, allocations.at(bytes).stream) << bytes;
  }
  std::set<std::thread::id> threads;
  for (const Recording::Call& call : Recording::calls) threads.insert(call.thread);
  EXPECT_EQ(threads.size(), 3u);

  // Two frees are on another stream: the allocating one waits for what that was given before.
  std::vector<cudaStream_t> recorded, waiting;
  for (const host::Call& call : host::calls()) {
    if (call.function == "cudaEventRecord") recorded.push_back(call.stream);
    if (call.function == "cudaStreamWaitEvent") waiting.push_back(call.stream);
  }
  ASSERT_EQ(recorded.size(), 2u);
  ASSERT_EQ(waiting.size(), 2u);
  EXPECT_TRUE(std::ranges::is_permutation(recorded, waiting));  // a for b, and b for a
  EXPECT_NE(recorded[0], recorded[1]);
}

TEST_F(ReplayTest, TheThreadsAreTheSameInEachPass) {
  const ReplayProgram program = make_program(crossing_trace());
  ReplaySession session{program, allocator_of<make_recording>("recording")};
  Recording::calls.clear();
  for (int pass = 0; pass < 5; ++pass) session.run_timed(SyncMode::end);
  std::set<std::thread::id> threads;
  for (const Recording::Call& call : Recording::calls) threads.insert(call.thread);
  EXPECT_EQ(threads.size(), 3u);
}

TEST_F(ReplayTest, ABlockThatCrossesIsFreedInTheOrderOfTheLog) {
  const ReplayProgram program = make_program(crossing_trace());
  const AllocatorInfo info = allocator_of<make_recording>("recording");
  for (int round = 0; round < 50; ++round) {
    Recording::calls.clear();
    ReplaySession session{program, info};
    session.run_timed(SyncMode::end);
    const auto place = [](std::string_view what, std::size_t bytes) {
      return std::ranges::find_if(
                 Recording::calls,
                 [&](const Recording::Call& call) { return call.what == what && call.bytes == bytes; }) -
             Recording::calls.begin();
    };
    EXPECT_LT(place("allocate", 3'000'000), place("free", 3'000'000));
    EXPECT_LT(place("free", 3'000'000), place("allocate", 4'000'000));  // what thread 7 does next
    EXPECT_LT(place("allocate", 4'000'000), place("free", 4'000'000));
  }
}

TEST_F(ReplayTest, WhatIsLeftAtTheEndOfAPhaseIsGivenBackThere) {
  const Trace trace = trace_of(
      "0,0,allocate,0x1,1000,0\n"
      "0,1,allocate,0x2,2000,0\n"
      "0,2,free,0x1,1000,0\n"
      "0,3,free,0x2,2000,0\n",
      2);
  const ReplayProgram program = make_program(trace);
  ASSERT_EQ(program.phases.size(), 1u);
  EXPECT_EQ(program.operations, 2u);
  Recording::calls.clear();
  ReplaySession{program, allocator_of<make_recording>("recording")}.run_timed(SyncMode::end);
  ASSERT_EQ(Recording::calls.size(), 3u);
  EXPECT_EQ(Recording::calls.back().what, "end_phase");
  EXPECT_TRUE(
      check_replay(program, allocator_of<make_block<BlockAllocator::all_at_start>>("overlapping")).error);
}

TEST_F(ReplayTest, AThreadThatFailsEndsAllOfThem) {
  const ReplayProgram program = make_program(crossing_trace());
  for (std::size_t k = 1; k <= 4; ++k) {
    ReplaySession session{program, allocator("cuda-malloc")};
    host::fail_call(k, cudaErrorMemoryAllocation, "cudaMalloc");
    EXPECT_THROW(session.run_timed(SyncMode::phase), OutOfDeviceMemory);
    host::clear_fault();
  }
}

TEST_F(ReplayTest, CallsOfSeveralThreadsAreNotCounted) {
  const ReplayProgram program = make_program(crossing_trace());
  ReplayTurn turn{program, allocator("cuda-malloc"), {}};
  const auto counter = make_call_counter().counter;
  EXPECT_FALSE(turn.count(*counter));
}

}  // namespace
}  // namespace daa::test
