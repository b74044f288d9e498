// The host runtime: the log of calls, calls that fail because a test says so, reset() and the process's end.

#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <future>
#include <stdexcept>
#include <thread>
#include <vector>

#include "host_runtime_fixture.hpp"

namespace daa::test {
namespace {

using namespace std::chrono_literals;

using CallLog = HostRuntime;

TEST_F(CallLog, SaysWhatWasCalledWithWhatInOrder) {
  unsigned char* const pointer = allocate(100);
  EXPECT_CUDA(cudaMemsetAsync(pointer, 0, 50, stream));
  EXPECT_CUDA(host::launch(stream, {}, [] {}));
  EXPECT_EQ(cudaSetDevice(9), cudaErrorInvalidDevice);
  free(pointer);
  const struct {
    const char* function;
    cudaStream_t stream;
    std::size_t bytes;
    void* pointer;
    cudaError_t result;
  } rows[] = {
      {"cudaMallocAsync", stream, 100, pointer, cudaSuccess},
      {"cudaMemsetAsync", stream, 50, pointer, cudaSuccess},
      {"cudaLaunchKernel", stream, 0, nullptr, cudaSuccess},
      {"cudaSetDevice", nullptr, 0, nullptr, cudaErrorInvalidDevice},
      {"cudaFreeAsync", stream, 0, pointer, cudaSuccess},
  };
  const std::vector<host::Call> calls = host::calls();
  ASSERT_EQ(calls.size(), std::size(rows));
  for (std::size_t i = 0; i < calls.size(); ++i) {
    EXPECT_EQ(calls[i].function, rows[i].function);
    EXPECT_EQ(calls[i].stream, rows[i].stream) << rows[i].function;
    EXPECT_EQ(calls[i].bytes, rows[i].bytes) << rows[i].function;
    EXPECT_EQ(calls[i].pointer, rows[i].pointer) << rows[i].function;
    EXPECT_EQ(calls[i].result, rows[i].result) << rows[i].function;
  }
}

TEST_F(CallLog, CountsByFunctionInOneOrderAndIsCleared) {
  free(allocate(1));
  free(allocate(1));
  EXPECT_EQ(host::call_count("cudaMallocAsync"), 2);
  EXPECT_EQ(host::call_count("cudaStreamSynchronize"), 0);
  EXPECT_EQ(host::call_count(), 4);
  EXPECT_THROW(static_cast<void>(host::call_count("cudaMalocAsync")), std::invalid_argument);
  const std::vector<host::FunctionCount> before = host::call_counts();
  std::size_t calls = 0;
  for (const host::FunctionCount& each : before) {
    EXPECT_EQ(each.calls, host::call_count(each.function)) << each.function;
    calls += each.calls;
  }
  EXPECT_EQ(calls, 4);
  host::clear_calls();
  EXPECT_EQ(host::call_count(), 0);
  EXPECT_TRUE(host::calls().empty());
  free(allocate(1));
  const std::vector<host::FunctionCount> after = host::call_counts();
  ASSERT_EQ(after.size(), before.size());
  for (std::size_t i = 0; i < after.size(); ++i) EXPECT_EQ(after[i].function, before[i].function);
}

TEST_F(CallLog, CountsEveryCallAndKeepsTheFirstAndLeavesOutQueriesOfTheErrorState) {
  cudaGetLastError();
  cudaPeekAtLastError();
  cudaGetErrorName(cudaSuccess);
  cudaGetErrorString(cudaSuccess);
  EXPECT_EQ(host::call_count(), 0);
  int device = 0;
  EXPECT_CUDA(cudaStreamQuery(stream));
  for (std::size_t i = 0; i < host::max_recorded_calls; ++i) cudaGetDevice(&device);
  EXPECT_EQ(host::call_count(), host::max_recorded_calls + 1);
  EXPECT_EQ(host::calls().size(), host::max_recorded_calls);
  EXPECT_EQ(host::calls().front().function, "cudaStreamQuery");
}

// --- faults ------------------------------------------------------------------------------------------------

using Faults = HostRuntime;

TEST_F(Faults, StrikeTheKthCallAndNoOther) {
  constexpr std::size_t calls_made = 5;
  for (std::size_t k = 1; k <= calls_made + 1; ++k) {
    host::clear_calls();
    host::fail_call(k, cudaErrorInvalidConfiguration);
    void* pointer = nullptr;
    cudaMallocAsync(&pointer, KiB, stream);
    cudaStreamQuery(stream);
    cudaGetLastError();
    cudaFreeAsync(pointer, stream);
    cudaStreamSynchronize(stream);
    cudaDeviceSynchronize();
    const std::vector<host::Call> calls = host::calls();
    ASSERT_EQ(calls.size(), calls_made);
    for (std::size_t i = 0; i < calls_made; ++i) {
      EXPECT_EQ(calls[i].result == cudaErrorInvalidConfiguration, i + 1 == k)
          << "call " << i + 1 << ", k " << k;
    }
    EXPECT_EQ(host::clear_fault(), k > calls_made);
    if (k == 1) host::clear_violations();  // the free of null
    if (k == 3) free(pointer);
  }
}

TEST_F(Faults, MakeTheKthCallOfAFunctionDoNothing) {
  void* direct = this;
  host::fail_call(1, cudaErrorMemoryAllocation);
  EXPECT_EQ(cudaMalloc(&direct, KiB), cudaErrorMemoryAllocation);
  EXPECT_EQ(direct, this);
  EXPECT_EQ(host::mapped_bytes(), 0);
  host::fail_call(2, cudaErrorMemoryAllocation, "cudaMallocAsync");
  unsigned char* const allocated = allocate(KiB);
  void* pointer = this;
  EXPECT_CUDA(cudaStreamQuery(other));
  EXPECT_EQ(cudaMallocAsync(&pointer, KiB, stream), cudaErrorMemoryAllocation);
  EXPECT_EQ(cudaGetLastError(), cudaErrorMemoryAllocation);
  EXPECT_EQ(pointer, this);
  EXPECT_EQ(host::live_allocations(), 1);
  free(allocate(1));
  host::fail_call(1, cudaErrorInvalidValue, "cudaFreeAsync");
  EXPECT_EQ(cudaFreeAsync(allocated, stream), cudaErrorInvalidValue);
  EXPECT_EQ(host::live_allocations(), 1);
  bool ran = false;
  host::fail_call(1, cudaErrorLaunchOutOfResources, "cudaLaunchKernel");
  EXPECT_EQ(host::launch(stream, {}, [&] { ran = true; }), cudaErrorLaunchOutOfResources);
  synchronize();
  EXPECT_FALSE(ran);
  free(allocated);
}

TEST_F(Faults, ThatDestroyTheContextAreReturnedByEveryLaterCallUntilReset) {
  host::fail_call(1, cudaErrorIllegalAddress, "cudaStreamSynchronize");
  EXPECT_EQ(cudaStreamSynchronize(stream), cudaErrorIllegalAddress);
  void* pointer = nullptr;
  EXPECT_EQ(cudaMalloc(&pointer, 1), cudaErrorIllegalAddress);
  EXPECT_EQ(cudaGetLastError(), cudaErrorIllegalAddress);
  EXPECT_EQ(cudaGetLastError(), cudaErrorIllegalAddress);
  std::thread([] { EXPECT_EQ(cudaStreamSynchronize(nullptr), cudaErrorIllegalAddress); }).join();
  host::reset();
  EXPECT_EQ(cudaGetLastError(), cudaSuccess);
  EXPECT_CUDA(cudaDeviceSynchronize());
}

TEST_F(Faults, CanBeReplacedAndTakenBackAndMustMakeSense) {
  host::fail_call(1, cudaErrorInvalidValue, "cudaMalloc");
  host::fail_call(1, cudaErrorInvalidValue, "cudaFree");
  EXPECT_TRUE(host::clear_fault());
  EXPECT_FALSE(host::clear_fault());
  void* pointer = nullptr;
  EXPECT_CUDA(cudaMalloc(&pointer, 1));
  EXPECT_CUDA(cudaFree(pointer));
  EXPECT_THROW(host::fail_call(0, cudaErrorInvalidValue), std::invalid_argument);
  EXPECT_THROW(host::fail_call(1, cudaSuccess), std::invalid_argument);
  EXPECT_THROW(host::fail_call(1, cudaErrorInvalidValue, "cudaMaloc"), std::invalid_argument);
}

// --- reset and the end of the process ----------------------------------------------------------------------

using Reset = HostRuntime;

TEST_F(Reset, FinishesAllWorkAndForgetsEverything) {
  std::atomic<bool> done{false};
  unsigned char* const pointer = allocate(KiB);
  void* pinned = nullptr;
  auto mode = cudaStreamCaptureModeRelaxed;
  EXPECT_CUDA(cudaMallocHost(&pinned, KiB));
  EXPECT_CUDA(cudaThreadExchangeStreamCaptureMode(&mode));
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
  mode = cudaStreamCaptureModeRelaxed;
  EXPECT_CUDA(cudaThreadExchangeStreamCaptureMode(&mode));
  EXPECT_EQ(mode, cudaStreamCaptureModeGlobal);
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

  // Launches a task that takes `duration`, and returns once it runs.
  void begin_task(std::chrono::milliseconds duration) const {
    static std::promise<void> begun;
    EXPECT_CUDA(host::launch(stream, {}, [=] {
      begun.set_value();
      std::this_thread::sleep_for(duration);
    }));
    begun.get_future().wait();
  }
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

TEST_F(ProcessExit, DropsWorkThatHasNotBegunAndDoesNotWaitForEverForATask) {
  const auto leave = [this](std::chrono::milliseconds duration) {
    begin_task(duration);
    EXPECT_CUDA(host::launch(stream, {}, [] { std::_Exit(1); }));
    std::exit(4);
  };
  EXPECT_EXIT(leave(50ms), ::testing::ExitedWithCode(4), "");
  EXPECT_EXIT(leave(1h), ::testing::ExitedWithCode(4), "");
}

}  // namespace
}  // namespace daa::test
