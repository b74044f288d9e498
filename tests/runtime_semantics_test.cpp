// What holds of any CUDA runtime. Built twice, on the host runtime and on a GPU's, so that the simulator is
// held to the real one. Only the CUDA runtime API.
//
// A Gate holds a stream up with a host function. While one is closed, nothing here may depend on a second
// host function: a driver is free to run them all on one thread.

#include <cuda_runtime_api.h>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <cstring>
#include <limits>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace {

using namespace std::chrono_literals;

constexpr std::size_t KiB = 1024;
constexpr std::size_t MiB = 1024 * KiB;

#define ASSERT_CUDA(call) ASSERT_EQ((call), cudaSuccess)
#define EXPECT_CUDA(call) EXPECT_EQ((call), cudaSuccess)

/// Blocks a stream from hold() to open(); opens by itself at the end.
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
    changed_.wait(lock, [&] { return is_open_; });
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
    const auto deadline = std::chrono::steady_clock::now() + 10s;
    while (cudaEventQuery(event) == cudaErrorNotReady) {
      if (std::chrono::steady_clock::now() > deadline) return false;
      std::this_thread::sleep_for(1ms);
    }
    return cudaEventQuery(event) == cudaSuccess;
  }

  /// Whether the event stays incomplete for a while.
  static bool stays_incomplete(cudaEvent_t event) {
    std::this_thread::sleep_for(20ms);
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

/// As above, with a pool of the test's own, so that its figures are the test's alone.
class PoolSemantics : public RuntimeSemantics {
 protected:
  void SetUp() override {
    RuntimeSemantics::SetUp();
    if (IsSkipped() || HasFatalFailure()) return;
    pool = make_pool();
  }
  void TearDown() override {
    if (pool != nullptr) {
      EXPECT_CUDA(cudaMemPoolDestroy(pool));
    }
    RuntimeSemantics::TearDown();
  }

  static cudaMemPool_t make_pool() {
    cudaMemPoolProps props{};
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

// --- errors ------------------------------------------------------------------------------------------------

TEST_F(RuntimeSemantics, LastErrorIsReturnedUntilItIsReset) {
  EXPECT_EQ(cudaSetDevice(-1), cudaErrorInvalidDevice);
  EXPECT_EQ(cudaPeekAtLastError(), cudaErrorInvalidDevice);
  EXPECT_EQ(cudaPeekAtLastError(), cudaErrorInvalidDevice);
  EXPECT_EQ(cudaGetLastError(), cudaErrorInvalidDevice);
  EXPECT_EQ(cudaGetLastError(), cudaSuccess);
}

TEST_F(RuntimeSemantics, SuccessfulCallsLeaveTheLastErrorAlone) {
  EXPECT_EQ(cudaSetDevice(-1), cudaErrorInvalidDevice);
  EXPECT_CUDA(cudaMemsetAsync(device, 0, bytes, stream));
  EXPECT_CUDA(cudaStreamSynchronize(stream));
  EXPECT_EQ(cudaGetLastError(), cudaErrorInvalidDevice);
}

TEST_F(RuntimeSemantics, TheNewestErrorIsTheLastError) {
  EXPECT_EQ(cudaSetDevice(-1), cudaErrorInvalidDevice);
  EXPECT_EQ(cudaGetDeviceCount(nullptr), cudaErrorInvalidValue);
  EXPECT_EQ(cudaGetLastError(), cudaErrorInvalidValue);
}

TEST_F(RuntimeSemantics, LastErrorBelongsToTheThread) {
  EXPECT_EQ(cudaSetDevice(-1), cudaErrorInvalidDevice);
  cudaError_t seen_elsewhere = cudaErrorUnknown;
  std::thread([&] { seen_elsewhere = cudaGetLastError(); }).join();
  EXPECT_EQ(seen_elsewhere, cudaSuccess);
  EXPECT_EQ(cudaGetLastError(), cudaErrorInvalidDevice);
}

TEST_F(RuntimeSemantics, ErrorsHaveNamesAndDescriptions) {
  EXPECT_STREQ(cudaGetErrorName(cudaSuccess), "cudaSuccess");
  EXPECT_STREQ(cudaGetErrorString(cudaSuccess), "no error");
  EXPECT_STREQ(cudaGetErrorName(cudaErrorMemoryAllocation), "cudaErrorMemoryAllocation");
  EXPECT_STREQ(cudaGetErrorString(cudaErrorMemoryAllocation), "out of memory");
  EXPECT_STREQ(cudaGetErrorString(cudaErrorInvalidValue), "invalid argument");
  EXPECT_STREQ(cudaGetErrorString(cudaErrorInvalidDevice), "invalid device ordinal");
  EXPECT_STREQ(cudaGetErrorString(cudaErrorInvalidResourceHandle), "invalid resource handle");
  EXPECT_STREQ(cudaGetErrorString(cudaErrorNotReady), "device not ready");
  EXPECT_STREQ(cudaGetErrorString(cudaErrorIllegalAddress), "an illegal memory access was encountered");
  EXPECT_STREQ(cudaGetErrorName(static_cast<cudaError_t>(12345)), "unrecognized error code");
  EXPECT_STREQ(cudaGetErrorString(static_cast<cudaError_t>(12345)), "unrecognized error code");
}

TEST_F(RuntimeSemantics, DevicesThatDoNotExistAreInvalid) {
  int count = 0;
  ASSERT_CUDA(cudaGetDeviceCount(&count));
  int value = 0;
  cudaDeviceProp properties;
  cudaMemPool_t pool = nullptr;
  EXPECT_EQ(cudaSetDevice(count), cudaErrorInvalidDevice);
  EXPECT_EQ(cudaGetDeviceProperties(&properties, count), cudaErrorInvalidDevice);
  EXPECT_EQ(cudaDeviceGetAttribute(&value, cudaDevAttrWarpSize, count), cudaErrorInvalidDevice);
  EXPECT_EQ(cudaDeviceGetDefaultMemPool(&pool, count), cudaErrorInvalidDevice);
  ASSERT_CUDA(cudaGetDevice(&value));
  EXPECT_EQ(value, 0);
}

TEST_F(RuntimeSemantics, NullResultsAndUnknownFlagsAreInvalidValues) {
  cudaStream_t no_stream = nullptr;
  cudaEvent_t no_event = nullptr;
  EXPECT_EQ(cudaMalloc(nullptr, 1), cudaErrorInvalidValue);
  EXPECT_EQ(cudaMallocAsync(nullptr, 1, stream), cudaErrorInvalidValue);
  EXPECT_EQ(cudaGetDevice(nullptr), cudaErrorInvalidValue);
  EXPECT_EQ(cudaStreamCreateWithFlags(&no_stream, 0xF0), cudaErrorInvalidValue);
  EXPECT_EQ(cudaEventCreateWithFlags(&no_event, 0xF0), cudaErrorInvalidValue);
}

TEST_F(RuntimeSemantics, NullIsNoEventAndTheDefaultStreamCannotBeDestroyed) {
  EXPECT_EQ(cudaEventRecord(nullptr, stream), cudaErrorInvalidResourceHandle);
  EXPECT_EQ(cudaStreamWaitEvent(stream, nullptr, 0), cudaErrorInvalidResourceHandle);
  EXPECT_EQ(cudaStreamDestroy(nullptr), cudaErrorInvalidResourceHandle);
}

TEST_F(RuntimeSemantics, CopiesHaveOneOfFiveDirections) {
  const auto sideways = static_cast<cudaMemcpyKind>(7);
  EXPECT_EQ(cudaMemcpy(pinned, device, bytes, sideways), cudaErrorInvalidMemcpyDirection);
  EXPECT_EQ(cudaMemcpyAsync(pinned, device, bytes, sideways, stream), cudaErrorInvalidMemcpyDirection);
}

TEST_F(RuntimeSemantics, NothingIsCopiedFromAnywhereToAnywhere) {
  EXPECT_CUDA(cudaMemcpy(nullptr, nullptr, 0, cudaMemcpyDefault));
  EXPECT_CUDA(cudaMemcpyAsync(nullptr, nullptr, 0, cudaMemcpyHostToDevice, stream));
}

TEST_F(RuntimeSemantics, MoreThanThereIsCannotBeAllocated) {
  constexpr std::size_t petabyte = std::size_t{1} << 50;
  void* pointer = nullptr;
  EXPECT_EQ(cudaMalloc(&pointer, petabyte), cudaErrorMemoryAllocation);
  EXPECT_EQ(cudaMallocAsync(&pointer, petabyte, stream), cudaErrorMemoryAllocation);
  EXPECT_EQ(cudaGetLastError(), cudaErrorMemoryAllocation);
  ASSERT_CUDA(cudaMallocAsync(&pointer, bytes, stream));
  EXPECT_CUDA(cudaFreeAsync(pointer, stream));
}

TEST_F(RuntimeSemantics, WhatIsNotAllocatedCannotBeFreed) {
  int on_the_stack = 0;
  EXPECT_EQ(cudaFree(&on_the_stack), cudaErrorInvalidValue);
  EXPECT_EQ(cudaFreeAsync(&on_the_stack, stream), cudaErrorInvalidValue);
  EXPECT_CUDA(cudaFree(nullptr));
  EXPECT_CUDA(cudaFreeHost(nullptr));
}

TEST_F(RuntimeSemantics, ASecondFreeIsAnInvalidValue) {
  void* pointer = nullptr;
  ASSERT_CUDA(cudaMalloc(&pointer, bytes));
  EXPECT_CUDA(cudaFree(pointer));
  EXPECT_EQ(cudaFree(pointer), cudaErrorInvalidValue);
  ASSERT_CUDA(cudaMallocAsync(&pointer, bytes, stream));
  EXPECT_CUDA(cudaFreeAsync(pointer, stream));
  EXPECT_EQ(cudaFreeAsync(pointer, stream), cudaErrorInvalidValue);
}

// --- streams -----------------------------------------------------------------------------------------------

TEST_F(RuntimeSemantics, WorkOfAStreamRunsInOrder) {
  for (unsigned char i = 0; i < 100; ++i) {
    ASSERT_CUDA(cudaMemsetAsync(device, i, bytes, stream));
    ASSERT_CUDA(cudaMemcpyAsync(pinned + i, device, 1, cudaMemcpyDeviceToHost, stream));
  }
  ASSERT_CUDA(cudaStreamSynchronize(stream));
  for (unsigned char i = 0; i < 100; ++i) EXPECT_EQ(pinned[i], i);
}

TEST_F(RuntimeSemantics, AStreamRunsBehindTheHost) {
  Gate gate;
  gate.hold(stream);
  EXPECT_EQ(cudaStreamQuery(stream), cudaErrorNotReady);
  pinned[0] = 1;
  EXPECT_CUDA(cudaMemsetAsync(device, 2, bytes, stream));
  EXPECT_CUDA(cudaMemcpyAsync(pinned, device, 1, cudaMemcpyDeviceToHost, stream));
  EXPECT_EQ(pinned[0], 1);
  EXPECT_EQ(cudaStreamQuery(stream), cudaErrorNotReady);
  gate.open();
  EXPECT_CUDA(cudaStreamSynchronize(stream));
  EXPECT_CUDA(cudaStreamQuery(stream));
  EXPECT_EQ(pinned[0], 2);
}

TEST_F(RuntimeSemantics, HostFunctionsRunInStreamOrder) {
  struct Seen {
    const unsigned char* from;
    int value;
  } seen{pinned, -1};
  ASSERT_CUDA(cudaMemsetAsync(device, 7, bytes, stream));
  ASSERT_CUDA(cudaMemcpyAsync(pinned, device, bytes, cudaMemcpyDeviceToHost, stream));
  const auto look = [](void* data) {
    auto* const to = static_cast<Seen*>(data);
    to->value = to->from[bytes - 1];
  };
  ASSERT_CUDA(cudaLaunchHostFunc(stream, look, &seen));
  ASSERT_CUDA(cudaStreamSynchronize(stream));
  EXPECT_EQ(seen.value, 7);
}

TEST_F(RuntimeSemantics, StreamsDoNotWaitForEachOther) {
  Gate gate;
  gate.hold(stream);
  EXPECT_CUDA(cudaMemsetAsync(device, 1, bytes, other));
  EXPECT_TRUE(completes(record(other)));
}

TEST_F(RuntimeSemantics, ADestroyedStreamFinishesItsWork) {
  Gate gate;
  cudaStream_t doomed = nullptr;
  ASSERT_CUDA(cudaStreamCreateWithFlags(&doomed, cudaStreamNonBlocking));
  pinned[0] = 1;
  gate.hold(doomed);
  EXPECT_CUDA(cudaMemsetAsync(device, 2, bytes, doomed));
  EXPECT_CUDA(cudaMemcpyAsync(pinned, device, 1, cudaMemcpyDeviceToHost, doomed));
  const cudaEvent_t end = record(doomed);
  EXPECT_CUDA(cudaStreamDestroy(doomed));
  EXPECT_EQ(cudaEventQuery(end), cudaErrorNotReady);
  gate.open();
  EXPECT_CUDA(cudaEventSynchronize(end));
  EXPECT_EQ(pinned[0], 2);
}

TEST_F(RuntimeSemantics, DeviceSynchronizeWaitsForEveryStream) {
  Gate gate;
  gate.hold(stream);
  gate.open_in(50ms);
  EXPECT_CUDA(cudaDeviceSynchronize());
  EXPECT_TRUE(gate.has_been_passed());
}

TEST_F(RuntimeSemantics, StreamsHaveADeviceAndAnIdentity) {
  int ordinal = -1;
  unsigned long long id = 0;
  unsigned long long other_id = 0;
  EXPECT_CUDA(cudaStreamGetDevice(stream, &ordinal));
  EXPECT_EQ(ordinal, 0);
  EXPECT_CUDA(cudaStreamGetId(stream, &id));
  EXPECT_CUDA(cudaStreamGetId(other, &other_id));
  EXPECT_NE(id, other_id);
}

// --- the default streams -----------------------------------------------------------------------------------

TEST_F(RuntimeSemantics, TheLegacyStreamWaitsForBlockingStreams) {
  const cudaStream_t blocking = make_blocking_stream();
  Gate gate;
  gate.hold(blocking);
  EXPECT_CUDA(cudaMemsetAsync(device, 1, bytes, cudaStreamLegacy));
  const cudaEvent_t behind = record(cudaStreamLegacy);
  EXPECT_TRUE(stays_incomplete(behind));
  gate.open();
  EXPECT_CUDA(cudaEventSynchronize(behind));
}

TEST_F(RuntimeSemantics, BlockingStreamsWaitForTheLegacyStream) {
  const cudaStream_t first = make_blocking_stream();
  const cudaStream_t second = make_blocking_stream();
  Gate gate;
  gate.hold(first);
  EXPECT_CUDA(cudaMemsetAsync(device, 1, bytes, nullptr));
  EXPECT_CUDA(cudaMemsetAsync(device, 2, bytes, second));
  const cudaEvent_t behind = record(second);
  EXPECT_TRUE(stays_incomplete(behind));
  gate.open();
  EXPECT_CUDA(cudaEventSynchronize(behind));
}

TEST_F(RuntimeSemantics, NonBlockingStreamsDoNotWaitForTheLegacyStream) {
  Gate gate;
  gate.hold(nullptr);
  EXPECT_CUDA(cudaMemsetAsync(device, 1, bytes, stream));
  EXPECT_TRUE(completes(record(stream)));
}

TEST_F(RuntimeSemantics, TheLegacyStreamDoesNotWaitForNonBlockingStreams) {
  Gate gate;
  gate.hold(stream);
  EXPECT_CUDA(cudaMemsetAsync(device, 1, bytes, nullptr));
  EXPECT_TRUE(completes(record(nullptr)));
}

TEST_F(RuntimeSemantics, ThePerThreadStreamSynchronisesWithTheLegacyStream) {
  Gate gate;
  gate.hold(cudaStreamPerThread);
  EXPECT_CUDA(cudaMemsetAsync(device, 1, bytes, cudaStreamLegacy));
  const cudaEvent_t behind = record(cudaStreamLegacy);
  EXPECT_TRUE(stays_incomplete(behind));
  gate.open();
  EXPECT_CUDA(cudaEventSynchronize(behind));
}

TEST_F(RuntimeSemantics, EveryThreadHasItsOwnPerThreadStream) {
  Gate gate;
  gate.hold(cudaStreamPerThread);
  bool elsewhere_is_idle = false;
  std::thread([&] { elsewhere_is_idle = cudaStreamQuery(cudaStreamPerThread) == cudaSuccess; }).join();
  EXPECT_TRUE(elsewhere_is_idle);
  EXPECT_EQ(cudaStreamQuery(cudaStreamPerThread), cudaErrorNotReady);
}

TEST_F(RuntimeSemantics, ACopyToPageableMemoryIsDoneWhenItReturns) {
  unsigned char pageable = 0;
  Gate gate;
  gate.hold(stream);
  EXPECT_CUDA(cudaMemsetAsync(device, 2, bytes, stream));
  gate.open_in(50ms);
  EXPECT_CUDA(cudaMemcpyAsync(&pageable, device, 1, cudaMemcpyDeviceToHost, stream));
  EXPECT_EQ(pageable, 2);
}

TEST_F(RuntimeSemantics, ABlockingCopyToTheHostWaitsForBlockingStreams) {
  const cudaStream_t blocking = make_blocking_stream();
  unsigned char pageable = 0;
  Gate gate;
  EXPECT_CUDA(cudaMemsetAsync(device, 1, bytes, blocking));
  gate.hold(blocking);
  EXPECT_CUDA(cudaMemsetAsync(device, 2, bytes, blocking));
  gate.open_in(50ms);
  EXPECT_CUDA(cudaMemcpy(&pageable, device, 1, cudaMemcpyDeviceToHost));
  EXPECT_EQ(pageable, 2);
}

// --- events ------------------------------------------------------------------------------------------------

TEST_F(RuntimeSemantics, AnEventNeverRecordedIsComplete) {
  const cudaEvent_t event = make_event();
  EXPECT_CUDA(cudaEventQuery(event));
  EXPECT_CUDA(cudaEventSynchronize(event));
  EXPECT_CUDA(cudaStreamWaitEvent(stream, event, 0));
}

TEST_F(RuntimeSemantics, AnEventCompletesWithTheWorkBeforeIt) {
  Gate gate;
  gate.hold(stream);
  const cudaEvent_t event = record(stream);
  EXPECT_EQ(cudaEventQuery(event), cudaErrorNotReady);
  gate.open();
  EXPECT_CUDA(cudaEventSynchronize(event));
  EXPECT_TRUE(gate.has_been_passed());
  EXPECT_CUDA(cudaEventQuery(event));
}

TEST_F(RuntimeSemantics, AStreamWaitsForAnEventOfAnother) {
  Gate gate;
  gate.hold(stream);
  EXPECT_CUDA(cudaMemsetAsync(device, 5, bytes, stream));
  EXPECT_CUDA(cudaStreamWaitEvent(other, record(stream), 0));
  EXPECT_CUDA(cudaMemcpyAsync(pinned, device, bytes, cudaMemcpyDeviceToHost, other));
  EXPECT_TRUE(stays_incomplete(record(other)));
  gate.open();
  EXPECT_CUDA(cudaStreamSynchronize(other));
  EXPECT_EQ(pinned[bytes - 1], 5);
}

TEST_F(RuntimeSemantics, AWaitIsForTheRecordingThatThereWasWhenItWasMade) {
  const cudaStream_t third = make_blocking_stream();
  Gate gate;
  gate.hold(stream);
  const cudaEvent_t event = record(stream);
  EXPECT_CUDA(cudaStreamWaitEvent(other, event, 0));
  EXPECT_CUDA(cudaEventRecord(event, third));
  EXPECT_TRUE(completes(event));
  EXPECT_TRUE(stays_incomplete(record(other)));
  gate.open();
  EXPECT_CUDA(cudaStreamSynchronize(other));
}

TEST_F(RuntimeSemantics, AWaitOutlivesItsEvent) {
  Gate gate;
  gate.hold(stream);
  cudaEvent_t event = nullptr;
  ASSERT_CUDA(cudaEventCreateWithFlags(&event, cudaEventDisableTiming));
  EXPECT_CUDA(cudaEventRecord(event, stream));
  EXPECT_CUDA(cudaStreamWaitEvent(other, event, 0));
  EXPECT_CUDA(cudaEventDestroy(event));
  EXPECT_TRUE(stays_incomplete(record(other)));
  gate.open();
  EXPECT_CUDA(cudaStreamSynchronize(other));
}

TEST_F(RuntimeSemantics, ElapsedTimeIsThatBetweenTwoEvents) {
  const cudaEvent_t start = make_event();
  const cudaEvent_t end = make_event();
  EXPECT_CUDA(cudaEventRecord(start, stream));
  Gate gate;
  gate.hold(stream);
  EXPECT_CUDA(cudaEventRecord(end, stream));
  float ms = -1;
  EXPECT_EQ(cudaEventElapsedTime(&ms, start, end), cudaErrorNotReady);
  EXPECT_TRUE(completes(start));
  gate.open_in(50ms);
  EXPECT_CUDA(cudaEventSynchronize(end));
  EXPECT_CUDA(cudaEventElapsedTime(&ms, start, end));
  EXPECT_GE(ms, 45);
  EXPECT_LT(ms, 60'000);
  EXPECT_CUDA(cudaEventElapsedTime(&ms, start, start));
  EXPECT_EQ(ms, 0);
}

TEST_F(RuntimeSemantics, ElapsedTimeNeedsTwoRecordedEventsWithTiming) {
  const cudaEvent_t recorded = make_event();
  const cudaEvent_t never_recorded = make_event();
  EXPECT_CUDA(cudaEventRecord(recorded, stream));
  const cudaEvent_t without_timing = record(stream);
  EXPECT_CUDA(cudaStreamSynchronize(stream));
  float ms = 0;
  EXPECT_EQ(cudaEventElapsedTime(&ms, recorded, never_recorded), cudaErrorInvalidResourceHandle);
  EXPECT_EQ(cudaEventElapsedTime(&ms, recorded, without_timing), cudaErrorInvalidResourceHandle);
}

// --- memory ------------------------------------------------------------------------------------------------

TEST_F(RuntimeSemantics, MemoryIsAlignedTo256Bytes) {
  for (const std::size_t size : {1UL, 255UL, 257UL, 5000UL}) {
    void* direct = nullptr;
    void* ordered = nullptr;
    ASSERT_CUDA(cudaMalloc(&direct, size));
    ASSERT_CUDA(cudaMallocAsync(&ordered, size, stream));
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(direct) % 256, 0);
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(ordered) % 256, 0);
    EXPECT_CUDA(cudaFreeAsync(ordered, stream));
    EXPECT_CUDA(cudaFree(direct));
  }
}

TEST_F(RuntimeSemantics, CopiesAndSetsDoWhatTheySay) {
  std::vector<unsigned char> sent(bytes);
  std::vector<unsigned char> received(bytes);
  for (std::size_t i = 0; i < bytes; ++i) sent[i] = static_cast<unsigned char>(i * 7);
  void* copy = nullptr;
  ASSERT_CUDA(cudaMalloc(&copy, bytes));
  ASSERT_CUDA(cudaMemcpy(device, sent.data(), bytes, cudaMemcpyHostToDevice));
  ASSERT_CUDA(cudaMemcpy(copy, device, bytes, cudaMemcpyDeviceToDevice));
  ASSERT_CUDA(cudaMemset(copy, 3, 16));
  ASSERT_CUDA(cudaMemcpy(received.data(), copy, bytes, cudaMemcpyDefault));
  EXPECT_CUDA(cudaFree(copy));
  std::memset(sent.data(), 3, 16);
  EXPECT_EQ(received, sent);
}

TEST_F(RuntimeSemantics, FreeMemoryIsPartOfTheTotal) {
  std::size_t free = 0;
  std::size_t total = 0;
  ASSERT_CUDA(cudaMemGetInfo(&free, &total));
  EXPECT_GT(free, 0);
  EXPECT_LT(free, total + 1);
}

TEST_F(RuntimeSemantics, StreamOrderedMemoryMayBeFreedOnAnotherStreamBehindItsUse) {
  void* pointer = nullptr;
  ASSERT_CUDA(cudaMallocAsync(&pointer, bytes, stream));
  ASSERT_CUDA(cudaMemsetAsync(pointer, 9, bytes, stream));
  ASSERT_CUDA(cudaMemcpyAsync(pinned, pointer, bytes, cudaMemcpyDeviceToHost, stream));
  ASSERT_CUDA(cudaStreamWaitEvent(other, record(stream), 0));
  ASSERT_CUDA(cudaFreeAsync(pointer, other));
  ASSERT_CUDA(cudaStreamSynchronize(other));
  EXPECT_EQ(pinned[bytes - 1], 9);
}

TEST_F(RuntimeSemantics, EitherFreeServesEitherAllocation) {
  void* pointer = nullptr;
  ASSERT_CUDA(cudaMalloc(&pointer, bytes));
  ASSERT_CUDA(cudaMemsetAsync(pointer, 1, bytes, stream));
  EXPECT_CUDA(cudaFreeAsync(pointer, stream));
  ASSERT_CUDA(cudaMallocAsync(&pointer, bytes, stream));
  ASSERT_CUDA(cudaMemsetAsync(pointer, 1, bytes, stream));
  EXPECT_CUDA(cudaStreamSynchronize(stream));
  EXPECT_CUDA(cudaFree(pointer));
}

// --- memory pools ------------------------------------------------------------------------------------------

TEST_F(PoolSemantics, ANewPoolHoldsNothingAndHasNoThreshold) {
  EXPECT_EQ(attribute(cudaMemPoolAttrReleaseThreshold), 0);
  EXPECT_EQ(reserved(), 0);
  EXPECT_EQ(used(), 0);
  int allowed = 0;
  EXPECT_CUDA(cudaMemPoolGetAttribute(pool, cudaMemPoolReuseAllowOpportunistic, &allowed));
  EXPECT_EQ(allowed, 1);
}

TEST_F(PoolSemantics, UsedMemoryIsWhatIsAllocated) {
  void* const pointer = allocate(10 * MiB);
  EXPECT_GE(used(), 10 * MiB);
  EXPECT_LT(used(), 11 * MiB);
  EXPECT_GE(reserved(), used());
  EXPECT_CUDA(cudaFreeAsync(pointer, stream));
  EXPECT_CUDA(cudaStreamSynchronize(stream));
  EXPECT_EQ(used(), 0);
  EXPECT_GE(attribute(cudaMemPoolAttrUsedMemHigh), 10 * MiB);
}

TEST_F(PoolSemantics, HighWatermarksCanBeResetAndNothingElseWritten) {
  EXPECT_CUDA(cudaFreeAsync(allocate(10 * MiB), stream));
  EXPECT_CUDA(cudaStreamSynchronize(stream));
  EXPECT_GE(attribute(cudaMemPoolAttrReservedMemHigh), 10 * MiB);
  std::uint64_t one = 1;
  std::uint64_t zero = 0;
  EXPECT_EQ(cudaMemPoolSetAttribute(pool, cudaMemPoolAttrUsedMemHigh, &one), cudaErrorInvalidValue);
  EXPECT_NE(cudaMemPoolSetAttribute(pool, cudaMemPoolAttrUsedMemCurrent, &zero), cudaSuccess);
  EXPECT_CUDA(cudaMemPoolSetAttribute(pool, cudaMemPoolAttrUsedMemHigh, &zero));
  EXPECT_CUDA(cudaMemPoolSetAttribute(pool, cudaMemPoolAttrReservedMemHigh, &zero));
  EXPECT_EQ(attribute(cudaMemPoolAttrUsedMemHigh), used());
  EXPECT_EQ(attribute(cudaMemPoolAttrReservedMemHigh), reserved());
}

TEST_F(PoolSemantics, FreedMemoryIsReusedInItsStreamWithoutASynchronisation) {
  Gate gate;
  gate.hold(stream);
  for (int i = 0; i < 100; ++i) EXPECT_CUDA(cudaFreeAsync(allocate(64 * MiB), stream));
  EXPECT_LE(reserved(), 128 * MiB);
  gate.open();
  EXPECT_CUDA(cudaStreamSynchronize(stream));
}

TEST_F(PoolSemantics, ASynchronisationGivesIdleMemoryBack) {
  EXPECT_CUDA(cudaFreeAsync(allocate(64 * MiB), stream));
  EXPECT_GE(reserved(), 64 * MiB);
  EXPECT_CUDA(cudaStreamSynchronize(stream));
  EXPECT_LT(reserved(), 64 * MiB);
}

TEST_F(PoolSemantics, AThresholdKeepsIdleMemoryAcrossSynchronisations) {
  set_threshold(std::numeric_limits<std::uint64_t>::max());
  EXPECT_CUDA(cudaFreeAsync(allocate(64 * MiB), stream));
  EXPECT_CUDA(cudaStreamSynchronize(stream));
  EXPECT_CUDA(cudaDeviceSynchronize());
  EXPECT_GE(reserved(), 64 * MiB);
}

TEST_F(PoolSemantics, TrimmingGivesIdleMemoryBackAndKeepsWhatItIsTold) {
  set_threshold(std::numeric_limits<std::uint64_t>::max());
  void* const small = allocate(64 * MiB);
  void* const large = allocate(256 * MiB);
  EXPECT_CUDA(cudaFreeAsync(small, stream));
  EXPECT_CUDA(cudaFreeAsync(large, stream));
  EXPECT_CUDA(cudaStreamSynchronize(stream));
  EXPECT_CUDA(cudaMemPoolTrimTo(pool, 64 * MiB));
  EXPECT_GE(reserved(), 64 * MiB);
  EXPECT_CUDA(cudaMemPoolTrimTo(pool, 0));
  EXPECT_LT(reserved(), 64 * MiB);
}

TEST_F(PoolSemantics, MemoryInUseIsNotGivenBack) {
  void* const pointer = allocate(64 * MiB);
  EXPECT_CUDA(cudaMemsetAsync(pointer, 1, 64 * MiB, stream));
  EXPECT_CUDA(cudaStreamSynchronize(stream));
  EXPECT_CUDA(cudaMemPoolTrimTo(pool, 0));
  EXPECT_GE(reserved(), 64 * MiB);
  EXPECT_CUDA(cudaMemcpyAsync(pinned, pointer, bytes, cudaMemcpyDeviceToHost, stream));
  EXPECT_CUDA(cudaFreeAsync(pointer, stream));
  EXPECT_CUDA(cudaStreamSynchronize(stream));
  EXPECT_EQ(pinned[bytes - 1], 1);
}

TEST_F(PoolSemantics, TheCurrentPoolIsTheDefaultOneUntilItIsSet) {
  cudaMemPool_t default_pool = nullptr;
  cudaMemPool_t current = nullptr;
  ASSERT_CUDA(cudaDeviceGetDefaultMemPool(&default_pool, 0));
  ASSERT_CUDA(cudaDeviceGetMemPool(&current, 0));
  EXPECT_EQ(current, default_pool);

  ASSERT_CUDA(cudaDeviceSetMemPool(0, pool));
  ASSERT_CUDA(cudaDeviceGetMemPool(&current, 0));
  EXPECT_EQ(current, pool);
  void* pointer = nullptr;
  EXPECT_CUDA(cudaMallocAsync(&pointer, MiB, stream));
  EXPECT_GE(used(), MiB);
  EXPECT_CUDA(cudaFreeAsync(pointer, stream));
  EXPECT_CUDA(cudaDeviceSetMemPool(0, default_pool));
}

TEST_F(PoolSemantics, DestroyingTheCurrentPoolMakesTheDefaultOneCurrent) {
  cudaMemPool_t default_pool = nullptr;
  cudaMemPool_t current = nullptr;
  ASSERT_CUDA(cudaDeviceSetMemPool(0, pool));
  ASSERT_CUDA(cudaMemPoolDestroy(pool));
  pool = nullptr;
  ASSERT_CUDA(cudaDeviceGetDefaultMemPool(&default_pool, 0));
  ASSERT_CUDA(cudaDeviceGetMemPool(&current, 0));
  EXPECT_EQ(current, default_pool);
  EXPECT_NE(cudaMemPoolDestroy(default_pool), cudaSuccess);
}

TEST_F(PoolSemantics, MemoryOutlivesItsPool) {
  void* const pointer = allocate(MiB);
  EXPECT_CUDA(cudaMemPoolDestroy(pool));
  pool = nullptr;
  EXPECT_CUDA(cudaMemsetAsync(pointer, 6, MiB, stream));
  EXPECT_CUDA(cudaMemcpyAsync(pinned, pointer, bytes, cudaMemcpyDeviceToHost, stream));
  EXPECT_CUDA(cudaFreeAsync(pointer, stream));
  EXPECT_CUDA(cudaStreamSynchronize(stream));
  EXPECT_EQ(pinned[bytes - 1], 6);
}

TEST_F(PoolSemantics, APoolMayBeDestroyedBeforeItsFreesAreDone) {
  Gate gate;
  gate.hold(stream);
  EXPECT_CUDA(cudaFreeAsync(allocate(MiB), stream));
  EXPECT_CUDA(cudaMemPoolDestroy(pool));
  pool = nullptr;
  gate.open();
  EXPECT_CUDA(cudaStreamSynchronize(stream));
}

}  // namespace
