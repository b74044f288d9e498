// Each CUDA call of an arena fails in turn: nothing leaks, nothing is freed twice, nothing changes.

#include <functional>
#include <ostream>

#include "daa/device_async_arena.hpp"
#include "daa/host_runtime.hpp"
#include "stream_fixture.hpp"

namespace daa::test {
namespace {

namespace rt = host_runtime;
constexpr std::size_t unit = std::size_t{1} << 14;

struct Life {
  const char* name;
  ArenaOptions options;
  bool on_default_stream;
};

// For GoogleTest's messages and test names.
void PrintTo(const Life& life, std::ostream* out) {
  *out << life.name;
}

class ArenaFaults : public ::testing::TestWithParam<Life> {};

INSTANTIATE_TEST_SUITE_P(
    Lives, ArenaFaults,
    ::testing::Values(
        Life{"chunked", {Backing::chunked, 2 * unit}, false},
        Life{"chunked_on_the_default_stream", {Backing::chunked, 2 * unit}, true},
        Life{"chunked_retain_0", {Backing::chunked, 2 * unit, 0}, false},
        Life{"chunked_retain_8", {Backing::chunked, 256, 8 * unit}, false},
        Life{"chunked_presized", {Backing::chunked, 2 * unit, 0, CapturePolicy::presized}, false},
        Life{"individual", {Backing::individual, 0, 0}, false},
        Life{"individual_presized", {Backing::individual, 0, 0, CapturePolicy::presized}, false},
        Life{"individual_on_the_default_stream", {Backing::individual, 0, 0}, true},
        Life{"mapped", {Backing::mapped, 2 * unit}, false},
        Life{"mapped_on_the_default_stream", {Backing::mapped, 2 * unit}, true},
        Life{"mapped_retain_0", {Backing::mapped, 2 * unit, 0}, false},
        Life{"mapped_presized", {Backing::mapped, 2 * unit, 0, CapturePolicy::presized}, false}),
    ::testing::PrintToStringParamName());

// Whether `step` threw an exception that an arena may throw.
bool threw(const std::function<void()>& step) {
  try {
    step();
    return false;
  } catch (const CudaError&) {
    return true;
  } catch (const OutOfDeviceMemory&) {
    return true;
  }
}

// A step that failed must have changed only the number of calls made.
void expect_unchanged(const ArenaStats& before, const ArenaStats& after) {
  EXPECT_EQ(before.allocations, after.allocations);
  EXPECT_EQ(before.bytes_requested, after.bytes_requested);
  EXPECT_EQ(before.bytes_in_use, after.bytes_in_use);
  EXPECT_EQ(before.high_water_bytes, after.high_water_bytes);
  EXPECT_EQ(before.bytes_reserved, after.bytes_reserved);
  EXPECT_EQ(before.chunks, after.chunks);
}

// A call by the test itself, repeated if it was the one to fail.
template <class Call>
void make(Call call) {
  if (call() == cudaSuccess) return;
  static_cast<void>(cudaGetLastError());
  EXPECT_EQ(call(), cudaSuccess);
}

// Whatever fails, the thread's current device is unchanged.
void expect_current_device(int expected) {
  int current = -1;
  make([&] { return cudaGetDevice(&current); });
  EXPECT_EQ(current, expected);
}

// Runs all operations of an arena with the k-th call failing. Returns whether there was a k-th call.
bool live_with_fault(const Life& life, std::size_t k, cudaError_t error) {
  rt::reset();
  cudaStream_t stream = nullptr;
  if (!life.on_default_stream) {
    EXPECT_EQ(cudaStreamCreate(&stream), cudaSuccess);
  }
  if (life.on_default_stream) {
    // The current device is not the arena's, so that switching devices is tested too.
    rt::set_device_count(2);
    EXPECT_EQ(cudaSetDevice(1), cudaSuccess);
  }
  rt::fail_call(k, error);
  std::optional<DeviceAsyncArena> arena;
  if (threw([&] { arena.emplace(stream, std::nullopt, life.options); })) {
    EXPECT_EQ(rt::live_allocations(), 0u);
    return !rt::clear_fault();
  }
  if (life.on_default_stream) make([] { return cudaSetDevice(0); });

  const auto alloc_step = [&](std::size_t bytes, std::size_t alignment) -> void* {
    const ArenaStats before = arena->stats();
    void* pointer = nullptr;
    if (threw([&] { pointer = arena->alloc_bytes(bytes, alignment); })) {
      expect_unchanged(before, arena->stats());
      pointer = arena->alloc_bytes(bytes, alignment);  // the fault has occurred: the retry must work
    }
    if (life.on_default_stream) expect_current_device(0);
    if (life.on_default_stream) make([] { return cudaSetDevice(1); });
    make([&] { return cudaMemsetAsync(pointer, 1, bytes, stream); });
    if (life.on_default_stream) make([] { return cudaSetDevice(0); });
    return pointer;
  };
  const auto recycle_step = [&](void* pointer, std::size_t bytes) {
    const std::size_t in_use = arena->stats().bytes_in_use;
    EXPECT_FALSE(threw([&] { arena->recycle(pointer, bytes); }));
    EXPECT_LE(arena->stats().bytes_in_use, in_use - bytes);
  };
  for (int phase = 0; phase < 3; ++phase) {
    for (const std::size_t bytes : {std::size_t{100}, unit, 3 * unit, std::size_t{7}}) alloc_step(bytes, 8);
    alloc_step(1000, unit);
    if (phase == 1) {
      const ArenaStats before = arena->stats();
      if (threw([&] { arena->reserve(40 * unit); })) expect_unchanged(before, arena->stats());
      threw([&] { arena->trim(); });
      EXPECT_EQ(arena->stats().bytes_in_use, before.bytes_in_use);
      EXPECT_EQ(arena->stats().allocations, before.allocations);
      alloc_step(5 * unit, 8);
    }
    {
      const std::size_t in_use = arena->stats().bytes_in_use;
      {
        const ArenaScope scope{*arena};
        void* const recycled = alloc_step(6 * unit, 8);
        alloc_step(unit, 8);
        recycle_step(recycled, 6 * unit);
        alloc_step(7 * unit, 8);
      }
      EXPECT_EQ(arena->stats().bytes_in_use, in_use);
      recycle_step(alloc_step(9 * unit, 4096), 9 * unit);
      EXPECT_EQ(arena->stats().bytes_in_use, in_use);
    }
    threw([&] { arena->reset(); });
    if (life.on_default_stream) expect_current_device(0);
    EXPECT_EQ(arena->stats().allocations, 0u);
    EXPECT_EQ(arena->stats().bytes_in_use, 0u);
  }
  threw([&] { arena->trim(); });
  alloc_step(100, 8);
  EXPECT_LE(rt::live_allocations(), arena->stats().chunks);
  arena.reset();

  const bool struck = !rt::clear_fault();
  int device = -1;
  EXPECT_EQ(cudaGetDevice(&device), cudaSuccess);
  EXPECT_EQ(cudaGetLastError(), cudaSuccess);
  EXPECT_EQ(cudaDeviceSynchronize(), cudaSuccess);
  EXPECT_EQ(rt::violations(), std::vector<std::string>{});
  EXPECT_EQ(rt::live_allocations(), 0u);
  if (life.options.backing == Backing::mapped) {
    const int arena_device = life.on_default_stream ? 1 : 0;
    EXPECT_EQ(cudaSetDevice(arena_device), cudaSuccess);
    EXPECT_EQ(cudaDeviceSynchronize(), cudaSuccess);
    trim_all();
    EXPECT_EQ(rt::mapped_bytes(arena_device), 0u);
  }
  return struck;
}

TEST_P(ArenaFaults, NothingLeaksAndNothingChangesWhicheverCallFails) {
  for (const cudaError_t error : {cudaErrorMemoryAllocation, cudaErrorInvalidValue}) {
    std::size_t k = 1;
    while (live_with_fault(GetParam(), k, error)) {
      if (HasFailure()) FAIL() << "with call " << k << " failing with " << cudaGetErrorName(error);
      ++k;
    }
    EXPECT_GT(k, 10u) << "too few calls were tested";
  }
}

}  // namespace
}  // namespace daa::test
