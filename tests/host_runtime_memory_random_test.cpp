// The host runtime: what holds of its memory over many random calls.

#include <cuda_runtime_api.h>
#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <cstdint>
#include <optional>
#include <random>
#include <thread>
#include <utility>
#include <vector>

#include "host_runtime_fixture.hpp"

namespace daa::test {
namespace {

using Memory = HostRuntime;

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
