// The CUDA runtime calls that an arena makes, from the host runtime's log.

#include <malloc.h>

#include <optional>
#include <thread>

#include "backings.hpp"
#include "daa/device_async_arena.hpp"
#include "daa/host_runtime.hpp"
#include "driver_functions.hpp"
#include "stream_fixture.hpp"

namespace daa::test {
namespace {

namespace rt = host_runtime;
constexpr std::size_t MiB = std::size_t{1} << 20;

class ArenaCalls : public StreamFixture, public ::testing::WithParamInterface<Backing> {
 protected:
  void SetUp() override {
    rt::reset();
    StreamFixture::SetUp();
  }
  void TearDown() override {
    StreamFixture::TearDown();
    EXPECT_EQ(rt::violations(), std::vector<std::string>{});
    rt::reset();
  }
  [[nodiscard]] ArenaOptions options() const {
    ArenaOptions result;
    result.backing = GetParam();
    return result;
  }

  // Everything an arena does, including growth, merge, failure and destruction.
  void live_a_life(std::optional<cudaMemPool_t> pool) const {
    DeviceAsyncArena arena{stream(), pool, options()};
    for (int phase = 0; phase < 3; ++phase) {
      for (int i = 0; i < 20; ++i) static_cast<void>(arena.alloc_bytes(MiB));
      static_cast<void>(arena.alloc_bytes(10, 4096));
      EXPECT_THROW(static_cast<void>(arena.alloc_bytes(std::size_t{1} << 50)), OutOfDeviceMemory);
      arena.reset();
    }
    arena.reserve(100 * MiB);
    arena.trim();
    static_cast<void>(arena.alloc_bytes(MiB));
  }
};

INSTANTIATE_TEST_SUITE_P(Backings, ArenaCalls, pool_backings(), ::testing::PrintToStringParamName());

TEST_P(ArenaCalls, NeverSynchronisesAndNeverAllocatesOutsideThePool) {
  rt::clear_calls();
  live_a_life({});
  for (const char* const forbidden :
       {"cudaDeviceSynchronize", "cudaStreamSynchronize", "cudaEventSynchronize", "cudaMalloc", "cudaFree",
        "cudaMemPoolSetAttribute", "cudaMemPoolTrimTo", "cudaDeviceSetMemPool", "cudaMallocFromPoolAsync"}) {
    EXPECT_EQ(rt::call_count(forbidden), 0u) << forbidden;
  }
  EXPECT_GT(rt::call_count("cudaMallocAsync"), 0u);
  EXPECT_EQ(rt::live_allocations(), 0u);
}

TEST_P(ArenaCalls, AllocatesOnlyFromTheGivenPool) {
  cudaMemPool_t pool = nullptr;
  ASSERT_EQ(cudaDeviceGetDefaultMemPool(&pool, 0), cudaSuccess);
  rt::clear_calls();
  live_a_life(pool);
  EXPECT_EQ(rt::call_count("cudaMallocAsync"), 0u);
  EXPECT_GT(rt::call_count("cudaMallocFromPoolAsync"), 0u);
}

TEST_P(ArenaCalls, CountsEveryCallItMakes) {
  DeviceAsyncArena arena{stream(), {}, options()};
  rt::clear_calls();
  for (int phase = 0; phase < 3; ++phase) {
    for (int i = 0; i < 20; ++i) static_cast<void>(arena.alloc_bytes(MiB));
    arena.reset();
  }
  arena.trim();
  EXPECT_THROW(static_cast<void>(arena.alloc_bytes(std::size_t{1} << 50)), OutOfDeviceMemory);
  EXPECT_EQ(arena.stats().runtime_calls, rt::call_count());

  DeviceAsyncArena on_default_stream{nullptr, {}, options()};
  rt::clear_calls();
  static_cast<void>(on_default_stream.alloc_bytes(MiB));
  const std::size_t calls_before = on_default_stream.stats().runtime_calls;
  EXPECT_EQ(on_default_stream.stats().runtime_calls, rt::call_count());

  rt::set_device_count(2);
  ASSERT_EQ(cudaSetDevice(1), cudaSuccess);
  rt::clear_calls();
  static_cast<void>(on_default_stream.alloc_bytes(MiB));
  on_default_stream.reset();
  EXPECT_THROW(static_cast<void>(on_default_stream.alloc_bytes(std::size_t{1} << 50)), OutOfDeviceMemory);
  EXPECT_GT(rt::call_count("cuCtxPushCurrent"), 0u);
  EXPECT_EQ(on_default_stream.stats().runtime_calls, calls_before + rt::call_count());
}

TEST_P(ArenaCalls, MemoryIsOnTheStreamsDeviceWhicheverDeviceIsCurrent) {
  rt::reset();
  rt::set_device_count(2);
  for (const bool default_stream : {false, true}) {
    cudaStream_t of_second = nullptr;
    ASSERT_EQ(cudaSetDevice(1), cudaSuccess);
    if (!default_stream) {
      ASSERT_EQ(cudaStreamCreate(&of_second), cudaSuccess);
    }
    {
      DeviceAsyncArena arena{of_second, {}, options()};
      ASSERT_EQ(cudaSetDevice(0), cudaSuccess);
      static_cast<void>(arena.alloc_bytes(3 * MiB));
      EXPECT_GE(rt::mapped_bytes(1), 3 * MiB);
      EXPECT_EQ(rt::mapped_bytes(0), 0u);
      int current = -1;
      ASSERT_EQ(cudaGetDevice(&current), cudaSuccess);
      EXPECT_EQ(current, 0) << "the current device is left as it was";
      arena.reset();
      static_cast<void>(arena.alloc_bytes(5 * MiB));
      EXPECT_EQ(rt::mapped_bytes(0), 0u);
      rt::set_memory_limit(64 * MiB, 1);
      try {
        static_cast<void>(arena.alloc_bytes(65 * MiB));
        ADD_FAILURE() << "the limit of device 1 was ignored";
      } catch (const OutOfDeviceMemory& error) {
        EXPECT_EQ(error.shortage().device_total, 64 * MiB) << "device 1's total";
      }
    }
    if (!default_stream) {
      EXPECT_EQ(cudaStreamDestroy(of_second), cudaSuccess);
    }
    ASSERT_EQ(cudaSetDevice(1), cudaSuccess);
    ASSERT_EQ(cudaDeviceSynchronize(), cudaSuccess);
    ASSERT_EQ(cudaSetDevice(0), cudaSuccess);
  }
  rt::reset();
  StreamFixture::SetUp();
}

TEST_P(ArenaCalls, AFailedGrowthLeavesNoLastError) {
  DeviceAsyncArena arena{stream(), {}, options()};
  rt::fail_call(1, cudaErrorMemoryAllocation, "cudaMallocAsync");
  if (GetParam() == Backing::individual) {
    EXPECT_THROW(static_cast<void>(arena.alloc_bytes(100)), OutOfDeviceMemory);
  } else {
    EXPECT_NE(arena.alloc_bytes(100), nullptr) << "the first chunk may be smaller than initial_bytes";
    EXPECT_EQ(arena.stats().bytes_reserved, MiB);
  }
  EXPECT_EQ(cudaPeekAtLastError(), cudaSuccess);
}

TEST_P(ArenaCalls, AnErrorOtherThanOutOfMemoryIsACudaErrorWithItsCode) {
  DeviceAsyncArena arena{stream(), {}, options()};
  rt::fail_call(1, cudaErrorNotSupported, "cudaMallocAsync");
  try {
    static_cast<void>(arena.alloc_bytes(100));
    FAIL();
  } catch (const CudaError& error) {
    EXPECT_EQ(error.code(), cudaErrorNotSupported);
    EXPECT_NE(std::string{error.what()}.find("cudaMallocAsync"), std::string::npos) << error.what();
    EXPECT_NE(std::string{error.what()}.find("cudaErrorNotSupported"), std::string::npos) << error.what();
  }
}

TEST_P(ArenaCalls, AFailedFreeEndsThePhaseAndIsRetried) {
  ArenaOptions keep_nothing = options();
  keep_nothing.retain_bytes = 0;
  DeviceAsyncArena arena{stream(), {}, keep_nothing};
  static_cast<void>(arena.alloc_bytes(3 * MiB));
  rt::fail_call(1, cudaErrorInvalidValue, "cudaFreeAsync");
  EXPECT_THROW(arena.reset(), CudaError);
  EXPECT_EQ(arena.stats().allocations, 0u);
  EXPECT_EQ(arena.stats().bytes_in_use, 0u);
  EXPECT_EQ(arena.stats().bytes_reserved, 3 * MiB);
  EXPECT_EQ(rt::live_allocations(), 1u);
  arena.trim();
  EXPECT_EQ(arena.stats().bytes_reserved, 0u);
  EXPECT_EQ(rt::live_allocations(), 0u);
}

// For a context that an illegal access has destroyed.
TEST_P(ArenaCalls, MemoryThatCouldNotBeFreedIsReportedAndNotReused) {
  ArenaOptions keep_nothing = options();
  keep_nothing.retain_bytes = 0;
  {
    DeviceAsyncArena arena{stream(), {}, keep_nothing};
    static_cast<void>(arena.alloc_bytes(MiB));
    rt::fail_call(1, cudaErrorIllegalAddress, "");
    EXPECT_EQ(cudaStreamSynchronize(stream()), cudaErrorIllegalAddress);
    const auto expect_error = [&](const char* what, auto&& step) {
      try {
        step();
        ADD_FAILURE() << what << " reports success";
      } catch (const CudaError& error) {
        EXPECT_EQ(error.code(), cudaErrorIllegalAddress) << what;
      }
    };
    expect_error("reset()", [&] { arena.reset(); });
    EXPECT_EQ(arena.stats().bytes_in_use, 0u) << "the phase has ended";
    expect_error("trim()", [&] { arena.trim(); });
    expect_error("alloc_bytes()", [&] { static_cast<void>(arena.alloc_bytes(MiB)); });
    expect_error("the next reset()", [&] { arena.reset(); });
  }
  rt::reset();
  SetUp();
}

TEST_P(ArenaCalls, AFailedCaptureQueryIsReportedAndTheMemoryIsFreedLater) {
  ArenaOptions keep_nothing = options();
  keep_nothing.retain_bytes = 0;
  DeviceAsyncArena arena{stream(), {}, keep_nothing};
  static_cast<void>(arena.alloc_bytes(MiB));
  rt::fail_call(1, cudaErrorUnknown, "cudaStreamGetCaptureInfo");
  try {
    arena.reset();
    FAIL() << "reset() reports success, and nothing was freed";
  } catch (const CudaError& error) {
    EXPECT_EQ(error.code(), cudaErrorUnknown);
    EXPECT_STREQ(error.call(), "cudaStreamGetCaptureInfo");
  }
  EXPECT_GE(arena.stats().bytes_reserved, MiB);
  arena.reset();
  EXPECT_EQ(arena.stats().bytes_reserved, 0u);
  EXPECT_EQ(rt::live_allocations(), 0u);
}

TEST_P(ArenaCalls, ADestroyedStreamIsReportedIfThereIsMemoryToFree) {
  cudaStream_t destroyed = nullptr;
  ASSERT_EQ(cudaStreamCreate(&destroyed), cudaSuccess);
  ArenaOptions keep_nothing = options();
  keep_nothing.retain_bytes = 0;
  {
    DeviceAsyncArena arena{destroyed, {}, keep_nothing};
    static_cast<void>(arena.alloc_bytes(MiB));
    ASSERT_EQ(cudaStreamDestroy(destroyed), cudaSuccess);
    EXPECT_THROW(arena.reset(), CudaError);
    EXPECT_THROW(arena.trim(), CudaError);
    EXPECT_THROW(static_cast<void>(arena.alloc_bytes(MiB)), CudaError);
  }
  rt::reset();
  SetUp();
}

TEST_P(ArenaCalls, TheDestructorIgnoresARuntimeThatIsUnloading) {
  auto arena = std::make_unique<DeviceAsyncArena>(stream(), std::nullopt, options());
  static_cast<void>(arena->alloc_bytes(100));
  rt::fail_call(1, cudaErrorCudartUnloading, "cudaFreeAsync");
  arena.reset();
  EXPECT_FALSE(rt::clear_fault()) << "the destructor did not try";
  EXPECT_EQ(cudaPeekAtLastError(), cudaSuccess);
}

TEST_P(ArenaCalls, TheConstructorRefusesAnInvalidStream) {
  cudaStream_t destroyed = nullptr;
  ASSERT_EQ(cudaStreamCreate(&destroyed), cudaSuccess);
  ASSERT_EQ(cudaStreamDestroy(destroyed), cudaSuccess);
  EXPECT_THROW((DeviceAsyncArena{destroyed, {}, options()}), CudaError);
}

TEST_P(ArenaCalls, TheConstructorRefusesANullPool) {
  EXPECT_THROW((DeviceAsyncArena{stream(), cudaMemPool_t{nullptr}, options()}), std::invalid_argument);
}

// Two devices without a context.
class ArenaContexts : public ::testing::TestWithParam<Backing> {
 protected:
  ArenaContexts() { set_up_machine(); }
  ~ArenaContexts() override {
    EXPECT_EQ(rt::violations(), std::vector<std::string>{});
    rt::reset();
  }
  static void set_up_machine() {
    trim_all();
    rt::reset();
    rt::set_device_count(2);
  }
  [[nodiscard]] static ArenaOptions options() {
    ArenaOptions result;
    result.backing = GetParam();
    return result;
  }
};

INSTANTIATE_TEST_SUITE_P(Backings, ArenaContexts, all_backings(), ::testing::PrintToStringParamName());

TEST_P(ArenaContexts, AnArenaOfAnotherDeviceCreatesNoContextForTheThread) {
  const DriverFunctions driver;
  for (const cudaStream_t default_stream : {cudaStream_t{nullptr}, cudaStreamLegacy}) {
    set_up_machine();
    rt::set_memory_limit(64 * MiB, 1);
    ASSERT_EQ(cudaSetDevice(1), cudaSuccess);
    std::optional<DeviceAsyncArena> arena;
    arena.emplace(default_stream, std::nullopt, options());
    std::thread other{[&] {  // its current device is 0, which has not been used
      static_cast<void>(arena->alloc_bytes(3 * MiB));
      arena->reset();
      static_cast<void>(arena->alloc_bytes(5 * MiB));
      EXPECT_THROW(static_cast<void>(arena->alloc_bytes(65 * MiB)), OutOfDeviceMemory);
      EXPECT_GE(rt::mapped_bytes(1), 5 * MiB);
      arena.reset();
      EXPECT_EQ(driver.current(), nullptr);
      int current = -1;
      EXPECT_EQ(cudaGetDevice(&current), cudaSuccess);
      EXPECT_EQ(current, 0);
    }};
    other.join();
    EXPECT_FALSE(rt::has_context(0));
    EXPECT_EQ(rt::live_allocations(), 0u);
  }
}

TEST_P(ArenaContexts, AContextCreatedByAnArenaIsKept) {
  {
    DeviceAsyncArena arena{nullptr, {}, options()};  // of device 0
    EXPECT_FALSE(rt::has_context(0)) << "an arena that has no memory needs none";
    ASSERT_EQ(cudaSetDevice(1), cudaSuccess);
    for (int phase = 0; phase < 2; ++phase) {
      static_cast<void>(arena.alloc_bytes(3 * MiB));
      EXPECT_TRUE(rt::has_context(0) || GetParam() == Backing::mapped);  // maps memory without a context
      arena.reset();
    }
  }
  EXPECT_EQ(rt::mapped_bytes(1), 0u);
}

// More phases alternate than there are plans, so that plans are made and dropped all the time.
TEST(ArenaHostMemory, DoesNotGrowIn100000PhasesThatAlternate) {
  rt::reset();
  for (const Backing backing : {Backing::chunked, Backing::mapped}) {
    ArenaOptions options;
    options.backing = backing;
    DeviceAsyncArena arena{nullptr, {}, options};
    const auto run_phases = [&](std::size_t count) {
      for (std::size_t phase = 0; phase < count; ++phase) {
        const std::size_t kind = phase % 6 + 1;
        for (std::size_t i = 0; i < 4; ++i) {
          void* const first = arena.alloc_bytes(kind * (i + 1) * 1000);
          static_cast<void>(arena.alloc_bytes((7 - kind) * 3000));
          arena.recycle(first, kind * (i + 1) * 1000);
        }
        arena.reset();
      }
      rt::clear_calls();
      return mallinfo2().uordblks;
    };
    const std::size_t before = run_phases(1000);
    EXPECT_LE(run_phases(99'000), before + 64 * 1024) << ::testing::PrintToString(backing);
  }
  rt::reset();
}

TEST(ArenaCallsIndividual, EachAllocationAndEachFreeIsOneCall) {
  rt::reset();
  cudaStream_t stream = nullptr;
  ASSERT_EQ(cudaStreamCreate(&stream), cudaSuccess);
  {
    ArenaOptions options;
    options.backing = Backing::individual;
    DeviceAsyncArena arena{stream, {}, options};
    rt::clear_calls();
    for (int i = 0; i < 7; ++i) static_cast<void>(arena.alloc_bytes(100));
    EXPECT_EQ(rt::call_count("cudaMallocAsync"), 7u);
    EXPECT_EQ(rt::call_count("cudaStreamGetCaptureInfo"), 1u) << "a phase in a capture is refused";
    EXPECT_EQ(rt::call_count(), 8u);
    arena.reset();
    EXPECT_EQ(rt::call_count("cudaFreeAsync"), 7u);
    EXPECT_EQ(rt::call_count(), 16u);
  }
  ASSERT_EQ(cudaStreamDestroy(stream), cudaSuccess);
}

TEST(ArenaCallsChunked, ARepeatedPhaseMakesNoCall) {
  rt::reset();
  cudaStream_t stream = nullptr;
  ASSERT_EQ(cudaStreamCreate(&stream), cudaSuccess);
  {
    DeviceAsyncArena arena{stream};
    const auto phase = [&] {
      for (int i = 0; i < 50; ++i) static_cast<void>(arena.alloc_bytes(MiB));
      arena.reset();
    };
    phase();
    rt::clear_calls();
    for (int i = 0; i < 10; ++i) phase();
    EXPECT_EQ(rt::call_count(), 0u);
  }
  ASSERT_EQ(cudaStreamDestroy(stream), cudaSuccess);
}

TEST(ArenaCallsChunked, IfMemoryIsShortReserveMayFreeTheEmptyCurrentChunk) {
  rt::reset();
  cudaStream_t stream = nullptr;
  ASSERT_EQ(cudaStreamCreate(&stream), cudaSuccess);
  {
    DeviceAsyncArena arena{stream};
    static_cast<void>(arena.alloc_bytes(2 * MiB));
    {
      const ArenaScope scope{arena};
      static_cast<void>(arena.alloc_bytes(MiB));
    }
    rt::fail_call(1, cudaErrorMemoryAllocation, "cudaMallocAsync");
    arena.reserve(64 * MiB);
    void* const scratch = arena.alloc_bytes(1000);
    ASSERT_EQ(cudaMemsetAsync(scratch, 1, 1000, stream), cudaSuccess);
    arena.recycle(scratch, 1000);
  }
  ASSERT_EQ(cudaStreamDestroy(stream), cudaSuccess);
  EXPECT_EQ(rt::violations(), std::vector<std::string>{});
  rt::reset();
}

TEST(ArenaCallsChunked, IfMemoryIsShortGrowthFallsBackToTheRequestedSize) {
  rt::reset();
  rt::set_memory_limit(48 * MiB);
  cudaStream_t stream = nullptr;
  ASSERT_EQ(cudaStreamCreate(&stream), cudaSuccess);
  {
    DeviceAsyncArena arena{stream};
    static_cast<void>(arena.alloc_bytes(30 * MiB));
    static_cast<void>(arena.alloc_bytes(10 * MiB));  // doubling would take another 30
    EXPECT_EQ(arena.stats().bytes_reserved, 40 * MiB);
    const ArenaStats before = arena.stats();
    EXPECT_THROW(static_cast<void>(arena.alloc_bytes(9 * MiB)), OutOfDeviceMemory);
    EXPECT_EQ(arena.stats().bytes_in_use, before.bytes_in_use);
    EXPECT_NE(arena.alloc_bytes(8 * MiB), nullptr);
  }
  ASSERT_EQ(cudaStreamDestroy(stream), cudaSuccess);
  rt::reset();
}

}  // namespace
}  // namespace daa::test
