// The host runtime: streams and the threads that run them.

#include <atomic>
#include <chrono>
#include <filesystem>
#include <iterator>
#include <memory>
#include <thread>
#include <vector>

#include "host_runtime_fixture.hpp"

namespace daa::test {
namespace {

using namespace std::chrono_literals;

using Streams = HostRuntime;

TEST_F(Streams, RunTasksInOrderInAThreadThatMayNotCallCudaAndReleaseWhatTheyHold) {
  std::vector<int> order;
  const auto held = std::make_shared<std::thread::id>(std::this_thread::get_id());
  Gate gate(stream);
  for (int i = 0; i < 3; ++i) {
    EXPECT_CUDA(host::launch(stream, {}, [&order, i, held] {
      EXPECT_NE(std::this_thread::get_id(), *held);
      EXPECT_EQ(cudaStreamQuery(nullptr), cudaErrorNotPermitted);
      order.push_back(i);
    }));
  }
  EXPECT_EQ(cudaStreamQuery(stream), cudaErrorNotReady);
  EXPECT_EQ(cudaPeekAtLastError(), cudaSuccess) << "that is no error";
  EXPECT_TRUE(order.empty());
  gate.open();
  synchronize();
  EXPECT_EQ(order, (std::vector{0, 1, 2}));
  EXPECT_EQ(held.use_count(), 1);
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
  auto now = threads_now();  // asked once a round: while threads end, the kernel may leave one out
  while (now > before && std::chrono::steady_clock::now() < deadline) {
    std::this_thread::yield();
    now = threads_now();
  }
  EXPECT_LE(now, before);
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

}  // namespace
}  // namespace daa::test
