// The host runtime: reset(), and the end of the process.

#include <cuda_runtime_api.h>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <future>
#include <thread>

#include "host_runtime_fixture.hpp"

namespace daa::test {
namespace {

using namespace std::chrono_literals;

using Reset = HostRuntime;

TEST_F(Reset, FinishesAllWorkAndForgetsEverything) {
  std::atomic<bool> done{false};
  unsigned char* const pointer = allocate(KiB);
  void* pinned = nullptr;
  EXPECT_CUDA(cudaMallocHost(&pinned, KiB));
  EXPECT_CUDA(host::launch(stream, {{pointer, KiB}}, [&] {
    std::this_thread::sleep_for(10ms);
    done = true;
  }));
  EXPECT_EQ(cudaSetDevice(-1), cudaErrorInvalidDevice);
  EXPECT_EQ(cudaFree(this), cudaErrorInvalidValue);
  host::set_device_count(3);
  EXPECT_CUDA(cudaSetDevice(2));
  host::fail_call(100, cudaErrorUnknown);
  host::reset();
  EXPECT_TRUE(done);
  EXPECT_EQ(host::mapped_bytes(), 0);
  EXPECT_EQ(host::live_allocations(), 0);
  EXPECT_EQ(host::call_count(), 0);
  EXPECT_TRUE(host::violations().empty());
  EXPECT_FALSE(host::clear_fault());
  EXPECT_EQ(cudaGetLastError(), cudaSuccess);
  int device = -1;
  EXPECT_CUDA(cudaGetDevice(&device));
  EXPECT_EQ(device, 0);
  EXPECT_CUDA(cudaGetDeviceCount(&device));
  EXPECT_EQ(device, 1);
  EXPECT_EQ(cudaStreamQuery(stream), cudaErrorInvalidResourceHandle);
}

// Made before the runtime, thus destroyed after it.
struct LastWord {
  void (*say)() = nullptr;
  ~LastWord() {
    if (say != nullptr) say();
  }
} last_word;

class ProcessExit : public HostRuntime {
 protected:
  ProcessExit() { GTEST_FLAG_SET(death_test_style, "threadsafe"); }
};

TEST_F(ProcessExit, LateCallsFindTheRuntimeUnloading) {
  const auto leave = [this] {
    allocate(KiB);
    last_word.say = [] {
      void* pointer = nullptr;
      std::fprintf(stderr, "%s %s %s", cudaGetErrorName(cudaMalloc(&pointer, 1)),
                   cudaGetErrorName(cudaFreeAsync(nullptr, nullptr)), cudaGetErrorName(cudaGetLastError()));
    };
    std::exit(3);
  };
  EXPECT_EXIT(leave(), ::testing::ExitedWithCode(3),
              "cudaErrorCudartUnloading cudaErrorCudartUnloading cudaErrorCudartUnloading");
}

// Launches a task that takes `duration`, and returns once it runs.
void begin_task(cudaStream_t stream, std::chrono::milliseconds duration) {
  static std::promise<void> begun;
  EXPECT_CUDA(host::launch(stream, {}, [=] {
    begun.set_value();
    std::this_thread::sleep_for(duration);
  }));
  begun.get_future().wait();
}

TEST_F(ProcessExit, DropsWorkThatHasNotBegun) {
  const auto leave = [this] {
    begin_task(stream, 50ms);
    EXPECT_CUDA(host::launch(stream, {}, [] { std::_Exit(1); }));
    std::exit(4);
  };
  EXPECT_EXIT(leave(), ::testing::ExitedWithCode(4), "");
}

TEST_F(ProcessExit, DoesNotWaitForEverForATask) {
  const auto leave = [this] {
    begin_task(stream, 1h);
    std::exit(5);
  };
  EXPECT_EXIT(leave(), ::testing::ExitedWithCode(5), "");
}

}  // namespace
}  // namespace daa::test
