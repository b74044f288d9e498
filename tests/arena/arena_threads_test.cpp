// Arenas of several threads, each with its own stream. They share no state, so no lock is needed.

#include <thread>

#include "daa/device_async_arena.hpp"
#include "stream_fixture.hpp"

namespace daa::test {
namespace {

class ArenaThreads : public StreamFixture {};

// The work of one thread: growing phases, each allocation filled with the thread's own byte. Returns the
// content after the last phase, or nothing if a call failed.
std::vector<std::uint8_t> run_phases(std::uint8_t value) {
  constexpr std::size_t bytes = std::size_t{1} << 20;
  std::vector<std::uint8_t> result;
  cudaStream_t stream = nullptr;
  DAA_CUDA_CHECK(cudaSetDevice(0));
  DAA_CUDA_CHECK(cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking));
  for (const Backing backing : {Backing::chunked, Backing::individual}) {
    DeviceAsyncArena arena{stream, {}, {backing, std::size_t{1} << 16, std::size_t{8} << 20}};
    for (std::size_t phase = 1; phase <= 10; ++phase) {
      std::vector<void*> live;
      for (std::size_t i = 0; i < phase; ++i) {
        live.push_back(arena.alloc_bytes(bytes));
        DAA_CUDA_CHECK(cudaMemsetAsync(live.back(), value, bytes, stream));
      }
      result.resize(phase * bytes);
      for (std::size_t i = 0; i < phase; ++i) {
        DAA_CUDA_CHECK(
            cudaMemcpyAsync(result.data() + i * bytes, live[i], bytes, cudaMemcpyDeviceToHost, stream));
      }
      arena.reset();
      DAA_CUDA_CHECK(cudaStreamSynchronize(stream));
      if (result != std::vector<std::uint8_t>(phase * bytes, value)) return {};
    }
  }
  DAA_CUDA_CHECK(cudaStreamDestroy(stream));
  return result;
}

TEST_F(ArenaThreads, ArenasOfDifferentThreadsDoNotInterfere) {
  constexpr std::size_t count = 8;
  std::vector<std::vector<std::uint8_t>> results(count);
  std::vector<std::thread> threads;
  for (std::size_t i = 0; i < count; ++i) {
    threads.emplace_back([&results, i] { results[i] = run_phases(static_cast<std::uint8_t>(i + 1)); });
  }
  for (std::thread& thread : threads) thread.join();
  for (const auto& result : results) EXPECT_FALSE(result.empty());
}

}  // namespace
}  // namespace daa::test
