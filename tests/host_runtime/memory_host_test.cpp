// The host runtime: when memory is mapped, reused, limited and unmapped.

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <random>
#include <thread>
#include <utility>
#include <vector>

#include "host_runtime_fixture.hpp"

namespace daa::test {
namespace {

using namespace std::chrono_literals;

using Memory = HostRuntime;

TEST_F(Memory, IsMappedInGranulesAndUnmappedByEveryKindOfSynchronisationAndByNothingElse) {
  cudaEvent_t event = nullptr;
  EXPECT_CUDA(cudaEventCreate(&event));
  const std::function<void()> ways[] = {[&] { EXPECT_CUDA(cudaStreamSynchronize(stream)); },
                                        [&] { EXPECT_CUDA(cudaDeviceSynchronize()); },
                                        [&] { EXPECT_CUDA(cudaEventSynchronize(event)); }};
  for (const auto& synchronize_somehow : ways) {
    free(allocate(1));
    free(allocate(granule + 1));
    EXPECT_CUDA(cudaEventRecord(event, stream));
    while (cudaEventQuery(event) == cudaErrorNotReady) std::this_thread::yield();
    EXPECT_EQ(host::mapped_bytes(), 3 * granule);
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
  EXPECT_EQ(host::live_allocations(), 0) << "in host time";
  EXPECT_NE(allocate(granule, other), pointer);
  EXPECT_EQ(allocate(granule), pointer);
  EXPECT_EQ(host::live_allocations(), 2);
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

TEST_F(Memory, BeyondTheLimitOfTheDeviceOrOfThePoolCannotBeAllocated) {
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
  synchronize();
  const cudaMemPool_t pool = make_pool(0, 0, granule);
  EXPECT_EQ(cudaMallocFromPoolAsync(&pointer, granule + 1, pool, stream), cudaErrorMemoryAllocation);
  free(allocate_from(pool, granule, stream));
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

TEST_F(Memory, WhoseFreeIsPendingIsNotWaitedForByAnAllocationThatFails) {
  host::set_memory_limit(4 * granule);
  unsigned char* const freed = allocate(3 * granule);
  {
    Gate gate(stream);
    free(freed);
    void* pointer = nullptr;
    EXPECT_EQ(cudaMallocAsync(&pointer, 4 * granule, stream), cudaErrorMemoryAllocation);
    EXPECT_EQ(cudaMallocAsync(&pointer, 2 * granule, other), cudaErrorMemoryAllocation);
    EXPECT_EQ(cudaStreamQuery(stream), cudaErrorNotReady);
    EXPECT_EQ(allocate(3 * granule), freed) << "in stream order it serves";
    free(freed);
    gate.open();
    synchronize();
  }
  free(allocate(4 * granule));
}

TEST_F(Memory, WhoseFreeHasNothingInFrontOfItIsThereForAnAllocationThatWouldFail) {
  host::set_memory_limit(4 * granule);
  for (int i = 0; i < 100; ++i) {  // however far the worker is
    free(allocate(3 * granule));
    free(allocate(4 * granule));
    Gate gate(stream);
    for (const std::size_t bytes : {2 * granule, 4 * granule}) {
      EXPECT_CUDA(cudaFreeAsync(allocate(bytes, other), other));
    }
    gate.open();
    synchronize();
  }
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

TEST_F(Memory, FromAPageableSourceIsReadAtOnceAndFromAPinnedOneInStreamOrder) {
  void* pinned = nullptr;
  EXPECT_CUDA(cudaMallocHost(&pinned, 1));
  unsigned char pageable = 0;
  for (unsigned char* const source : {&pageable, static_cast<unsigned char*>(pinned)}) {
    Gate gate(stream);
    unsigned char* const pointer = allocate(1);
    *source = 1;
    EXPECT_CUDA(cudaMemcpyAsync(pointer, source, 1, cudaMemcpyHostToDevice, stream));
    *source = 2;
    gate.open();
    synchronize();
    EXPECT_EQ(*pointer, source == &pageable ? 1 : 2);
  }
}

// --- many random calls ----------------------------------------------------------------------------------

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

}  // namespace
}  // namespace daa::test
