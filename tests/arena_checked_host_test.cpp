// What only the host runtime can show of checked arenas: two threads at once, and streams that are gone.

#include <condition_variable>
#include <mutex>
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

INSTANTIATE_TEST_SUITE_P(Backings, ArenaCheckedOnHost, both_backings(), ::testing::PrintToStringParamName());

// A thread waits inside reset() for the stream, while another one allocates.
TEST_P(ArenaCheckedOnHost, TwoThreadsAtOnceAreNoticed) {
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
    ADD_FAILURE() << "unnoticed";
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

TEST_P(ArenaCheckedOnHost, AStreamThatWasDestroyedIsNoticed) {
  cudaStream_t doomed = nullptr;
  ASSERT_EQ(cudaStreamCreate(&doomed), cudaSuccess);
  ::testing::internal::CaptureStderr();
  {
    DeviceAsyncArena arena{doomed, {}, options()};
    static_cast<void>(arena.alloc_bytes(100));
    ASSERT_EQ(cudaStreamDestroy(doomed), cudaSuccess);
    for (const auto& use :
         {std::function<void()>{[&] { static_cast<void>(arena.alloc_bytes(1)); }},
          std::function<void()>{[&] { arena.reset(); }}, std::function<void()>{[&] { arena.trim(); }}}) {
      try {
        use();
        ADD_FAILURE() << "unnoticed";
      } catch (const std::logic_error& error) {
        EXPECT_NE(std::string{error.what()}.find("its stream was destroyed"), std::string::npos)
            << error.what();
      }
    }
  }
  EXPECT_NE(::testing::internal::GetCapturedStderr().find("outlives its stream"), std::string::npos);
  EXPECT_EQ(cudaPeekAtLastError(), cudaSuccess);
  rt::reset();
  StreamFixture::SetUp();
}

// Every call of a checked life made to fail in turn: nothing leaks, nothing hangs.
TEST_P(ArenaCheckedOnHost, NothingLeaksWhateverCallFails) {
  for (std::size_t k = 1;; ++k) {
    rt::fail_call(k, cudaErrorInvalidValue);
    try {
      DeviceAsyncArena arena{stream(), {}, options()};
      const auto attempt = [](const std::function<void()>& step) {
        try {
          step();
        } catch (const CudaError&) {
        } catch (const std::logic_error& error) {
          // An id that cannot be had looks like that of a stream that is gone.
          EXPECT_NE(std::string{error.what()}.find("its stream was destroyed"), std::string::npos);
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
      }
    } catch (const CudaError&) {
    }
    const bool struck = !rt::clear_fault();
    ASSERT_EQ(cudaStreamSynchronize(stream()), cudaSuccess);
    ASSERT_EQ(rt::live_allocations(), 0u) << "with call " << k << " failing";
    if (!struck) {
      EXPECT_GT(k, 20u);
      break;
    }
  }
}

}  // namespace
}  // namespace daa::test
