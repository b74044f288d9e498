// Scratch memory for many streams and threads, from a pool that keeps an arena warm for each stream.
//
//   build/release/bin/streams_and_threads
//
// Threads enqueue phases on their own streams; one thread uses several streams at once. Each phase fills an
// array, adds adjacent elements into another array, and sums those, all in scratch memory: if two streams
// ever got the same memory, a sum would differ. Verifies every sum on the CPU. Exits with 0 if they are
// right, 1 if they are wrong, 2 without a GPU.
//
// Shows: ArenaPool, one lease per phase, several leases at once, release() before a stream is destroyed, and
// a warm arena for each lease of a stream except its first. CUDA calls involved: cudaMallocAsync,
// cudaFreeAsync and cudaStreamGetCaptureInfo by the arenas; cudaStreamIsCapturing and cudaStreamGetId in each
// lease; cudaMemcpyAsync and cudaStreamSynchronize for the sums.

#include <cuda_runtime.h>

#include <cstdio>
#include <future>
#include <memory>
#include <utility>
#include <vector>

#include "daa/arena_pool.hpp"

namespace {

using daa::alloc;
using daa::ArenaPool;

constexpr unsigned elements = 200'003, phases = 50;
constexpr unsigned threads = 8, streams_of_last_thread = 4, streams = threads - 1 + streams_of_last_thread;
constexpr unsigned block = 256, grid = (elements + block - 1) / block;

using Sums = std::vector<unsigned long long>;  // one for each phase

// --- CPU reference ---

__host__ __device__ unsigned element(unsigned seed, unsigned i) {
  unsigned x = (seed * 0x9E37'79B9u + i) * 0x85EB'CA6Bu;
  x ^= x >> 15;
  return x * 0xC2B2'AE35u >> 8;
}

// The sums of all phases of one stream.
Sums reference(unsigned stream_number) {
  Sums sums(phases, 0);
  for (unsigned phase = 0; phase < phases; ++phase) {
    const unsigned seed = stream_number * phases + phase;
    for (unsigned i = 0; i < elements; ++i)
      sums[phase] += element(seed, i) + element(seed, (i + 1) % elements);
  }
  return sums;
}

// --- kernels ---

__global__ void fill(unsigned seed, unsigned* out) {
  const unsigned i = blockIdx.x * block + threadIdx.x;
  if (i < elements) out[i] = element(seed, i);
}

__global__ void add_neighbours(const unsigned* in, unsigned* out) {
  const unsigned i = blockIdx.x * block + threadIdx.x;
  if (i < elements) out[i] = in[i] + in[(i + 1) % elements];
}

__global__ void add_up(const unsigned* in, unsigned long long* sum) {
  __shared__ unsigned long long sums[block];
  const unsigned i = blockIdx.x * block + threadIdx.x;
  sums[threadIdx.x] = i < elements ? in[i] : 0;
  __syncthreads();
  for (unsigned half = block / 2; half > 0; half /= 2) {
    if (threadIdx.x < half) sums[threadIdx.x] += sums[threadIdx.x + half];
    __syncthreads();
  }
  if (threadIdx.x == 0) atomicAdd(sum, sums[0]);
}

// --- one phase ---

// Copies the sum to `*result` in stream order.
void run_phase(daa::DeviceAsyncArena& scratch, unsigned seed, unsigned long long* result) {
  const cudaStream_t stream = scratch.stream();
  auto values = alloc<unsigned>(scratch, elements), neighbours = alloc<unsigned>(scratch, elements);
  auto sum = alloc<unsigned long long>(scratch, 1);
  DAA_CUDA_CHECK(cudaMemsetAsync(sum, 0, sum.size_bytes(), stream));
  fill<<<grid, block, 0, stream>>>(seed, values);
  DAA_CUDA_CHECK(cudaGetLastError());
  add_neighbours<<<grid, block, 0, stream>>>(values, neighbours);
  DAA_CUDA_CHECK(cudaGetLastError());
  add_up<<<grid, block, 0, stream>>>(neighbours, sum);
  DAA_CUDA_CHECK(cudaGetLastError());
  DAA_CUDA_CHECK(cudaMemcpyAsync(result, sum, sum.size_bytes(), cudaMemcpyDeviceToHost, stream));
}

// --- threads ---

// A stream that is released from the pool before it is destroyed.
class PooledStream {
 public:
  explicit PooledStream(ArenaPool& pool) : pool_(pool) {
    DAA_CUDA_CHECK(cudaStreamCreateWithFlags(&stream_, cudaStreamNonBlocking));
  }
  ~PooledStream() {
    try {
      pool_.release(stream_);
    } catch (const std::exception& error) {
      std::fprintf(stderr, "%s\n", error.what());
    }
    static_cast<void>(cudaStreamDestroy(stream_));
  }
  PooledStream(const PooledStream&) = delete;
  PooledStream& operator=(const PooledStream&) = delete;

  [[nodiscard]] cudaStream_t get() const { return stream_; }

 private:
  ArenaPool& pool_;
  cudaStream_t stream_ = nullptr;
};

struct FreeHost {
  void operator()(unsigned long long* pointer) const noexcept { static_cast<void>(cudaFreeHost(pointer)); }
};

// The work of one thread on `count` streams, numbered from `first`. Returns the sums of each stream.
std::vector<Sums> run_thread(ArenaPool& pool, unsigned first, unsigned count) {
  unsigned long long* pinned = nullptr;  // a copy to pageable memory would block the thread
  DAA_CUDA_CHECK(cudaMallocHost(reinterpret_cast<void**>(&pinned), count * phases * sizeof *pinned));
  const std::unique_ptr<unsigned long long, FreeHost> owner{pinned};
  std::vector<std::unique_ptr<PooledStream>> own;
  while (own.size() < count) own.push_back(std::make_unique<PooledStream>(pool));

  for (unsigned phase = 0; phase < phases; ++phase) {
    std::vector<daa::ArenaLease> leases;  // all at the same time
    for (const auto& stream : own) leases.push_back(pool.lease(stream->get()));
    for (unsigned s = 0; s < count; ++s) {
      run_phase(*leases[s], (first + s) * phases + phase, pinned + s * phases + phase);
    }
  }  // each phase ends in stream order; nothing waits
  std::vector<Sums> sums;
  for (unsigned s = 0; s < count; ++s) {
    DAA_CUDA_CHECK(cudaStreamSynchronize(own[s]->get()));
    sums.emplace_back(pinned + s * phases, pinned + (s + 1) * phases);
  }
  return sums;
}

int run() {
  ArenaPool pool;
  std::vector<std::future<std::vector<Sums>>> running;
  for (unsigned t = 0; t < threads; ++t) {
    const unsigned count = t + 1 < threads ? 1 : streams_of_last_thread;
    running.push_back(
        std::async(std::launch::async, [&pool, t, count] { return run_thread(pool, t, count); }));
  }
  std::vector<Sums> sums;
  for (auto& thread : running) {
    for (Sums& each : thread.get()) sums.push_back(std::move(each));
  }

  const daa::ArenaPoolStats stats = pool.stats();
  std::printf("%u threads, %u streams: %zu cold leases, %zu warm leases; %zu CUDA calls for memory\n",
              threads, streams, stats.cold_leases, stats.warm_leases, stats.runtime_calls);
  std::printf("after release(): %zu arenas leased, %zu idle, %zu abandoned\n", stats.arenas_leased,
              stats.arenas_idle, stats.abandoned);
  for (unsigned s = 0; s < streams; ++s) {
    const Sums expected = reference(s);
    for (unsigned phase = 0; phase < phases; ++phase) {
      if (sums[s][phase] == expected[phase]) continue;
      std::printf("wrong: stream %u, phase %u: the sum is %llu, expected %llu\n", s, phase, sums[s][phase],
                  expected[phase]);
      return 1;
    }
  }
  const std::size_t kept = stats.arenas_leased + stats.arenas_idle + stats.abandoned;
  if (stats.cold_leases != streams || stats.warm_leases != streams * (phases - 1) || kept != 0) {
    std::printf("wrong: expected %u cold leases, %u warm leases and no arena left\n", streams,
                streams * (phases - 1));
    return 1;
  }
  std::printf("verified: %u sums of %u elements\n", streams * phases, elements);
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc > 1) {
    std::fprintf(stderr, "streams_and_threads: unknown argument %s; it takes none\n", argv[1]);
    return 1;
  }
  int count = 0;
  const cudaError_t found = cudaGetDeviceCount(&count);
  if (found == cudaErrorNoDevice || found == cudaErrorInsufficientDriver) {
    std::printf("waived: no GPU: %s\n", cudaGetErrorString(found));
    return 2;
  }
  try {
    DAA_CUDA_CHECK(found);
    return run();
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
}
