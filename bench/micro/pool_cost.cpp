// Host cost of one allocation where threads allocate at once, each on a stream of its own: 16 allocations of
// 1 KiB to 2 MiB a phase, their share of giving back included. Nothing runs on the streams.
//
// Each benchmark is one phase an iteration in each of its threads. The counter per_allocation is the time of
// an iteration over 16 in one thread, the mean of all threads: where these share nothing, as much for 16
// threads as for one.

#include "micro/pool_cost.hpp"

#include <benchmark/benchmark.h>

#include <array>
#include <chrono>
#include <memory>
#include <memory_resource>

#include "allocators/memory_pool.hpp"
#include "daa/arena_pool.hpp"
#include "driver/handles.hpp"

namespace daa::bench {
namespace {

constexpr std::size_t allocations = 16;

constexpr std::size_t bytes_of(std::size_t i) {
  return std::size_t{1024} << i * 11 / (allocations - 1);  // 2^10 to 2^21
}

// Google Benchmark's own figures of several threads mean different things in different versions. The clock is
// read inside the loop: before and behind it, threads wait for each other.
template <class Phase>
void run(benchmark::State& state, cudaStream_t stream, Phase phase) {
  using Clock = std::chrono::steady_clock;
  phase();
  phase();
  Clock::time_point start{};
  Clock::time_point end{};
  benchmark::IterationCount done = 0;
  for (auto _ : state) {
    if (done == 0) start = Clock::now();
    phase();
    if (++done == state.max_iterations) end = Clock::now();
  }
  const std::chrono::duration<double> elapsed = end - start;
  DAA_CUDA_CHECK(cudaStreamSynchronize(stream));
  const double count = static_cast<double>(state.iterations()) * static_cast<double>(allocations);
  state.counters["per_allocation"] =
      benchmark::Counter(elapsed.count() / count, benchmark::Counter::kAvgThreads);
}

void allocate_all(DeviceAsyncArena& arena) {
  for (std::size_t i = 0; i < allocations; ++i) benchmark::DoNotOptimize(arena.alloc_bytes(bytes_of(i)));
}

// The standard library's arena over host memory, one for each thread: nothing of CUDA is in it, and nothing
// is shared but the processor. What it loses to more threads, the machine takes.
void std_pmr_monotonic_each(benchmark::State& state) {
  const Stream stream = make_stream();
  std::size_t bytes = 0;
  for (std::size_t i = 0; i < allocations; ++i) bytes += bytes_of(i) + 256;
  const std::unique_ptr<std::byte[]> buffer{new std::byte[bytes]};
  std::pmr::monotonic_buffer_resource arena{buffer.get(), bytes, std::pmr::null_memory_resource()};
  run(state, stream.get(), [&] {
    for (std::size_t i = 0; i < allocations; ++i) benchmark::DoNotOptimize(arena.allocate(bytes_of(i), 256));
    arena.release();
  });
}

// An arena that each thread has for itself: what a lease costs is the difference to this.
void arena_each(benchmark::State& state) {
  const Stream stream = make_stream();
  DeviceAsyncArena arena{stream.get()};
  run(state, stream.get(), [&] {
    allocate_all(arena);
    arena.reset();
  });
}

void arena_pool(benchmark::State& state, ArenaPool& pool) {
  const Stream stream = make_stream();
  run(state, stream.get(), [&] { allocate_all(*pool.lease(stream.get())); });
  pool.release(stream.get());
}

void cuda_malloc_async_tuned(benchmark::State& state, const MemoryPool& pool) {
  const Stream stream = make_stream();
  std::array<void*, allocations> live{};
  run(state, stream.get(), [&] {
    for (std::size_t i = 0; i < allocations; ++i) {
      DAA_CUDA_CHECK(cudaMallocFromPoolAsync(&live[i], bytes_of(i), pool.handle(), stream.get()));
    }
    for (void* const pointer : live) DAA_CUDA_CHECK(cudaFreeAsync(pointer, stream.get()));
  });
}

template <class Function>
void on_threads(const char* name, Function function) {
  benchmark::RegisterBenchmark(name, function)
      ->UseRealTime()
      ->Threads(1)
      ->Threads(4)
      ->Threads(8)
      ->Threads(16);
}

}  // namespace

void register_pool_benchmarks() {
  on_threads("threads/arena_pool",
             [pool = std::make_shared<ArenaPool>()](benchmark::State& state) { arena_pool(state, *pool); });
  on_threads("threads/arena_each", arena_each);
  on_threads("threads/std_pmr_monotonic_each", std_pmr_monotonic_each);
  on_threads("threads/cuda_malloc_async_tuned",
             [pool = std::make_shared<MemoryPool>(keep_all)](benchmark::State& state) {
               cuda_malloc_async_tuned(state, *pool);
             });
  on_threads("threads/cuda_malloc_async_tuned_pool_each",
             [](benchmark::State& state) { cuda_malloc_async_tuned(state, MemoryPool{keep_all}); });
}

}  // namespace daa::bench
