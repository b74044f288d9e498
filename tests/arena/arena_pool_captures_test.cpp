// Leases for streams that are captured.

#include <future>
#include <stdexcept>
#include <thread>

#include "arena_pool_fixture.hpp"
#include "own_pool.hpp"

namespace daa::test {
namespace {

TEST_F(ArenaPools, ACaptureUsesWarmMemoryAndAllocatesNone) {
  ArenaPool pool;
  static_cast<void>(pool.lease(stream())->alloc_bytes(MiB));
  DAA_CUDA_CHECK(cudaStreamBeginCapture(stream(), cudaStreamCaptureModeThreadLocal));
  {
    const ArenaLease warm = pool.lease(stream());
    fill(warm->alloc_bytes(MiB), 1, MiB);
    EXPECT_THROW(static_cast<void>(pool.lease(stream())), std::logic_error) << "there is one arena";
    EXPECT_THROW(pool.release(stream()), std::logic_error);
  }
  static_cast<void>(pool.lease(stream()));
  cudaGraph_t graph = nullptr;
  DAA_CUDA_CHECK(cudaStreamEndCapture(stream(), &graph));
  std::size_t nodes = 0;
  DAA_CUDA_CHECK(cudaGraphGetNodes(graph, nullptr, &nodes));
  EXPECT_EQ(nodes, 1u);
  DAA_CUDA_CHECK(cudaGraphDestroy(graph));
  EXPECT_EQ(pool.stats().failed_ends, 0u);
}

TEST_F(ArenaPools, ACaptureOfTheThreadsOwnDefaultStreamUsesItsOwnArena) {
  ArenaPool pool;
  const void* warm = pool.lease(cudaStreamPerThread)->alloc_bytes(MiB);
  std::promise<void> leased;
  std::promise<void> done;
  std::thread other{[&] {
    static_cast<void>(pool.lease(cudaStreamPerThread)->alloc_bytes(MiB));
    leased.set_value();
    done.get_future().wait();
    pool.release(cudaStreamPerThread);
  }};
  leased.get_future().wait();
  DAA_CUDA_CHECK(cudaStreamBeginCapture(cudaStreamPerThread, cudaStreamCaptureModeThreadLocal));
  {
    const ArenaLease lease = pool.lease(cudaStreamPerThread);
    EXPECT_EQ(lease->alloc_bytes(MiB), warm);
    EXPECT_THROW(static_cast<void>(pool.lease(cudaStreamPerThread)), std::logic_error);
  }
  cudaGraph_t graph = nullptr;
  DAA_CUDA_CHECK(cudaStreamEndCapture(cudaStreamPerThread, &graph));
  DAA_CUDA_CHECK(cudaGraphDestroy(graph));
  done.set_value();
  other.join();
  pool.release(cudaStreamPerThread);
}

TEST_F(ArenaPools, AnInvalidCaptureCountsAsACapture) {
  ArenaPool pool;
  static_cast<void>(pool.lease(stream())->alloc_bytes(MiB));
  DAA_CUDA_CHECK(cudaStreamBeginCapture(stream(), cudaStreamCaptureModeThreadLocal));
  EXPECT_NE(cudaStreamSynchronize(stream()), cudaSuccess);
  static_cast<void>(cudaGetLastError());
  EXPECT_THROW(pool.release(stream()), std::logic_error);
  { const ArenaLease lease = pool.lease(stream()); }
  cudaGraph_t graph = nullptr;
  EXPECT_EQ(cudaStreamEndCapture(stream(), &graph), cudaErrorStreamCaptureInvalidated);
  static_cast<void>(cudaGetLastError());
  EXPECT_EQ(pool.stats().warm_leases, 1u);
}

TEST_F(ArenaPools, ThatDieInACaptureLeakAndLeaveItValid) {
  const OwnPool memory;
  void* leaked = nullptr;
  {
    ArenaPoolOptions options;
    options.memory_pool = memory.handle();
    ArenaPool pool{options};
    leaked = pool.lease(stream())->alloc_bytes(MiB);
    DAA_CUDA_CHECK(cudaStreamBeginCapture(stream(), cudaStreamCaptureModeThreadLocal));
  }
  cudaGraph_t graph = nullptr;
  DAA_CUDA_CHECK(cudaStreamEndCapture(stream(), &graph));
  DAA_CUDA_CHECK(cudaGraphDestroy(graph));
  EXPECT_EQ(memory.bytes_used(), 2 * MiB);
  DAA_CUDA_CHECK(cudaFreeAsync(leaked, stream()));
  DAA_CUDA_CHECK(cudaStreamSynchronize(stream()));
}

}  // namespace
}  // namespace daa::test
