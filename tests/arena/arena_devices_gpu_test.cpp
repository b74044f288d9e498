// Arenas on several GPUs; needs two. (On the host runtime, which simulates any number of devices:
// arena_calls_host_test.cpp.)

#include <optional>
#include <thread>

#include "backings.hpp"
#include "daa/device_async_arena.hpp"
#include "driver_functions.hpp"
#include "stream_fixture.hpp"

namespace daa::test {
namespace {

constexpr std::size_t MiB = std::size_t{1} << 20;

int device_of(const void* pointer) {
  cudaPointerAttributes attributes{};
  DAA_CUDA_CHECK(cudaPointerGetAttributes(&attributes, pointer));
  return attributes.device;
}

// Must be first: it needs a process that has not used device 0. CTest runs each test in its own process.
class ArenaContexts : public ::testing::TestWithParam<Backing> {};

INSTANTIATE_TEST_SUITE_P(Backings, ArenaContexts, all_backings(), ::testing::PrintToStringParamName());

TEST_P(ArenaContexts, AnArenaOfAnotherDeviceCreatesNoContextForTheThread) {
  int count = 0;
  const cudaError_t error = cudaGetDeviceCount(&count);
  if (error != cudaSuccess || count < 2) GTEST_SKIP() << "needs two GPUs: " << cudaGetErrorString(error);
  DAA_CUDA_CHECK(cudaSetDevice(1));
  const DriverFunctions driver;
  if (driver.has_context(0)) GTEST_SKIP() << "an earlier test of this process has used device 0";

  ArenaOptions options;
  options.backing = GetParam();
  for (const cudaStream_t default_stream : {cudaStream_t{nullptr}, cudaStreamLegacy}) {
    std::optional<DeviceAsyncArena> arena;
    arena.emplace(default_stream, std::nullopt, options);
    void* pointer = nullptr;
    std::thread other{[&] {  // its current device is 0
      for (int phase = 0; phase < 3; ++phase) {
        static_cast<void>(arena->alloc_bytes(5 * MiB));
        arena->reset();
      }
      pointer = arena->alloc_bytes(3 * MiB);
      EXPECT_EQ(driver.current(), nullptr);
      int current = -1;
      EXPECT_EQ(cudaGetDevice(&current), cudaSuccess);
      EXPECT_EQ(current, 0);
    }};
    other.join();
    EXPECT_EQ(device_of(pointer), 1);
    DAA_CUDA_CHECK(cudaMemset(pointer, 1, 3 * MiB));
    std::thread last{[&] { arena.reset(); }};
    last.join();
    EXPECT_FALSE(driver.has_context(0));
    EXPECT_TRUE(driver.has_context(1));
    DAA_CUDA_CHECK(cudaDeviceSynchronize());
  }
}

class ArenaDevices : public StreamFixture, public ::testing::WithParamInterface<Backing> {
 protected:
  void SetUp() override {
    StreamFixture::SetUp();
    if (IsSkipped()) return;
    int count = 0;
    DAA_CUDA_CHECK(cudaGetDeviceCount(&count));
    if (count < 2) GTEST_SKIP() << "needs two GPUs, this machine has " << count;
  }
};

INSTANTIATE_TEST_SUITE_P(Backings, ArenaDevices, all_backings(), ::testing::PrintToStringParamName());

TEST_P(ArenaDevices, MemoryIsOnTheStreamsDeviceWhicheverDeviceIsCurrent) {
  for (const bool default_stream : {false, true}) {
    cudaStream_t of_second = nullptr;
    DAA_CUDA_CHECK(cudaSetDevice(1));
    if (!default_stream) DAA_CUDA_CHECK(cudaStreamCreate(&of_second));
    {
      ArenaOptions options;
      options.backing = GetParam();
      DeviceAsyncArena arena{of_second, {}, options};
      DAA_CUDA_CHECK(cudaSetDevice(0));
      for (int phase = 0; phase < 3; ++phase) {
        EXPECT_EQ(device_of(arena.alloc_bytes(3 * MiB)), 1);
        EXPECT_EQ(device_of(arena.alloc_bytes(5 * MiB)), 1);
        arena.reset();
      }
      int current = -1;
      DAA_CUDA_CHECK(cudaGetDevice(&current));
      EXPECT_EQ(current, 0);
    }
    DAA_CUDA_CHECK(cudaSetDevice(1));
    DAA_CUDA_CHECK(cudaDeviceSynchronize());
    if (!default_stream) DAA_CUDA_CHECK(cudaStreamDestroy(of_second));
    DAA_CUDA_CHECK(cudaSetDevice(0));
  }
}

}  // namespace
}  // namespace daa::test
