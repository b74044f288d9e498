// What holds of any CUDA runtime is tested on this. The tests are built twice, on the host runtime and on a
// GPU's, so that the simulator is held to the real one. Only the CUDA runtime API.
//
// A HostFunctionGate holds a stream up with a host function. While one is closed, no test may depend on a
// second host function: a driver is free to run them all on one thread.
#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <thread>
#include <vector>

#include "graph_fixture.hpp"

namespace daa::test {

inline constexpr std::size_t KiB = 1024;
inline constexpr std::size_t MiB = 1024 * KiB;

/// Blocks a stream from its construction to open(); opens by itself at the end. It also opens after half a
/// minute, so that a call that wrongly waits for the stream makes its test fail and not hang.
class HostFunctionGate {
 public:
  explicit HostFunctionGate(cudaStream_t stream) {
    is_held_ = cudaLaunchHostFunc(stream, pass, this) == cudaSuccess;
    EXPECT_TRUE(is_held_);
  }
  HostFunctionGate(const HostFunctionGate&) = delete;
  HostFunctionGate& operator=(const HostFunctionGate&) = delete;
  ~HostFunctionGate() {
    open();
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return is_passed_ || !is_held_; });
  }

  /// Opens, after a while if there is a delay, without anyone having to wait for it.
  void open(std::chrono::milliseconds delay = {}) {
    const std::lock_guard lock(mutex_);
    delay_ = delay;
    is_open_ = true;
    changed_.notify_all();
  }
  [[nodiscard]] bool has_been_passed() {
    const std::lock_guard lock(mutex_);
    return is_passed_;
  }

 private:
  static void CUDART_CB pass(void* self) { static_cast<HostFunctionGate*>(self)->pass(); }
  void pass() {
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, std::chrono::seconds{30}, [&] { return is_open_; });
    const auto delay = delay_;
    lock.unlock();
    std::this_thread::sleep_for(delay);
    lock.lock();
    is_passed_ = true;
    changed_.notify_all();
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  std::chrono::milliseconds delay_{0};
  bool is_held_ = false;
  bool is_open_ = false;
  bool is_passed_ = false;
};

/// As GraphFixture, warmed up, with events and streams of other kinds.
class RuntimeSemantics : public GraphFixture {
 protected:
  void SetUp() override {
    GraphFixture::SetUp();
    if (IsSkipped() || HasFatalFailure()) return;
    // What a driver loads at first use, it loads now and not while a gate is closed.
    fetch(device, stream);
    ASSERT_CUDA(cudaDeviceSynchronize());
    cudaGetLastError();
  }
  void TearDown() override {
    for (const cudaStream_t each : streams_) EXPECT_CUDA(cudaStreamDestroy(each));
    for (const cudaEvent_t event : timed_events_) EXPECT_CUDA(cudaEventDestroy(event));
    GraphFixture::TearDown();
  }

  cudaStream_t make_blocking_stream() {
    EXPECT_CUDA(cudaStreamCreate(&streams_.emplace_back()));
    return streams_.back();
  }
  cudaEvent_t make_timed_event() {
    EXPECT_CUDA(cudaEventCreate(&timed_events_.emplace_back()));
    return timed_events_.back();
  }
  /// Records a new event.
  cudaEvent_t record(cudaStream_t on) {
    const cudaEvent_t event = make_event();
    EXPECT_CUDA(cudaEventRecord(event, on));
    return event;
  }
  using GraphFixture::set;
  void set(int value, cudaStream_t on) const { EXPECT_CUDA(cudaMemsetAsync(device, value, bytes, on)); }
  /// Copies to pinned memory.
  void fetch(const void* from, cudaStream_t on) const {
    EXPECT_CUDA(cudaMemcpyAsync(pinned, from, bytes, cudaMemcpyDeviceToHost, on));
  }

  /// Whether the event completes soon; for where to wait for it could be for ever.
  static bool completes(cudaEvent_t event) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds{10};
    while (cudaEventQuery(event) == cudaErrorNotReady) {
      if (std::chrono::steady_clock::now() > deadline) return false;
      std::this_thread::sleep_for(std::chrono::milliseconds{1});
    }
    return cudaEventQuery(event) == cudaSuccess;
  }
  /// Whether the event stays incomplete for a while.
  static bool stays_incomplete(cudaEvent_t event) {
    std::this_thread::sleep_for(std::chrono::milliseconds{20});
    return cudaEventQuery(event) == cudaErrorNotReady;
  }

 private:
  std::vector<cudaStream_t> streams_;
  std::vector<cudaEvent_t> timed_events_;
};

}  // namespace daa::test
