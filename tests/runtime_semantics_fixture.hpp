// What holds of any CUDA runtime is tested on this. The tests are built twice, on the host runtime and on a
// GPU's, so that the simulator is held to the real one. Only the CUDA runtime API.
//
// A Gate holds a stream up with a host function. While one is closed, no test may depend on a second host
// function: a driver is free to run them all on one thread.
#pragma once

#include <cuda_runtime_api.h>
#include <gtest/gtest.h>

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <thread>
#include <vector>

namespace daa::test {

inline constexpr std::size_t KiB = 1024;
inline constexpr std::size_t MiB = 1024 * KiB;

#define ASSERT_CUDA(call) ASSERT_EQ((call), cudaSuccess)
#define EXPECT_CUDA(call) EXPECT_EQ((call), cudaSuccess)

/// Blocks a stream from hold() to open(); opens by itself at the end. It also opens after half a minute, so
/// that a call that wrongly waits for the stream makes its test fail and not hang.
class Gate {
 public:
  Gate() = default;
  Gate(const Gate&) = delete;
  Gate& operator=(const Gate&) = delete;
  ~Gate() {
    open();
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return passed_ == held_; });
  }

  void hold(cudaStream_t stream) {
    ASSERT_CUDA(cudaLaunchHostFunc(stream, pass, this));
    const std::lock_guard lock(mutex_);
    ++held_;
  }
  void open() {
    const std::lock_guard lock(mutex_);
    is_open_ = true;
    changed_.notify_all();
  }
  /// Opens after a while, without anyone having to wait for it.
  void open_in(std::chrono::milliseconds delay) {
    const std::lock_guard lock(mutex_);
    delay_ = delay;
    is_open_ = true;
    changed_.notify_all();
  }
  [[nodiscard]] bool has_been_passed() {
    const std::lock_guard lock(mutex_);
    return held_ > 0 && passed_ == held_;
  }

 private:
  static void CUDART_CB pass(void* self) { static_cast<Gate*>(self)->pass(); }
  void pass() {
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, std::chrono::seconds{30}, [&] { return is_open_; });
    const auto delay = delay_;
    lock.unlock();
    std::this_thread::sleep_for(delay);
    lock.lock();
    ++passed_;
    changed_.notify_all();
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  std::chrono::milliseconds delay_{0};
  bool is_open_ = false;
  int held_ = 0;
  int passed_ = 0;
};

/// Device 0, warmed up: two streams that do not synchronise with the legacy default stream, pinned and device
/// memory. Skips where there is no device.
class RuntimeSemantics : public ::testing::Test {
 protected:
  static constexpr std::size_t bytes = 4 * KiB;

  void SetUp() override {
    int count = 0;
    const cudaError_t error = cudaGetDeviceCount(&count);
    if (error != cudaSuccess || count == 0) GTEST_SKIP() << "no GPU: " << cudaGetErrorString(error);
    ASSERT_CUDA(cudaSetDevice(0));
    ASSERT_CUDA(cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking));
    ASSERT_CUDA(cudaStreamCreateWithFlags(&other, cudaStreamNonBlocking));
    ASSERT_CUDA(cudaMalloc(&device, bytes));
    void* host = nullptr;
    ASSERT_CUDA(cudaMallocHost(&host, bytes));
    pinned = static_cast<unsigned char*>(host);
    // What a driver loads at first use, it loads now and not while a gate is closed.
    ASSERT_CUDA(cudaMemsetAsync(device, 0, bytes, stream));
    ASSERT_CUDA(cudaMemcpyAsync(pinned, device, bytes, cudaMemcpyDeviceToHost, stream));
    ASSERT_CUDA(cudaDeviceSynchronize());
    cudaGetLastError();
  }

  void TearDown() override {
    if (stream == nullptr) return;
    EXPECT_CUDA(cudaDeviceSynchronize());
    for (const cudaEvent_t event : events_) EXPECT_CUDA(cudaEventDestroy(event));
    for (const cudaStream_t each : streams_) EXPECT_CUDA(cudaStreamDestroy(each));
    EXPECT_CUDA(cudaFreeHost(pinned));
    EXPECT_CUDA(cudaFree(device));
    EXPECT_CUDA(cudaStreamDestroy(stream));
    EXPECT_CUDA(cudaStreamDestroy(other));
  }

  cudaEvent_t make_event(unsigned int flags = cudaEventDefault) {
    cudaEvent_t event = nullptr;
    EXPECT_CUDA(cudaEventCreateWithFlags(&event, flags));
    events_.push_back(event);
    return event;
  }

  cudaStream_t make_blocking_stream() {
    cudaStream_t made = nullptr;
    EXPECT_CUDA(cudaStreamCreate(&made));
    streams_.push_back(made);
    return made;
  }

  /// Records a new event.
  cudaEvent_t record(cudaStream_t on) {
    const cudaEvent_t event = make_event(cudaEventDisableTiming);
    EXPECT_CUDA(cudaEventRecord(event, on));
    return event;
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

  cudaStream_t stream = nullptr;
  cudaStream_t other = nullptr;
  void* device = nullptr;
  unsigned char* pinned = nullptr;

 private:
  std::vector<cudaEvent_t> events_;
  std::vector<cudaStream_t> streams_;
};

/// As above, with a pool of the test's own, so that its figures are the test's alone. The pool is destroyed
/// once the device is idle: driver 580 crashes where frees are pending and memory is short.
class PoolSemantics : public RuntimeSemantics {
 protected:
  void SetUp() override {
    RuntimeSemantics::SetUp();
    if (IsSkipped() || HasFatalFailure()) return;
    pool = make_pool();
  }
  void TearDown() override {
    if (pool != nullptr) {
      EXPECT_CUDA(cudaDeviceSynchronize());
      EXPECT_CUDA(cudaMemPoolDestroy(pool));
    }
    RuntimeSemantics::TearDown();
  }

  /// `max_bytes`: most that it takes from the device; 0 for no bound of its own.
  static cudaMemPool_t make_pool(std::size_t max_bytes = 0) {
    cudaMemPoolProps props{};
    props.maxSize = max_bytes;
    props.allocType = cudaMemAllocationTypePinned;
    props.location.type = cudaMemLocationTypeDevice;
    props.location.id = 0;
    cudaMemPool_t made = nullptr;
    EXPECT_CUDA(cudaMemPoolCreate(&made, &props));
    return made;
  }

  [[nodiscard]] std::uint64_t attribute(cudaMemPoolAttr which) const { return attribute(pool, which); }
  static std::uint64_t attribute(cudaMemPool_t of, cudaMemPoolAttr which) {
    std::uint64_t value = 0;
    EXPECT_CUDA(cudaMemPoolGetAttribute(of, which, &value));
    return value;
  }
  [[nodiscard]] std::uint64_t reserved() const { return attribute(cudaMemPoolAttrReservedMemCurrent); }
  [[nodiscard]] std::uint64_t used() const { return attribute(cudaMemPoolAttrUsedMemCurrent); }
  void set_threshold(std::uint64_t threshold) const {
    EXPECT_CUDA(cudaMemPoolSetAttribute(pool, cudaMemPoolAttrReleaseThreshold, &threshold));
  }

  void* allocate(std::size_t size) const {
    void* pointer = nullptr;
    EXPECT_CUDA(cudaMallocFromPoolAsync(&pointer, size, pool, stream));
    return pointer;
  }

  cudaMemPool_t pool = nullptr;
};

/// As above, with a pool that takes no more than max_bytes from the device.
class BoundedPoolSemantics : public PoolSemantics {
 protected:
  static constexpr std::size_t max_bytes = 128 * MiB;

  void SetUp() override {
    PoolSemantics::SetUp();
    if (IsSkipped() || HasFatalFailure()) return;
    EXPECT_CUDA(cudaMemPoolDestroy(pool));
    pool = make_pool(max_bytes);
  }

  /// Whether the pool has no memory of `size` for the stream.
  [[nodiscard]] bool is_refused(std::size_t size) const {
    void* pointer = nullptr;
    const cudaError_t error = cudaMallocFromPoolAsync(&pointer, size, pool, stream);
    cudaGetLastError();
    if (error == cudaSuccess) {
      EXPECT_CUDA(cudaFreeAsync(pointer, stream));
    }
    return error == cudaErrorMemoryAllocation;
  }
};

}  // namespace daa::test
