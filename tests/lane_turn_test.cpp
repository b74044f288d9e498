// Turns on several streams at once.

#include "driver/lane_turn.hpp"

#include <atomic>
#include <chrono>
#include <map>
#include <mutex>
#include <set>
#include <thread>
#include <utility>

#include "campaign_fixture.hpp"
#include "turn_fixture.hpp"
#include "workload_allocators.hpp"

namespace daa::test {
namespace {

namespace host = host_runtime;

// Which thread has used which allocator, each on a stream of its own.
struct Users {
  static inline std::mutex mutex;
  static inline std::map<cudaStream_t, std::set<std::thread::id>> of_stream;
};

class Watched final : public BlockAllocator {
 public:
  Watched(cudaStream_t stream, const Demand& demand)
      : BlockAllocator(demand.max_phase_bytes, behind_previous), stream_(stream) {}

  void* allocate(std::size_t bytes) override {
    const std::lock_guard lock{Users::mutex};
    Users::of_stream[stream_].insert(std::this_thread::get_id());
    return BlockAllocator::allocate(bytes);
  }

 private:
  cudaStream_t stream_;
};

std::unique_ptr<ScratchAllocator> make_watched(cudaStream_t stream, const Demand& demand) {
  return std::make_unique<Watched>(stream, demand);
}

class LaneTurnTest : public TurnTest {
 protected:
  Lanes lanes(std::string_view name, std::size_t threads, std::size_t streams, std::size_t elements = 1000) {
    return make_lanes(threads, streams, [&](std::size_t i, cudaStream_t stream) {
      return workload(name).make(elements, 1 + i, stream);
    });
  }
};

TEST_F(LaneTurnTest, EachThreadHasAStreamAndAnAllocatorForItself) {
  const Problem scan = problem("scan");
  Lanes four = lanes("scan", 4, 4);
  Users::of_stream.clear();
  LaneTurn turn{scan, four, allocator_of<make_watched>("watched"), {.iters = 40, .warmup = 3}};
  host::clear_calls();
  turn.measure();
  std::map<cudaStream_t, std::size_t> launches;
  for (const host::Call& call : host::calls())
    if (call.function == "cudaLaunchKernel") ++launches[call.stream];
  ASSERT_EQ(launches.size(), 4u);
  for (const Lane& lane : four.all) EXPECT_EQ(launches[lane.stream.get()], launches.begin()->second);
  EXPECT_EQ(launches.count(scan.stream), 0u);

  turn.measure();
  std::set<std::thread::id> threads;
  ASSERT_EQ(Users::of_stream.size(), 4u);
  for (const auto& [stream, users] : Users::of_stream) {
    EXPECT_EQ(users.size(), 1u) << "one thread a stream";
    threads.insert(users.begin(), users.end());
  }
  EXPECT_EQ(threads.size(), 4u) << "one stream a thread";
  EXPECT_EQ(turn.finish().error, std::nullopt);
}

TEST_F(LaneTurnTest, OneThreadGoesRoundItsStreams) {
  const Problem scan = problem("scan");
  Lanes three = lanes("scan", 1, 3);
  Users::of_stream.clear();
  LaneTurn turn{scan, three, allocator_of<make_watched>("watched"), {.iters = 2}};
  host::clear_calls();
  turn.measure();
  std::vector<cudaStream_t> order;  // of the launches, each stream once as long as it lasts
  for (const host::Call& call : host::calls())
    if (call.function == "cudaLaunchKernel" && (order.empty() || order.back() != call.stream))
      order.push_back(call.stream);
  std::vector<cudaStream_t> expected;
  for (int phase = 0; phase < 2; ++phase)
    for (const Lane& lane : three.all) expected.push_back(lane.stream.get());
  EXPECT_EQ(order, expected);
  std::set<std::thread::id> threads;
  for (const auto& [stream, users] : Users::of_stream) threads.insert(users.begin(), users.end());
  EXPECT_EQ(threads.size(), 1u);
}

TEST_F(LaneTurnTest, AllocationsAreTimedWithoutKernels) {
  const Problem compact = problem("compact");
  Lanes two = lanes("compact", 2, 2);
  LaneTurn turn{compact, two, allocator("cuda-malloc"), {.iters = 8}};
  turn.measure();
  host::clear_calls();
  const TurnResult result = turn.finish();
  EXPECT_EQ(result.error, std::nullopt);
  EXPECT_GT(result.lanes.allocation_ns.value(), 0);
  EXPECT_GE(result.lanes.slowest_allocation_ns.value(), *result.lanes.allocation_ns);
  EXPECT_FALSE(result.lanes.serial_ns) << "is the floor's alone";
  // Then a cycle of four phases with them, in each of two lanes.
  EXPECT_GT(static_cast<double>(host::call_count("cudaMalloc")),
            2 * (8 + 4) * compact.demand.allocations_per_phase);
  const std::size_t launches = host::call_count("cudaLaunchKernel");
  host::clear_calls();
  for (const Lane& lane : two.all) static_cast<void>(lane.workload->find_error(lane.stream.get()));
  const auto scratch = allocator("cuda-malloc").make(compact.stream, {});
  two.all[0].workload->restart_cycle();
  for (int i = 0; i < 4; ++i) {
    two.all[0].workload->enqueue_phase(*scratch, two.all[0].stream.get());
    scratch->end_phase();
  }
  EXPECT_EQ(launches, 2 * host::call_count("cudaLaunchKernel"));
}

// How many allocations there were, and how slow the next one in each allocator is.
class Drowsy final : public BlockAllocator {
 public:
  static inline std::atomic<std::size_t> allocations;
  static inline std::atomic<bool> sleeps;
  using BlockAllocator::BlockAllocator;

  void* allocate(std::size_t bytes) override {
    ++allocations;
    if (sleeps && !std::exchange(has_slept_, true))
      std::this_thread::sleep_for(std::chrono::milliseconds{60});
    return BlockAllocator::allocate(bytes);
  }

 private:
  bool has_slept_ = false;
};

std::unique_ptr<ScratchAllocator> make_drowsy(cudaStream_t, const Demand& demand) {
  return std::make_unique<Drowsy>(demand.max_phase_bytes, BlockAllocator::behind_previous);
}

TEST_F(LaneTurnTest, TheTimeOfAnAllocationIsOverTenThousandOfThemHoweverFewPhasesAreMeasured) {
  const Problem scan = problem("scan");
  for (const SyncMode sync : {SyncMode::end, SyncMode::phase}) {
    for (const std::size_t streams_of_thread : {1u, 3u}) {
      Lanes two = lanes("scan", streams_of_thread == 1 ? 2 : 1, streams_of_thread == 1 ? 2 : 3);
      Drowsy::sleeps = false;
      LaneTurn turn{scan, two, allocator_of<make_drowsy>("drowsy"), {.sync = sync, .iters = 1}};
      turn.measure();
      Drowsy::allocations = 0;
      const TurnResult result = turn.finish();
      EXPECT_GE(Drowsy::allocations, 10'000u * two.threads);
      EXPECT_GT(result.lanes.allocation_ns.value(), 0);
    }
  }
}

TEST_F(LaneTurnTest, TheTimeOfAnAllocationIsThatOfAThreadThatIsAwake) {
  const Problem scan = problem("scan");
  Lanes two = lanes("scan", 2, 2);
  Drowsy::sleeps = false;
  LaneTurn turn{scan, two, allocator_of<make_drowsy>("drowsy"), {.sync = SyncMode::phase, .iters = 1}};
  turn.measure();
  Drowsy::sleeps = true;
  EXPECT_LT(turn.finish().lanes.slowest_allocation_ns.value(), 60e6 / 10'000) << "the sleep is in it";
}

TEST_F(LaneTurnTest, WherePhasesAllocateNothingAnAllocationHasNoTime) {
  const Problem scan = problem("scan");
  Lanes two = lanes("scan", 2, 2);
  for (auto& sizes : two.asked) sizes.clear();
  LaneTurn turn{scan, two, allocator("arena"), {.iters = 1}};
  turn.measure();
  EXPECT_EQ(turn.finish().lanes.allocation_ns, std::nullopt);
}

TEST_F(LaneTurnTest, CountsAndBytesAreOfAllStreams) {
  const Problem scan = problem("scan");
  Lanes two = lanes("scan", 2, 2);
  LaneTurn turn{scan, two, allocator("cuda-malloc"), {.iters = 3}};
  turn.measure();
  const auto counter = make_call_counter().counter;
  const PassCounts counts = turn.count(counter.get());
  EXPECT_EQ(counts.phases, 2u) << "a phase of each stream";
  EXPECT_EQ(static_cast<double>(counts.calls.value().runtime), 2 * 2 * scan.demand.allocations_per_phase);
  EXPECT_EQ(static_cast<double>(counts.reserved_bytes), 2 * scan.demand.bytes_per_phase);
  EXPECT_EQ(counts.peak_live_bytes, counts.reserved_bytes);
}

TEST_F(LaneTurnTest, AWrongResultOnAnyStreamIsFound) {
  static int made = 0;
  const auto make = [](cudaStream_t, const Demand& demand) -> std::unique_ptr<ScratchAllocator> {
    const bool wrong = made++ == 1;
    return std::make_unique<BlockAllocator>(
        demand.max_phase_bytes, wrong ? BlockAllocator::all_at_start : BlockAllocator::behind_previous);
  };
  const Problem scan = problem("scan", 5003);
  Lanes three = lanes("scan", 3, 3, 5003);
  made = 0;
  LaneTurn turn{scan, three, {"second-overlaps", "of a test", make}, {.iters = 3}};
  turn.measure();
  EXPECT_NE(turn.finish().error, std::nullopt);
}

TEST_F(LaneTurnTest, WhatAnAllocatorThrowsInAThreadEndsTheTurn) {
  const Problem scan = problem("scan");
  Lanes two = lanes("scan", 2, 2);
  LaneTurn turn{scan, two, allocator_of<make_exhausted>("exhausted"), {.iters = 3}};
  EXPECT_THROW(turn.measure(), OutOfDeviceMemory);
}

}  // namespace
}  // namespace daa::test
