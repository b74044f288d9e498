// Checked arenas on the host runtime: use by two threads at once, and destroyed streams.

#include <condition_variable>
#include <functional>
#include <mutex>
#include <string>
#include <thread>

#include "backings.hpp"
#include "daa/device_async_arena.hpp"
#include "daa/host_runtime.hpp"
#include "stream_fixture.hpp"

namespace daa::test {
namespace {

namespace rt = host_runtime;

class ArenaCheckedOnHost : public StreamFixture, public ::testing::WithParamInterface<Backing> {
 protected:
  [[nodiscard]] static ArenaOptions options() {
    ArenaOptions options;
    options.backing = GetParam();
    options.checked = true;
    return options;
  }
};

INSTANTIATE_TEST_SUITE_P(Backings, ArenaCheckedOnHost, all_backings(), ::testing::PrintToStringParamName());

// One thread waits for the stream inside reset() while another one allocates.
TEST_P(ArenaCheckedOnHost, DetectsUseByTwoThreadsAtOnce) {
  DeviceAsyncArena arena{stream(), {}, options()};
  static_cast<void>(arena.alloc_bytes(100));
  std::mutex mutex;
  std::condition_variable changed;
  bool may_go_on = false;
  DAA_CUDA_CHECK(rt::launch(stream(), {}, [&] {
    std::unique_lock lock{mutex};
    changed.wait(lock, [&] { return may_go_on; });
  }));
  rt::clear_calls();
  std::thread other([&] { arena.reset(); });
  while (rt::call_count("cudaStreamGetCaptureInfo") == 0) std::this_thread::yield();
  try {
    static_cast<void>(arena.alloc_bytes(100));
    ADD_FAILURE() << "the misuse was not detected";
  } catch (const std::logic_error& error) {
    EXPECT_NE(std::string{error.what()}.find("two threads at once"), std::string::npos) << error.what();
  }
  {
    const std::lock_guard lock{mutex};
    may_go_on = true;
  }
  changed.notify_one();
  other.join();
  EXPECT_NE(arena.alloc_bytes(100), nullptr) << "one after the other is allowed";
}

TEST_P(ArenaCheckedOnHost, DetectsADestroyedStream) {
  cudaStream_t doomed = nullptr;
  ASSERT_EQ(cudaStreamCreate(&doomed), cudaSuccess);
  ::testing::internal::CaptureStderr();
  {
    DeviceAsyncArena arena{doomed, {}, options()};
    static_cast<void>(arena.alloc_bytes(100));
    ASSERT_EQ(cudaStreamDestroy(doomed), cudaSuccess);
    rt::clear_calls();
    for (const auto& use :
         {std::function<void()>{[&] { static_cast<void>(arena.alloc_bytes(1)); }},
          std::function<void()>{[&] { arena.reset(); }}, std::function<void()>{[&] { arena.trim(); }}}) {
      try {
        use();
        ADD_FAILURE() << "the misuse was not detected";
      } catch (const std::logic_error& error) {
        EXPECT_NE(std::string{error.what()}.find("its stream was destroyed"), std::string::npos)
            << error.what();
      }
    }
  }
  EXPECT_NE(::testing::internal::GetCapturedStderr().find("outlives its stream"), std::string::npos);
  EXPECT_EQ(rt::call_count("cudaFreeAsync"), 0u) << "on a handle that may be another stream's by now";
  EXPECT_EQ(cudaPeekAtLastError(), cudaSuccess);
  rt::reset();
  StreamFixture::SetUp();
}

template <class Use>
void expect_error(cudaError_t code, const char* call, Use use) {
  try {
    use();
    ADD_FAILURE() << "nothing was thrown";
  } catch (const CudaError& error) {
    EXPECT_EQ(error.code(), code) << error.what();
    EXPECT_TRUE(call == nullptr || std::string{error.call()} == call) << error.what();
  }
}

TEST_P(ArenaCheckedOnHost, AnErrorThatHasDestroyedTheContextIsReportedUnchanged) {
  ::testing::internal::CaptureStderr();
  {
    DeviceAsyncArena arena{stream(), {}, options()};
    static_cast<void>(arena.alloc_bytes(100));
    rt::fail_call(1, cudaErrorIllegalAddress, "cudaStreamSynchronize");
    EXPECT_EQ(cudaStreamSynchronize(stream()), cudaErrorIllegalAddress);
    expect_error(cudaErrorIllegalAddress, nullptr, [&] { static_cast<void>(arena.alloc_bytes(100)); });
    expect_error(cudaErrorIllegalAddress, nullptr, [&] { arena.trim(); });
    EXPECT_EQ(arena.stats().allocations, 1u);
    expect_error(cudaErrorIllegalAddress, nullptr, [&] { arena.reset(); });
    EXPECT_EQ(arena.stats().phases, 1u) << "the phase has ended";
    EXPECT_EQ(arena.stats().allocations, 0u);
  }
  const std::string output = ::testing::internal::GetCapturedStderr();
  EXPECT_NE(output.find("cudaErrorIllegalAddress"), std::string::npos) << output;
  EXPECT_EQ(output.find("outlives its stream"), std::string::npos) << output;
  rt::reset();
  StreamFixture::SetUp();
}

TEST_P(ArenaCheckedOnHost, AFailedStreamIdQueryIsNotReportedAsADestroyedStream) {
  const auto fail_next = [] { rt::fail_call(1, cudaErrorUnknown, "cudaStreamGetId"); };
  const auto expect_the_error = [](auto use) { expect_error(cudaErrorUnknown, "cudaStreamGetId", use); };
  ::testing::internal::CaptureStderr();
  {
    DeviceAsyncArena arena{stream(), {}, options()};
    void* const scratch = arena.alloc_bytes(100);
    fail_next();
    expect_the_error([&] { static_cast<void>(arena.alloc_bytes(100)); });
    fail_next();
    expect_the_error([&] { arena.recycle(scratch, 100); });
    EXPECT_EQ(arena.stats().allocations, 1u);
    EXPECT_EQ(arena.stats().recycled_bytes, 0u);
    fill(scratch, 1, 101);
    fail_next();
    expect_the_error([&] { arena.reset(); });
    EXPECT_EQ(arena.stats().phases, 1u);
    EXPECT_EQ(arena.stats().allocations, 0u);
    EXPECT_THROW(arena.reset(), MemoryOverrun) << "found by the reset that failed";
    static_cast<void>(arena.alloc_bytes(100));
    EXPECT_EQ(cudaPeekAtLastError(), cudaSuccess);
    fail_next();
  }
  const std::string output = ::testing::internal::GetCapturedStderr();
  EXPECT_NE(output.find("cudaStreamGetId: cudaErrorUnknown"), std::string::npos) << output;
  EXPECT_EQ(output.find("outlives its stream"), std::string::npos) << output;
  EXPECT_EQ(cudaPeekAtLastError(), cudaSuccess);
  ASSERT_EQ(cudaStreamSynchronize(stream()), cudaSuccess);
  EXPECT_EQ(rt::live_allocations(), 0u);
}

// Each CUDA call of a checked arena fails in turn: nothing leaks, the phase continues or has ended as
// specified, and the guards still work afterwards.
TEST_P(ArenaCheckedOnHost, NothingLeaksWhicheverCallFailsAndChecksContinue) {
  for (const char* const function :
       {"cudaMallocAsync", "cuMemCreate", "cudaFreeAsync", "cudaMemsetAsync", "cudaMemcpyAsync",
        "cudaStreamSynchronize", "cudaStreamGetCaptureInfo", "cudaStreamGetId"}) {
    std::size_t k = 1;
    for (bool struck = true; struck; ++k) {
      {
        DeviceAsyncArena arena{stream(), {}, options()};
        rt::fail_call(k, cudaErrorInvalidValue, function);
        const auto attempt = [](const std::function<void()>& step) {
          try {
            step();
          } catch (const CudaError&) {
          }
        };
        for (int phase = 0; phase < 2; ++phase) {
          attempt([&] { static_cast<void>(arena.alloc_bytes(1000)); });
          attempt([&] {
            const ArenaScope scope{arena};
            void* const scratch = arena.alloc_bytes(2000);
            arena.recycle(scratch, 2000);
            static_cast<void>(arena.alloc_bytes(3000));
          });
          attempt([&] { arena.reset(); });
          EXPECT_EQ(arena.stats().allocations, 0u);
        }
        struck = !rt::clear_fault();
        fill(arena.alloc_bytes(10), 1, 11);
        EXPECT_THROW(arena.reset(), MemoryOverrun) << function << " " << k;
      }
      ASSERT_EQ(cudaStreamSynchronize(stream()), cudaSuccess);
      ASSERT_EQ(rt::live_allocations(), 0u) << function << " " << k;
    }
    const std::string name = function;
    const bool is_called = name == "cudaMallocAsync" ? GetParam() != Backing::mapped
                           : name == "cuMemCreate"   ? GetParam() == Backing::mapped
                           : name == "cudaFreeAsync" ? GetParam() == Backing::individual
                                                     : true;
    EXPECT_EQ(k > 2, is_called) << function << (is_called ? " was never called" : " was called");
  }
}

TEST_P(ArenaCheckedOnHost, ARefusedAllocationKeepsChecksEnabled) {
  DeviceAsyncArena arena{stream(), {}, options()};
  static_cast<void>(arena.alloc_bytes(1000));
  EXPECT_THROW(static_cast<void>(arena.alloc_bytes(std::size_t{1} << 50)), OutOfDeviceMemory);
  const auto view = alloc<std::uint8_t>(arena, 100);
  fill(view.data(), 1, 101);
  EXPECT_THROW(arena.recycle(view), MemoryOverrun);
}

}  // namespace
}  // namespace daa::test
