// Host cost of an operation in sequences that are as bad for an arena as they can be: about 1,000,000
// allocations and recycles a phase. Nothing runs on the stream.
//
// Each benchmark is one phase an iteration. The counter per_operation is the time of an iteration over its
// operations, first_phase that of the phase in which the arena grows, calls the CUDA calls of a phase that
// comes again.

#include <benchmark/benchmark.h>

#include <algorithm>
#include <chrono>
#include <functional>
#include <random>
#include <vector>

#include "daa/device_async_arena.hpp"
#include "device/handles.hpp"

namespace daa::bench {
namespace {

constexpr std::size_t operations = 1'000'000;
constexpr std::size_t KiB = 1024;

// A phase, in calls on an arena; returns how many they were.
using Sequence = std::function<std::size_t(DeviceAsyncArena&)>;

struct Live {
  void* pointer;
  std::size_t bytes;
};

void run(benchmark::State& state, const Sequence& sequence) {
  const Stream stream = make_stream();
  DeviceAsyncArena arena{stream.get()};
  const auto phase = [&] {
    const std::size_t done = sequence(arena);
    arena.reset();
    return done;
  };
  const auto start = std::chrono::steady_clock::now();
  std::size_t done = phase();
  const std::chrono::duration<double> first = std::chrono::steady_clock::now() - start;
  const std::size_t calls = arena.stats().runtime_calls;
  phase();
  const double again = static_cast<double>(arena.stats().runtime_calls - calls);
  for (auto _ : state) done = phase();
  DAA_CUDA_CHECK(cudaStreamSynchronize(stream.get()));
  state.counters["per_operation"] = benchmark::Counter(
      static_cast<double>(done), benchmark::Counter::kIsIterationInvariantRate | benchmark::Counter::kInvert);
  state.counters["first_phase"] = first.count() / static_cast<double>(done);
  state.counters["calls"] = again;
}

// A large hole is filled with small pieces.
std::size_t pieces_of_a_hole(DeviceAsyncArena& arena) {
  const auto hole = alloc<std::byte>(arena, operations * 256);
  static_cast<void>(arena.alloc_bytes(1));
  arena.recycle(hole);
  for (std::size_t i = 0; i < operations; ++i) benchmark::DoNotOptimize(arena.alloc_bytes(256));
  return operations;
}

// Half of the operations allocate; then all are recycled, in an order of no kind.
std::size_t recycled_at_random(DeviceAsyncArena& arena, std::size_t alignment) {
  std::vector<Live> live(operations / 2);
  std::mt19937 random{1};
  for (Live& each : live) {
    each.bytes = 1 + random() % KiB;
    each.pointer = arena.alloc_bytes(each.bytes, alignment);
  }
  std::shuffle(live.begin(), live.end(), random);
  for (const Live& each : live) arena.recycle(each.pointer, each.bytes);
  return operations;
}

// Alternating allocations and recycles of random sizes, 10,000 of them live.
std::size_t random_churn(DeviceAsyncArena& arena) {
  std::vector<Live> live(10'000);
  std::mt19937 random{1};
  for (std::size_t i = 0; i < operations / 2; ++i) {
    Live& each = live[random() % live.size()];
    if (each.pointer != nullptr) arena.recycle(each.pointer, each.bytes);
    each.bytes = std::size_t{256} << random() % 8;
    each.pointer = arena.alloc_bytes(each.bytes);
  }
  return operations;
}

// Holes at Fibonacci distances: a table of them that multiplies by the golden ratio puts all in one place.
std::size_t fibonacci_holes(DeviceAsyncArena& arena) {
  std::vector<std::size_t> distances{1, 2};
  while (distances.size() < 24) distances.push_back(distances.end()[-1] + distances.end()[-2]);
  std::vector<void*> holes;
  for (const std::size_t distance : distances) {
    holes.push_back(arena.alloc_bytes(256));
    static_cast<void>(arena.alloc_bytes(distance * 256));
  }
  for (void* const hole : holes) arena.recycle(hole, 256);
  std::size_t done = 0;
  for (; done < operations; done += 2 * holes.size()) {
    for (void*& hole : holes) hole = arena.alloc_bytes(256);
    for (void* const hole : holes) arena.recycle(hole, 256);
  }
  return done;
}

// A scope for each allocation, while there is a hole outside.
std::size_t scopes_beside_a_hole(DeviceAsyncArena& arena) {
  void* const hole = arena.alloc_bytes(256);
  static_cast<void>(arena.alloc_bytes(256));
  arena.recycle(hole, 256);
  for (std::size_t i = 0; i < operations; ++i) {
    const ArenaScope scope{arena};
    benchmark::DoNotOptimize(arena.alloc_bytes(KiB));
  }
  return operations;
}

// One large block again and again, as a handle does that never resets.
std::size_t one_large_block(DeviceAsyncArena& arena) {
  static_cast<void>(arena.alloc_bytes(256));
  for (std::size_t i = 0; i < operations / 2; ++i)
    arena.recycle(arena.alloc_bytes(std::size_t{10} << 20), std::size_t{10} << 20);
  return operations;
}

const bool registered = [] {
  const auto add = [](const char* name, Sequence sequence) {
    benchmark::RegisterBenchmark(name, [sequence](benchmark::State& state) { run(state, sequence); })
        ->UseRealTime()
        ->Unit(benchmark::kMillisecond);
  };
  add("sequence/pieces_of_a_hole", pieces_of_a_hole);
  add("sequence/recycled_at_random", [](DeviceAsyncArena& arena) { return recycled_at_random(arena, 256); });
  add("sequence/over_aligned_recycled_at_random",
      [](DeviceAsyncArena& arena) { return recycled_at_random(arena, 512); });
  add("sequence/random_churn", random_churn);
  add("sequence/fibonacci_holes", fibonacci_holes);
  add("sequence/scopes_beside_a_hole", scopes_beside_a_hole);
  add("sequence/one_large_block", one_large_block);
  return true;
}();

}  // namespace
}  // namespace daa::bench
