// ArenaPool on the host runtime: its CUDA calls, each of which fails in turn, reused handles, and threads
// that end while the pool has arenas of theirs.

#include <functional>
#include <map>
#include <optional>
#include <stdexcept>
#include <thread>

#include "arena/src/pool_state.hpp"
#include "daa/arena_pool.hpp"
#include "host_runtime_fixture.hpp"

namespace daa::test {
namespace {

// Added to every stream's id. The host runtime never reuses a handle; changing the id of a stream simulates a
// new stream with an old handle.
unsigned long long identity_shift = 0;

}  // namespace

extern "C" cudaError_t __real_cudaStreamGetId(cudaStream_t stream, unsigned long long* id);

// Replaces the runtime's own function at link time (--wrap).
extern "C" cudaError_t __wrap_cudaStreamGetId(cudaStream_t stream, unsigned long long* id) {
  const cudaError_t error = __real_cudaStreamGetId(stream, id);
  if (error == cudaSuccess) *id += identity_shift;
  return error;
}

namespace {

class ArenaPoolOnHost : public HostRuntime {
 protected:
  ~ArenaPoolOnHost() override { identity_shift = 0; }

  static void lease_and_use(ArenaPool& pool, cudaStream_t on, std::size_t bytes = MiB) {
    const ArenaLease lease = pool.lease(on);
    void* const scratch = lease->alloc_bytes(bytes);
    DAA_CUDA_CHECK(cudaMemsetAsync(scratch, 1, bytes, on));
  }
};

TEST_F(ArenaPoolOnHost, AWarmLeaseOnlyIdentifiesTheStream) {
  ArenaPool pool;
  lease_and_use(pool, stream);
  host::clear_calls();
  for (int round = 0; round < 10; ++round) static_cast<void>(pool.lease(stream)->alloc_bytes(MiB));
  EXPECT_EQ(host::call_count("cudaStreamIsCapturing"), 10u);
  EXPECT_EQ(host::call_count("cudaStreamGetId"), 10u);
  EXPECT_EQ(host::call_count(), 20u);
}

TEST_F(ArenaPoolOnHost, SixteenStreamsRarelyShareALock) {
  for (const unsigned long long distance : {1u, 2u, 3u, 4u, 8u, 16u, 64u, 100u, 1024u, 4096u}) {
    std::map<std::uint64_t, int> streams_of_shard;
    for (unsigned long long i = 0; i < 16; ++i) {
      EXPECT_LE(++streams_of_shard[detail::hash({1000 + i * distance, -1, 0}) >> 58], distance < 5 ? 1 : 2);
    }
  }
}

TEST_F(ArenaPoolOnHost, AReusedHandleGetsANewArenaAndTheOldMemoryIsNotTouched) {
  ArenaPool pool;
  lease_and_use(pool, stream);
  lease_and_use(pool, other);
  host::clear_calls();
  identity_shift = 1000;
  lease_and_use(pool, stream);
  EXPECT_EQ(pool.stats().cold_leases, 3u);
  EXPECT_EQ(pool.stats().abandoned, 1u);
  EXPECT_EQ(pool.stats().abandoned_bytes, 2 * MiB);
  EXPECT_EQ(pool.stats().arenas_idle, 2u);
  EXPECT_EQ(pool.stats().life.allocations, 3u);
  EXPECT_EQ(host::call_count("cudaFreeAsync"), 0u);
  EXPECT_EQ(host::live_allocations(), 3u);
}

TEST_F(ArenaPoolOnHost, APoolMakesNoCallForADestroyedStream) {
  ArenaPool pool;
  cudaStream_t const dead = make_stream();
  lease_and_use(pool, dead);
  EXPECT_CUDA(cudaStreamDestroy(dead));
  host::clear_calls();
  for (int round = 0; round < 3; ++round) lease_and_use(pool, stream);
  pool.release(stream);
  for (const host::Call& call : host::calls()) {
    EXPECT_NE(call.stream, dead) << call.function;
    EXPECT_EQ(call.result, cudaSuccess) << call.function;
  }
}

TEST_F(ArenaPoolOnHost, DestroyingThePoolFreesNothingOnAReusedHandle) {
  {
    ArenaPool pool;
    lease_and_use(pool, stream);
    identity_shift = 1000;
    lease_and_use(pool, other);
  }
  EXPECT_EQ(host::call_count("cudaFreeAsync"), 1u);
  EXPECT_EQ(host::live_allocations(), 1u);
}

TEST_F(ArenaPoolOnHost, DefaultStreamsOfTwoDevicesAreDifferent) {
  host::set_device_count(2);
  ArenaPool pool;
  for (int round = 0; round < 2; ++round) {
    for (const int device : {0, 1}) {
      EXPECT_CUDA(cudaSetDevice(device));
      EXPECT_EQ(host::mapped_bytes(device), round == 0 ? 0 : granule);
      lease_and_use(pool, nullptr);
      EXPECT_EQ(host::mapped_bytes(device), granule);
    }
  }
  EXPECT_EQ(pool.stats().cold_leases, 2u);
  EXPECT_CUDA(cudaSetDevice(0));
}

TEST_F(ArenaPoolOnHost, ArenasOfAThreadThatHasEndedAreNotUsed) {
  std::optional<ArenaPool> pool;
  pool.emplace();
  ArenaLease taken_along;
  std::thread([&] {
    lease_and_use(*pool, cudaStreamPerThread);
    taken_along = pool->lease(cudaStreamPerThread);
    static_cast<void>(taken_along->alloc_bytes(MiB));
    lease_and_use(*pool, cudaStreamPerThread);
    EXPECT_CUDA(cudaStreamSynchronize(cudaStreamPerThread));
  }).join();
  host::clear_calls();
  lease_and_use(*pool, cudaStreamPerThread);
  EXPECT_EQ(pool->stats().cold_leases, 3u);
  taken_along = {};
  EXPECT_EQ(pool->stats().abandoned, 1u) << "a lease that ends on another thread cannot end its phase";
  EXPECT_EQ(pool->stats().arenas_idle, 2u);
  pool.reset();
  EXPECT_EQ(host::call_count("cudaFreeAsync"), 1u) << "of this thread's";
  EXPECT_EQ(host::live_allocations(), 2u);
}

TEST_F(ArenaPoolOnHost, MemoryThatCannotBeFreedDuringACaptureIsFreedLater) {
  ArenaPoolOptions options;
  options.max_bytes = 2 * MiB;
  ArenaPool pool{options};
  {
    const ArenaLease lease = pool.lease(stream);
    static_cast<void>(lease->alloc_bytes(4 * MiB));
    EXPECT_CUDA(cudaStreamBeginCapture(stream, cudaStreamCaptureModeThreadLocal));
  }
  EXPECT_EQ(pool.stats().idle_bytes, 4 * MiB);
  EXPECT_EQ(pool.stats().evictions, 0u);
  cudaGraph_t graph = nullptr;
  EXPECT_CUDA(cudaStreamEndCapture(stream, &graph));
  EXPECT_CUDA(cudaGraphDestroy(graph));
  static_cast<void>(pool.lease(stream));
  EXPECT_EQ(pool.stats().idle_bytes, 0u);
  EXPECT_EQ(pool.stats().evictions, 1u);
  lease_and_use(pool, other);
  EXPECT_EQ(pool.stats().idle_bytes, 2 * MiB) << "the limit is unchanged";
}

// Whether `step` threw an exception that the library may throw; if so, repeats it: the fault has occurred.
bool repeated(const std::function<void()>& step) {
  try {
    step();
    return false;
  } catch (const CudaError&) {
  } catch (const OutOfDeviceMemory&) {
  }
  step();
  return true;
}

// Runs all operations of a pool with the k-th call failing. Returns whether there was a k-th call.
bool live_with_fault(std::size_t k, cudaError_t error) {
  host::reset();
  cudaStream_t streams[2] = {};
  for (cudaStream_t& each : streams) EXPECT_CUDA(cudaStreamCreate(&each));
  host::fail_call(k, error);
  ArenaPoolOptions options;
  options.max_bytes = 32 * KiB;
  options.arena.initial_bytes = 8 * KiB;
  std::optional<ArenaPool> pool{options};
  ArenaLease outlives;
  std::size_t leases = 0;
  const auto lease_step = [&](cudaStream_t on) {
    ArenaLease lease;
    repeated([&] {
      EXPECT_EQ(pool->stats().warm_leases + pool->stats().cold_leases, leases);
      lease = pool->lease(on);
    });
    ++leases;
    return lease;
  };
  const auto alloc_step = [](const ArenaLease& lease, std::size_t bytes) {
    repeated([&] { static_cast<void>(lease->alloc_bytes(bytes)); });
  };
  for (int round = 0; round < 3; ++round) {
    for (cudaStream_t each : {streams[0], streams[1], cudaStream_t{nullptr}, cudaStreamPerThread}) {
      const ArenaLease one = lease_step(each);
      alloc_step(one, 4 * KiB);
      const ArenaLease two = lease_step(each);
      alloc_step(two, 12 * KiB);
      alloc_step(two, round == 1 ? 28 * KiB : 4 * KiB);
    }
    EXPECT_EQ(pool->stats().arenas_leased, 0u);
    EXPECT_GT(pool->stats().evictions, 0u);
  }
  repeated([&] { pool->release(streams[0]); });
  outlives = lease_step(streams[1]);
  alloc_step(outlives, 4 * KiB);
  static_cast<void>(pool->stats());
  pool.reset();
  outlives = {};

  const bool struck = !host::clear_fault();
  EXPECT_EQ(cudaGetLastError(), cudaSuccess);
  EXPECT_CUDA(cudaDeviceSynchronize());
  EXPECT_EQ(host::violations(), std::vector<std::string>{});
  EXPECT_EQ(host::live_allocations(), 0u);
  return struck;
}

TEST_F(ArenaPoolOnHost, NothingLeaksWhicheverCallFails) {
  for (const cudaError_t error : {cudaErrorMemoryAllocation, cudaErrorInvalidValue}) {
    std::size_t k = 1;
    while (live_with_fault(k, error)) {
      if (HasFailure()) FAIL() << "with call " << k << " failing with " << cudaGetErrorName(error);
      ++k;
    }
    EXPECT_GT(k, 50u) << "too few calls were tested";
  }
}

}  // namespace
}  // namespace daa::test
