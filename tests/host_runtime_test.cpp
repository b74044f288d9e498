// What the host runtime adds to the CUDA runtime API: memory that shows its misuse, a log, faults, limits.

#include "daa/host_runtime.hpp"

#include <cuda_runtime_api.h>
#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <functional>
#include <future>
#include <limits>
#include <optional>
#include <random>
#include <string>
#include <thread>
#include <vector>

namespace {

namespace host = daa::host_runtime;
using namespace std::chrono_literals;
using ::testing::AssertionFailure;
using ::testing::AssertionResult;
using ::testing::AssertionSuccess;

constexpr std::size_t KiB = 1024;
constexpr std::size_t MiB = 1024 * KiB;
constexpr std::size_t granule = 2 * MiB;
constexpr std::uint64_t keep_everything = std::numeric_limits<std::uint64_t>::max();

#define EXPECT_CUDA(call) EXPECT_EQ((call), cudaSuccess)

/// Holds a stream up from its construction to open().
class Gate {
 public:
  explicit Gate(cudaStream_t stream) {
    EXPECT_CUDA(host::launch(stream, {}, [opened = opened_.get_future().share()] { opened.wait(); }));
  }
  Gate(const Gate&) = delete;
  Gate& operator=(const Gate&) = delete;
  ~Gate() { open(); }
  void open() {
    if (!std::exchange(is_open_, true)) opened_.set_value();
  }

 private:
  std::promise<void> opened_;
  bool is_open_ = false;
};

/// A host runtime as at program start and a stream. At the end there must be no violation that the test has
/// not asked for.
class HostRuntime : public ::testing::Test {
 protected:
  HostRuntime() {
    host::reset();
    stream = make_stream();
    other = make_stream();
    host::clear_calls();
  }
  ~HostRuntime() override {
    host::clear_fault();
    EXPECT_TRUE(host::violations().empty()) << host::violations().front();
    host::reset();
  }

  static cudaStream_t make_stream() {
    cudaStream_t made = nullptr;
    EXPECT_CUDA(cudaStreamCreateWithFlags(&made, cudaStreamNonBlocking));
    return made;
  }
  static cudaMemPool_t make_pool(std::uint64_t threshold, int device = 0, std::size_t max_size = 0) {
    cudaMemPoolProps props{};
    props.allocType = cudaMemAllocationTypePinned;
    props.location = {cudaMemLocationTypeDevice, device};
    props.maxSize = max_size;
    cudaMemPool_t made = nullptr;
    EXPECT_CUDA(cudaMemPoolCreate(&made, &props));
    EXPECT_CUDA(cudaMemPoolSetAttribute(made, cudaMemPoolAttrReleaseThreshold, &threshold));
    return made;
  }
  static std::uint64_t reserved(cudaMemPool_t pool) {
    std::uint64_t value = 0;
    EXPECT_CUDA(cudaMemPoolGetAttribute(pool, cudaMemPoolAttrReservedMemCurrent, &value));
    return value;
  }

  static unsigned char* allocate(std::size_t bytes, cudaStream_t on) {
    void* pointer = nullptr;
    EXPECT_CUDA(cudaMallocAsync(&pointer, bytes, on));
    return static_cast<unsigned char*>(pointer);
  }
  unsigned char* allocate(std::size_t bytes) const { return allocate(bytes, stream); }
  static unsigned char* allocate_from(cudaMemPool_t pool, std::size_t bytes, cudaStream_t on) {
    void* pointer = nullptr;
    EXPECT_CUDA(cudaMallocFromPoolAsync(&pointer, bytes, pool, on));
    return static_cast<unsigned char*>(pointer);
  }
  void free(void* pointer) const { EXPECT_CUDA(cudaFreeAsync(pointer, stream)); }
  void synchronize() const { EXPECT_CUDA(cudaStreamSynchronize(stream)); }

  /// Writes behind the runtime's back, in stream order.
  void scribble(unsigned char* at) const {
    EXPECT_CUDA(host::launch(stream, {}, [at] { *at = static_cast<unsigned char>(~*at); }));
  }
  /// Keeps idle memory mapped across synchronisations, so that it can be misused.
  static void keep_memory() {
    cudaMemPool_t pool = nullptr;
    EXPECT_CUDA(cudaDeviceGetDefaultMemPool(&pool, 0));
    std::uint64_t threshold = keep_everything;
    EXPECT_CUDA(cudaMemPoolSetAttribute(pool, cudaMemPoolAttrReleaseThreshold, &threshold));
  }

  /// One violation, which says all of this; it is then forgotten.
  static AssertionResult violates(const std::vector<std::string>& saying) {
    const std::vector<std::string> found = host::violations();
    host::clear_violations();
    if (found.size() != 1) return AssertionFailure() << found.size() << " violations";
    for (const std::string& part : saying) {
      if (found[0].find(part) == std::string::npos) {
        return AssertionFailure() << "\"" << found[0] << "\" does not say \"" << part << "\"";
      }
    }
    return AssertionSuccess();
  }

  cudaStream_t stream = nullptr;
  cudaStream_t other = nullptr;
};

std::string hex(const void* pointer) {
  char text[32];
  std::snprintf(text, sizeof text, "%p", pointer);
  return text;
}

// --- poison ------------------------------------------------------------------------------------------------

using Poison = HostRuntime;

TEST_F(Poison, FreshMemoryIsNotZero) {
  void* direct = nullptr;
  EXPECT_CUDA(cudaMalloc(&direct, 100 * KiB));
  unsigned char* const ordered = allocate(100 * KiB);
  synchronize();
  for (const unsigned char* memory : {static_cast<unsigned char*>(direct), ordered}) {
    EXPECT_NE(memory[0], 0);
    EXPECT_NE(memory[4095], 0);
    EXPECT_NE(memory[50 * KiB / 4096 * 4096], 0);
    EXPECT_NE(memory[100 * KiB - 1], 0);
  }
}

TEST_F(Poison, AUseAfterFreeInStreamOrderReallyHappens) {
  keep_memory();
  unsigned char* const pointer = allocate(KiB);
  EXPECT_CUDA(cudaMemsetAsync(pointer, 1, KiB, stream));
  int before = 0;
  int after = 0;
  EXPECT_CUDA(host::launch(stream, {{pointer, KiB}}, [&] { before = pointer[KiB - 1]; }));
  free(pointer);
  EXPECT_CUDA(host::launch(stream, {}, [&] { after = pointer[KiB - 1]; }));
  synchronize();
  EXPECT_EQ(before, 1);
  EXPECT_NE(after, 1);
}

TEST_F(Poison, AWriteAfterFreeIsFoundWhenTheMemoryIsHandedOutAgain) {
  unsigned char* const pointer = allocate(KiB);
  free(pointer);
  scribble(pointer + 100);
  EXPECT_EQ(allocate(KiB), pointer);
  synchronize();
  EXPECT_TRUE(violates({"written after its free", "byte 100 of the 1024 bytes at " + hex(pointer),
                        "allocation 1,", "cudaMallocAsync on stream", "cudaFreeAsync on stream"}));
}

TEST_F(Poison, AWriteAfterFreeIsFoundWhenTheMemoryIsUnmapped) {
  unsigned char* const pointer = allocate(KiB);
  free(pointer);
  scribble(pointer);
  synchronize();
  EXPECT_EQ(host::mapped_bytes(), 0);
  EXPECT_TRUE(violates({"written after its free", "byte 0 "}));
}

TEST_F(Poison, AWriteAfterFreeIsFoundInAnyPage) {
  for (const std::size_t page : {0UL, 1UL, 77UL, 255UL}) {
    unsigned char* const pointer = allocate(MiB);
    free(pointer);
    scribble(pointer + page * 4096);
    synchronize();
    EXPECT_TRUE(violates({"byte " + std::to_string(page * 4096) + " of the 1048576 bytes"}));
  }
}

TEST_F(Poison, AWriteAfterFreeIsFoundAtEitherEndOfAHugeBlock) {
  constexpr std::size_t huge = 256 * MiB;
  for (const std::size_t offset : {4095UL, huge / 2, huge - 4096, huge - 1}) {
    unsigned char* const pointer = allocate(huge);
    free(pointer);
    scribble(pointer + offset);
    synchronize();
    EXPECT_TRUE(violates({"byte " + std::to_string(offset) + " "}));
  }
}

TEST_F(Poison, AWriteAfterFreeIsFoundOnceAndInThePartThatIsHandedOut) {
  unsigned char* const pointer = allocate(8 * KiB);
  free(pointer);
  scribble(pointer + 5 * KiB);
  EXPECT_EQ(allocate(4 * KiB), pointer);
  synchronize();
  EXPECT_TRUE(host::violations().empty());
  EXPECT_EQ(allocate(4 * KiB), pointer + 4 * KiB);
  synchronize();
  EXPECT_TRUE(violates({"byte 5120 of the 8192 bytes at " + hex(pointer)}));
}

TEST_F(Poison, AWriteAfterCudaFreeIsFoundToo) {
  void* keeps_the_segment_mapped = nullptr;
  void* pointer = nullptr;
  EXPECT_CUDA(cudaMalloc(&keeps_the_segment_mapped, KiB));
  EXPECT_CUDA(cudaMalloc(&pointer, KiB));
  EXPECT_CUDA(cudaFree(pointer));
  scribble(static_cast<unsigned char*>(pointer));
  synchronize();
  EXPECT_CUDA(cudaFree(keeps_the_segment_mapped));
  EXPECT_TRUE(violates({"written after its free", "cudaMalloc; cudaFree"}));
}

TEST_F(Poison, WritesBeforeTheFreeAreFine) {
  for (int i = 0; i < 10; ++i) {
    unsigned char* const pointer = allocate(MiB);
    EXPECT_CUDA(cudaMemsetAsync(pointer, i, MiB, stream));
    free(pointer);
  }
  synchronize();
}

// --- violations --------------------------------------------------------------------------------------------

using Violations = HostRuntime;

TEST_F(Violations, ASetBeyondTheEndIsReportedAndNotDone) {
  unsigned char* const pointer = allocate(1000);
  EXPECT_CUDA(cudaMemsetAsync(pointer, 1, 1000, stream));
  EXPECT_CUDA(cudaMemsetAsync(pointer, 2, 1001, stream));
  synchronize();
  EXPECT_EQ(pointer[0], 1);
  EXPECT_TRUE(violates({"cudaMemsetAsync outside live memory", "1001 bytes at " + hex(pointer)}));
}

TEST_F(Violations, ACopyFromFreedMemoryIsReportedAndNotDone) {
  keep_memory();
  unsigned char* const pointer = allocate(KiB);
  free(pointer);
  unsigned char received = 77;
  EXPECT_CUDA(cudaMemcpyAsync(&received, pointer, 1, cudaMemcpyDeviceToHost, stream));
  synchronize();
  EXPECT_EQ(received, 77);
  EXPECT_TRUE(violates({"cudaMemcpyAsync outside live memory", hex(pointer)}));
}

TEST_F(Violations, ACopyToWhatIsNoDeviceMemoryIsRefused) {
  int here = 0;
  int there = 1;
  EXPECT_EQ(cudaMemcpy(&here, &there, sizeof here, cudaMemcpyHostToDevice), cudaErrorInvalidValue);
  EXPECT_EQ(here, 0);
  EXPECT_TRUE(violates({"cudaMemcpy outside live memory", hex(&here)}));
  EXPECT_EQ(cudaMemsetAsync(&here, 1, sizeof here, stream), cudaErrorInvalidValue);
  EXPECT_TRUE(violates({"cudaMemsetAsync"}));
}

TEST_F(Violations, ALaunchWithAnAccessOutsideLiveMemoryIsNotRun) {
  unsigned char* const pointer = allocate(KiB);
  bool ran = false;
  EXPECT_CUDA(host::launch(stream, {{pointer, KiB}, {pointer + 1, KiB}}, [&] { ran = true; }));
  synchronize();
  EXPECT_FALSE(ran);
  EXPECT_TRUE(violates({"launch", hex(pointer + 1)}));
  EXPECT_CUDA(host::launch(stream, {{pointer, KiB}, {nullptr, 0}}, [&] { ran = true; }));
  synchronize();
  EXPECT_TRUE(ran);
}

TEST_F(Violations, MemoryIsLiveFromItsPlaceInTheStream) {
  Gate gate(stream);
  unsigned char* const pointer = allocate(KiB);
  EXPECT_CUDA(cudaMemsetAsync(pointer, 1, KiB, other));
  EXPECT_CUDA(cudaStreamSynchronize(other));
  EXPECT_TRUE(violates({"cudaMemsetAsync outside live memory"}));
  EXPECT_CUDA(cudaMemsetAsync(pointer, 1, KiB, stream));
  gate.open();
  synchronize();
}

TEST_F(Violations, AFreeAheadOfTheAllocationInStreamOrderIsReported) {
  Gate gate(stream);
  unsigned char* const pointer = allocate(KiB);
  EXPECT_CUDA(cudaFreeAsync(pointer, other));
  EXPECT_CUDA(cudaStreamSynchronize(other));
  EXPECT_TRUE(violates({"freed before it was allocated", hex(pointer)}));
}

TEST_F(Violations, ASecondFreeAndAFreeOfTheUnknownAreReported) {
  unsigned char* const pointer = allocate(KiB);
  free(pointer);
  EXPECT_EQ(cudaFreeAsync(pointer, stream), cudaErrorInvalidValue);
  EXPECT_TRUE(violates({"cudaFreeAsync", hex(pointer), "not allocated"}));
  EXPECT_EQ(cudaFree(pointer + 1), cudaErrorInvalidValue);
  EXPECT_TRUE(violates({"cudaFree", hex(pointer + 1), "not allocated"}));
}

TEST_F(Violations, MemoryNeverFreedIsReportedWhenItsPoolIsDestroyed) {
  const cudaMemPool_t pool = make_pool(0);
  unsigned char* const pointer = allocate_from(pool, KiB, stream);
  free(allocate_from(pool, KiB, stream));
  EXPECT_CUDA(cudaMemPoolDestroy(pool));
  EXPECT_TRUE(violates({"never freed", hex(pointer)}));
  EXPECT_CUDA(cudaMemsetAsync(pointer, 1, KiB, stream));
  free(pointer);
  synchronize();
  EXPECT_EQ(host::mapped_bytes(), 0);
}

TEST_F(Violations, AnExceptionInATaskIsReported) {
  EXPECT_CUDA(host::launch(stream, {}, [] { throw std::runtime_error("no such luck"); }));
  synchronize();
  EXPECT_TRUE(violates({"no such luck"}));
}

TEST_F(Violations, OnlyTheFirstAreKept) {
  ::testing::internal::CaptureStderr();
  for (std::size_t i = 0; i < host::max_recorded_violations + 5; ++i) {
    EXPECT_EQ(cudaFreeAsync(this, stream), cudaErrorInvalidValue);
  }
  ::testing::internal::GetCapturedStderr();
  EXPECT_EQ(host::violations().size(), host::max_recorded_violations);
  host::clear_violations();
}

// --- memory ------------------------------------------------------------------------------------------------

using Memory = HostRuntime;

TEST_F(Memory, IsMappedInGranulesAndUnmappedAtASynchronisation) {
  free(allocate(1));
  free(allocate(granule + 1));
  EXPECT_EQ(host::mapped_bytes(), 3 * granule);
  synchronize();
  EXPECT_EQ(host::mapped_bytes(), 0);
}

TEST_F(Memory, IsUnmappedByEveryKindOfSynchronisationAndByNothingElse) {
  cudaEvent_t event = nullptr;
  EXPECT_CUDA(cudaEventCreate(&event));
  const std::function<void()> ways[] = {[&] { EXPECT_CUDA(cudaStreamSynchronize(stream)); },
                                        [&] { EXPECT_CUDA(cudaDeviceSynchronize()); },
                                        [&] { EXPECT_CUDA(cudaEventSynchronize(event)); }};
  for (const auto& synchronize_somehow : ways) {
    free(allocate(KiB));
    EXPECT_CUDA(cudaEventRecord(event, stream));
    while (cudaEventQuery(event) == cudaErrorNotReady) std::this_thread::yield();
    EXPECT_EQ(host::mapped_bytes(), granule);
    synchronize_somehow();
    EXPECT_EQ(host::mapped_bytes(), 0);
  }
}

TEST_F(Memory, StaysMappedUpToTheReleaseThreshold) {
  const cudaMemPool_t pool = make_pool(2 * granule);
  for (int i = 0; i < 2; ++i) {
    std::array<unsigned char*, 5> blocks;
    for (auto& block : blocks) block = allocate_from(pool, granule, stream);
    EXPECT_EQ(reserved(pool), 5 * granule);
    for (auto* const block : blocks) free(block);
    synchronize();
    EXPECT_EQ(reserved(pool), 2 * granule);
  }
  EXPECT_CUDA(cudaMemPoolTrimTo(pool, granule));
  EXPECT_EQ(reserved(pool), granule);
  EXPECT_CUDA(cudaMemPoolDestroy(pool));
}

TEST_F(Memory, StaysMappedWhileAnyPartOfItsSegmentIsAllocatedOrWaitsForItsFree) {
  unsigned char* const first = allocate(KiB);
  unsigned char* const second = allocate(KiB);
  free(first);
  synchronize();
  EXPECT_EQ(host::mapped_bytes(), granule);
  Gate gate(other);
  EXPECT_CUDA(cudaFreeAsync(second, other));
  synchronize();
  EXPECT_EQ(host::mapped_bytes(), granule);
  gate.open();
  EXPECT_CUDA(cudaStreamSynchronize(other));
  EXPECT_EQ(host::mapped_bytes(), 0);
}

TEST_F(Memory, BestFitWithCoalescing) {
  Gate gate(stream);
  unsigned char* const a = allocate(512 * KiB);
  unsigned char* const b = allocate(512 * KiB);
  unsigned char* const c = allocate(256 * KiB);
  unsigned char* const d = allocate(512 * KiB);
  unsigned char* const e = allocate(256 * KiB);
  EXPECT_EQ(host::mapped_bytes(), granule);
  free(c);
  free(a);
  EXPECT_EQ(allocate(200 * KiB), c);  // and not from a, which is larger
  free(b);
  EXPECT_EQ(allocate(MiB), a);
  free(d);
  free(e);
  EXPECT_EQ(allocate(768 * KiB), c + 200 * KiB);
  EXPECT_EQ(host::mapped_bytes(), granule);
}

TEST_F(Memory, FreedOnAStreamIsReusableThereAtOnceAndElsewhereOnceTheFreeIsDone) {
  keep_memory();
  Gate gate(stream);
  unsigned char* const pointer = allocate(granule);
  free(pointer);
  unsigned char* const elsewhere = allocate(granule, other);
  EXPECT_NE(elsewhere, pointer);
  EXPECT_EQ(allocate(granule), pointer);
  free(pointer);
  const std::size_t mapped = host::mapped_bytes();
  gate.open();
  synchronize();
  EXPECT_EQ(allocate(granule, other), pointer);
  EXPECT_EQ(host::mapped_bytes(), mapped);
}

TEST_F(Memory, WithoutOpportunisticReuseAFreeHasToBeSynchronisedWith) {
  const cudaMemPool_t pool = make_pool(keep_everything);
  int no = 0;
  EXPECT_CUDA(cudaMemPoolSetAttribute(pool, cudaMemPoolReuseAllowOpportunistic, &no));
  unsigned char* const pointer = allocate_from(pool, granule, stream);
  free(pointer);
  while (cudaStreamQuery(stream) == cudaErrorNotReady) std::this_thread::yield();
  EXPECT_NE(allocate_from(pool, granule, other), pointer);
  synchronize();
  EXPECT_EQ(allocate_from(pool, granule, other), pointer);
}

TEST_F(Memory, BeyondTheLimitCannotBeAllocated) {
  host::set_memory_limit(4 * granule);
  void* direct = nullptr;
  EXPECT_CUDA(cudaMalloc(&direct, granule));
  unsigned char* const ordered = allocate(3 * granule);
  void* pointer = this;
  EXPECT_EQ(cudaMallocAsync(&pointer, 1, stream), cudaErrorMemoryAllocation);
  EXPECT_EQ(cudaMalloc(&pointer, 1), cudaErrorMemoryAllocation);
  EXPECT_EQ(cudaGetLastError(), cudaErrorMemoryAllocation);
  EXPECT_EQ(host::mapped_bytes(), 4 * granule);
  EXPECT_EQ(host::live_allocations(), 2);
  std::size_t free_bytes = 1;
  std::size_t total_bytes = 0;
  EXPECT_CUDA(cudaMemGetInfo(&free_bytes, &total_bytes));
  EXPECT_EQ(free_bytes, 0);
  EXPECT_EQ(total_bytes, 4 * granule);
  EXPECT_CUDA(cudaFree(direct));
  EXPECT_CUDA(cudaMalloc(&pointer, granule));
  free(ordered);
}

TEST_F(Memory, IdleInAPoolIsGivenBackBeforeAnAllocationFails) {
  host::set_memory_limit(4 * granule);
  const cudaMemPool_t hoard = make_pool(keep_everything);
  unsigned char* const kept = allocate_from(hoard, granule, stream);
  free(allocate_from(hoard, 3 * granule, stream));
  synchronize();
  EXPECT_EQ(host::mapped_bytes(), 4 * granule);
  unsigned char* const pointer = allocate(3 * granule);
  EXPECT_NE(pointer, nullptr);
  EXPECT_EQ(reserved(hoard), granule);
  free(pointer);
  free(kept);
}

TEST_F(Memory, OfAPoolIsLimitedByItsMaximalSize) {
  const cudaMemPool_t pool = make_pool(0, 0, granule);
  void* pointer = nullptr;
  EXPECT_EQ(cudaMallocFromPoolAsync(&pointer, granule + 1, pool, stream), cudaErrorMemoryAllocation);
  free(allocate_from(pool, granule, stream));
}

TEST_F(Memory, OfADestroyedPoolIsUnmappedOnceItsFreesAreDone) {
  const cudaMemPool_t pool = make_pool(keep_everything);
  Gate gate(stream);
  free(allocate_from(pool, KiB, stream));
  EXPECT_CUDA(cudaMemPoolDestroy(pool));
  EXPECT_EQ(host::mapped_bytes(), granule);
  gate.open();
  synchronize();
  EXPECT_EQ(host::mapped_bytes(), 0);
  EXPECT_EQ(cudaMemPoolTrimTo(pool, 0), cudaErrorInvalidValue);
}

TEST_F(Memory, FromCudaMallocIsUnmappedByCudaFreeAndCudaFreeWaitsForTheDevice) {
  void* pointer = nullptr;
  EXPECT_CUDA(cudaMalloc(&pointer, KiB));
  std::atomic<bool> used{false};
  EXPECT_CUDA(host::launch(stream, {{pointer, KiB}}, [&] {
    std::this_thread::sleep_for(20ms);
    used = true;
  }));
  EXPECT_CUDA(cudaFree(pointer));
  EXPECT_TRUE(used);
  EXPECT_EQ(host::mapped_bytes(), 0);
}

TEST_F(Memory, FromAPageableSourceMayBeReusedAtOnce) {
  Gate gate(stream);
  unsigned char* const pointer = allocate(1);
  unsigned char source = 1;
  EXPECT_CUDA(cudaMemcpyAsync(pointer, &source, 1, cudaMemcpyHostToDevice, stream));
  source = 2;
  gate.open();
  synchronize();
  EXPECT_EQ(*pointer, 1);
}

TEST_F(Memory, FromAPinnedSourceIsReadInStreamOrder) {
  void* pinned = nullptr;
  EXPECT_CUDA(cudaMallocHost(&pinned, 1));
  auto* const source = static_cast<unsigned char*>(pinned);
  Gate gate(stream);
  unsigned char* const pointer = allocate(1);
  *source = 1;
  EXPECT_CUDA(cudaMemcpyAsync(pointer, source, 1, cudaMemcpyHostToDevice, stream));
  *source = 2;
  gate.open();
  synchronize();
  EXPECT_EQ(*pointer, 2);
  EXPECT_CUDA(cudaFreeHost(pinned));
  EXPECT_EQ(cudaFreeHost(pinned), cudaErrorInvalidValue);
  EXPECT_TRUE(violates({"cudaFreeHost of " + hex(pinned)}));
}

TEST_F(Memory, LiveAllocationsAreCountedInHostTime) {
  Gate gate(stream);
  unsigned char* const pointer = allocate(KiB);
  EXPECT_EQ(host::live_allocations(), 1);
  free(pointer);
  EXPECT_EQ(host::live_allocations(), 0);
}

// Random allocations, frees and synchronisations on one stream, once with a worker that lags behind up to
// each synchronisation, once with one that is always done before the next call.
TEST_F(Memory, ReservedForOneStreamDependsOnTheCallsAlone) {
  const auto reserved_over_time = [&](bool lagging) {
    const cudaMemPool_t pool = make_pool(3 * granule);
    std::optional<Gate> gate;
    std::mt19937 random(11);
    std::vector<unsigned char*> blocks;
    std::vector<std::uint64_t> result;
    for (int i = 0; i < 2000; ++i) {
      if (lagging && !gate) gate.emplace(stream);
      const std::size_t action = random() % 100;
      if (action < 55) {
        blocks.push_back(allocate_from(pool, 1 + random() % (std::size_t{1} << random() % 23), stream));
      } else if (action < 98 && !blocks.empty()) {
        std::swap(blocks[random() % blocks.size()], blocks.back());
        free(blocks.back());
        blocks.pop_back();
      } else {
        gate.reset();
        synchronize();
      }
      while (!lagging && cudaStreamQuery(stream) == cudaErrorNotReady) std::this_thread::yield();
      result.push_back(reserved(pool));
    }
    gate.reset();
    for (unsigned char* const block : blocks) free(block);
    EXPECT_CUDA(cudaMemPoolDestroy(pool));
    synchronize();
    return result;
  };
  EXPECT_EQ(reserved_over_time(true), reserved_over_time(false));
}

// Random allocations, frees on any stream, synchronisations and trims. Every block is filled with a byte of
// its own when it is allocated and must still hold it when it is freed: blocks in use never overlap.
TEST_F(Memory, InUseIsNobodyElses) {
  struct Block {
    unsigned char* pointer;
    std::size_t bytes;
    unsigned char value;
    std::size_t stream;
  };
  std::array<cudaStream_t, 4> streams;
  for (auto& each : streams) each = make_stream();
  const std::array pools = {make_pool(0), make_pool(granule), make_pool(keep_everything)};
  cudaEvent_t event = nullptr;
  EXPECT_CUDA(cudaEventCreate(&event));
  std::mt19937 random(7);
  const auto below = [&](std::size_t n) {
    return std::uniform_int_distribution<std::size_t>(0, n - 1)(random);
  };
  std::atomic<int> damaged{0};
  std::vector<Block> blocks;

  const auto free_one = [&] {
    const std::size_t index = below(blocks.size());
    const Block block = blocks[index];
    blocks[index] = blocks.back();
    blocks.pop_back();
    EXPECT_CUDA(host::launch(streams[block.stream], {{block.pointer, block.bytes}}, [block, &damaged] {
      for (std::size_t i = 0; i < block.bytes; i += 509) damaged += block.pointer[i] != block.value;
    }));
    const std::size_t on = below(4) == 0 ? below(streams.size()) : block.stream;
    EXPECT_CUDA(cudaEventRecord(event, streams[block.stream]));
    EXPECT_CUDA(cudaStreamWaitEvent(streams[on], event, 0));
    EXPECT_CUDA(cudaFreeAsync(block.pointer, streams[on]));
  };
  for (int i = 0; i < 4000; ++i) {
    const std::size_t action = below(100);
    const std::size_t on = below(streams.size());
    if (action < 50 && blocks.size() < 60) {
      const std::size_t bytes = 1 + below(std::size_t{1} << below(23));
      const auto value = static_cast<unsigned char>(i);
      Block block{allocate_from(pools[below(pools.size())], bytes, streams[on]), bytes, value, on};
      EXPECT_CUDA(cudaMemsetAsync(block.pointer, value, bytes, streams[on]));
      blocks.push_back(block);
    } else if (action < 97 && !blocks.empty()) {
      free_one();
    } else if (action < 99) {
      EXPECT_CUDA(cudaStreamSynchronize(streams[on]));
    } else {
      EXPECT_CUDA(cudaMemPoolTrimTo(pools[below(pools.size())], 0));
    }
  }
  while (!blocks.empty()) free_one();
  for (const auto pool : pools) EXPECT_CUDA(cudaMemPoolDestroy(pool));
  EXPECT_CUDA(cudaDeviceSynchronize());
  EXPECT_EQ(damaged, 0);
  EXPECT_EQ(host::mapped_bytes(), 0);
}

// --- streams -----------------------------------------------------------------------------------------------

using Streams = HostRuntime;

TEST_F(Streams, RunTasksBehindTheHostInOrder) {
  std::vector<int> order;
  const auto host_thread = std::this_thread::get_id();
  Gate gate(stream);
  for (int i = 0; i < 3; ++i) {
    EXPECT_CUDA(host::launch(stream, {}, [&order, i, host_thread] {
      EXPECT_NE(std::this_thread::get_id(), host_thread);
      order.push_back(i);
    }));
  }
  EXPECT_EQ(cudaStreamQuery(stream), cudaErrorNotReady);
  EXPECT_TRUE(order.empty());
  gate.open();
  synchronize();
  EXPECT_EQ(order, (std::vector{0, 1, 2}));
}

TEST_F(Streams, ThatBlockAreWaitedForWithTheLegacyStream) {
  cudaStream_t blocking = nullptr;
  EXPECT_CUDA(cudaStreamCreate(&blocking));
  std::atomic<bool> done{false};
  EXPECT_CUDA(host::launch(blocking, {}, [&] {
    std::this_thread::sleep_for(20ms);
    done = true;
  }));
  EXPECT_EQ(cudaStreamQuery(cudaStreamLegacy), cudaErrorNotReady);
  EXPECT_CUDA(cudaStreamSynchronize(cudaStreamLegacy));
  EXPECT_TRUE(done);
}

TEST_F(Streams, ReleaseWhatATaskHoldsBeforeTheyAreIdle) {
  auto held = std::make_shared<int>();
  EXPECT_CUDA(host::launch(stream, {}, [held] {}));
  synchronize();
  EXPECT_EQ(held.use_count(), 1);
}

TEST_F(Streams, HandlesOfDestroyedStreamsAndEventsAreNeverValidAgain) {
  const cudaStream_t destroyed = make_stream();
  cudaEvent_t event = nullptr;
  EXPECT_CUDA(cudaEventCreate(&event));
  EXPECT_CUDA(cudaStreamDestroy(destroyed));
  EXPECT_CUDA(cudaEventDestroy(event));
  EXPECT_NE(make_stream(), destroyed);
  EXPECT_EQ(cudaStreamSynchronize(destroyed), cudaErrorInvalidResourceHandle);
  EXPECT_EQ(cudaStreamDestroy(destroyed), cudaErrorInvalidResourceHandle);
  EXPECT_EQ(cudaEventQuery(event), cudaErrorInvalidResourceHandle);
  EXPECT_EQ(host::launch(destroyed, {}, [] {}), cudaErrorInvalidResourceHandle);
}

TEST_F(Streams, AllowNoCudaCallInATask) {
  cudaError_t result = cudaSuccess;
  EXPECT_CUDA(host::launch(stream, {}, [&] { result = cudaStreamQuery(nullptr); }));
  synchronize();
  EXPECT_EQ(result, cudaErrorNotPermitted);
}

TEST_F(Streams, EndTheirThreadsWhenTheyAreDestroyedOrTheirThreadEnds) {
  const auto threads_now = [] {
    const std::filesystem::directory_iterator all("/proc/self/task");
    return std::distance(begin(all), end(all));
  };
  std::thread([] {}).join();  // ThreadSanitizer starts a thread of its own with a program's first
  const auto before = threads_now();
  for (int i = 0; i < 10; ++i) {
    const cudaStream_t destroyed = make_stream();
    EXPECT_CUDA(host::launch(destroyed, {}, [] {}));
    EXPECT_CUDA(cudaStreamDestroy(destroyed));
    std::thread([] { EXPECT_CUDA(host::launch(cudaStreamPerThread, {}, [] {})); }).join();
  }
  const auto deadline = std::chrono::steady_clock::now() + 10s;
  while (threads_now() > before && std::chrono::steady_clock::now() < deadline) std::this_thread::yield();
  EXPECT_LE(threads_now(), before);
}

TEST_F(Streams, ManyThreadsMayUseManyStreamsAndOnePool) {
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([this] {
      const cudaStream_t mine = make_stream();
      for (std::size_t i = 0; i < 300; ++i) {
        const std::size_t bytes = 1 + 100 * i;
        unsigned char* const pointer = allocate(bytes, mine);
        EXPECT_CUDA(cudaMemsetAsync(pointer, 1, bytes, mine));
        if (i % 16 == 0) {
          EXPECT_CUDA(cudaStreamSynchronize(mine));
        }
        EXPECT_CUDA(cudaFreeAsync(pointer, i % 16 == 0 ? cudaStreamPerThread : mine));
      }
      EXPECT_CUDA(cudaStreamDestroy(mine));
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_CUDA(cudaDeviceSynchronize());
  EXPECT_EQ(host::live_allocations(), 0);
  EXPECT_EQ(host::mapped_bytes(), 0);
}

// --- the call log ------------------------------------------------------------------------------------------

using CallLog = HostRuntime;

TEST_F(CallLog, SaysWhatWasCalledWithWhatInOrder) {
  unsigned char* const pointer = allocate(100);
  EXPECT_CUDA(cudaMemsetAsync(pointer, 0, 50, stream));
  EXPECT_CUDA(host::launch(stream, {}, [] {}));
  EXPECT_EQ(cudaSetDevice(9), cudaErrorInvalidDevice);
  free(pointer);
  const std::vector<host::Call> calls = host::calls();
  ASSERT_EQ(calls.size(), 5);
  EXPECT_EQ(calls[0].function, "cudaMallocAsync");
  EXPECT_EQ(calls[0].stream, stream);
  EXPECT_EQ(calls[0].bytes, 100);
  EXPECT_EQ(calls[0].pointer, pointer);
  EXPECT_EQ(calls[0].result, cudaSuccess);
  EXPECT_EQ(calls[1].function, "cudaMemsetAsync");
  EXPECT_EQ(calls[1].bytes, 50);
  EXPECT_EQ(calls[2].function, "cudaLaunchKernel");
  EXPECT_EQ(calls[3].function, "cudaSetDevice");
  EXPECT_EQ(calls[3].result, cudaErrorInvalidDevice);
  EXPECT_EQ(calls[4].function, "cudaFreeAsync");
  EXPECT_EQ(calls[4].pointer, pointer);
}

TEST_F(CallLog, CountsByFunctionAndIsCleared) {
  free(allocate(1));
  free(allocate(1));
  EXPECT_EQ(host::call_count("cudaMallocAsync"), 2);
  EXPECT_EQ(host::call_count("cudaStreamSynchronize"), 0);
  EXPECT_EQ(host::call_count(), 4);
  EXPECT_THROW(static_cast<void>(host::call_count("cudaMalocAsync")), std::invalid_argument);
  host::clear_calls();
  EXPECT_EQ(host::call_count(), 0);
  EXPECT_TRUE(host::calls().empty());
}

TEST_F(CallLog, LeavesOutQueriesOfTheErrorState) {
  cudaGetLastError();
  cudaPeekAtLastError();
  cudaGetErrorName(cudaSuccess);
  cudaGetErrorString(cudaSuccess);
  EXPECT_EQ(host::call_count(), 0);
}

TEST_F(CallLog, CountsEveryCallAndKeepsTheFirst) {
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

TEST_F(Faults, StrikeTheKthCallOfAFunction) {
  host::fail_call(2, cudaErrorMemoryAllocation, "cudaMallocAsync");
  void* pointer = nullptr;
  free(allocate(1));
  EXPECT_EQ(cudaMallocAsync(&pointer, 1, stream), cudaErrorMemoryAllocation);
  EXPECT_EQ(cudaGetLastError(), cudaErrorMemoryAllocation);
  free(allocate(1));
}

TEST_F(Faults, MakeACallDoNothing) {
  host::fail_call(1, cudaErrorMemoryAllocation);
  void* pointer = this;
  EXPECT_EQ(cudaMalloc(&pointer, KiB), cudaErrorMemoryAllocation);
  EXPECT_EQ(pointer, this);
  EXPECT_EQ(host::mapped_bytes(), 0);
  unsigned char* const allocated = allocate(KiB);
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

// --- devices -----------------------------------------------------------------------------------------------

class Devices : public HostRuntime {
 protected:
  Devices() {
    host::set_device_count(2);
    EXPECT_CUDA(cudaSetDevice(1));
    second = make_stream();
    EXPECT_CUDA(cudaSetDevice(0));
  }
  cudaStream_t second = nullptr;
};

TEST_F(Devices, AreAsManyAsTheTestSays) {
  int count = 0;
  EXPECT_CUDA(cudaGetDeviceCount(&count));
  EXPECT_EQ(count, 2);
  host::set_device_count(0);
  EXPECT_EQ(cudaGetDeviceCount(&count), cudaErrorNoDevice);
  EXPECT_EQ(count, 0);
  void* pointer = nullptr;
  EXPECT_EQ(cudaMalloc(&pointer, 1), cudaErrorNoDevice);
  EXPECT_EQ(cudaDeviceSynchronize(), cudaErrorNoDevice);
  EXPECT_EQ(cudaSetDevice(0), cudaErrorNoDevice);
}

TEST_F(Devices, SupplyTheMemoryForTheirStreamsWhicheverIsCurrent) {
  unsigned char* const pointer = allocate(KiB, second);
  EXPECT_EQ(host::mapped_bytes(0), 0);
  EXPECT_EQ(host::mapped_bytes(1), granule);
  EXPECT_CUDA(cudaMemsetAsync(pointer, 1, KiB, second));
  EXPECT_CUDA(cudaFreeAsync(pointer, second));
  EXPECT_CUDA(cudaDeviceSynchronize());
  EXPECT_EQ(host::mapped_bytes(1), granule);
  EXPECT_CUDA(cudaStreamSynchronize(second));
  EXPECT_EQ(host::mapped_bytes(1), 0);
}

TEST_F(Devices, HaveTheirOwnLimitAndPools) {
  host::set_memory_limit(granule, 1);
  void* pointer = nullptr;
  EXPECT_EQ(cudaMallocAsync(&pointer, 2 * granule, second), cudaErrorMemoryAllocation);
  free(allocate(2 * granule));
  cudaMemPool_t first_default = nullptr;
  cudaMemPool_t second_default = nullptr;
  EXPECT_CUDA(cudaDeviceGetDefaultMemPool(&first_default, 0));
  EXPECT_CUDA(cudaDeviceGetDefaultMemPool(&second_default, 1));
  EXPECT_NE(first_default, second_default);
  EXPECT_EQ(cudaDeviceSetMemPool(0, second_default), cudaErrorInvalidValue);
  cudaDeviceProp properties;
  EXPECT_CUDA(cudaGetDeviceProperties(&properties, 1));
  EXPECT_EQ(properties.totalGlobalMem, granule);
}

TEST_F(Devices, AreCurrentInOneThread) {
  EXPECT_CUDA(cudaSetDevice(1));
  int elsewhere = -1;
  std::thread([&] { EXPECT_CUDA(cudaGetDevice(&elsewhere)); }).join();
  EXPECT_EQ(elsewhere, 0);
  int here = -1;
  EXPECT_CUDA(cudaGetDevice(&here));
  EXPECT_EQ(here, 1);
}

TEST_F(Devices, HaveTheirOwnDefaultStreams) {
  Gate gate(nullptr);
  EXPECT_EQ(cudaStreamQuery(nullptr), cudaErrorNotReady);
  EXPECT_CUDA(cudaSetDevice(1));
  for (const cudaStream_t default_stream : {cudaStream_t{nullptr}, cudaStreamLegacy, cudaStreamPerThread}) {
    EXPECT_CUDA(cudaStreamQuery(default_stream));
    int device = -1;
    EXPECT_CUDA(cudaStreamGetDevice(default_stream, &device));
    EXPECT_EQ(device, 1);
  }
}

TEST_F(Devices, AreSynchronisedOneAtATime) {
  EXPECT_CUDA(cudaSetDevice(1));
  Gate gate(second);
  EXPECT_CUDA(cudaSetDevice(0));
  EXPECT_CUDA(cudaDeviceSynchronize());
  EXPECT_EQ(cudaStreamQuery(second), cudaErrorNotReady);
}

TEST_F(Devices, ShareEventsForWaitingOnly) {
  cudaEvent_t event = nullptr;
  EXPECT_CUDA(cudaEventCreate(&event));
  EXPECT_EQ(cudaEventRecord(event, second), cudaErrorInvalidResourceHandle);
  Gate gate(stream);
  EXPECT_CUDA(cudaEventRecord(event, stream));
  EXPECT_CUDA(cudaStreamWaitEvent(second, event, 0));
  EXPECT_EQ(cudaStreamQuery(second), cudaErrorNotReady);
  gate.open();
  EXPECT_CUDA(cudaStreamSynchronize(second));
}

TEST_F(Devices, TakeLaunchesOnlyOnTheirOwnStreamsWhenCurrent) {
  EXPECT_EQ(host::launch(second, {}, [] {}), cudaErrorInvalidResourceHandle);
  EXPECT_CUDA(cudaSetDevice(1));
  EXPECT_CUDA(host::launch(second, {}, [] {}));
}

// --- reset and exit ----------------------------------------------------------------------------------------

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
