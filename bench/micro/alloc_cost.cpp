// Host cost of one allocation, its share of giving back included: 1,000 allocations of 4 KiB a phase.
//
// Each benchmark is one phase an iteration. With sync:1 the stream is synchronised after every phase and that
// is timed too, because that is when a pool without a release threshold gives its memory back to the device.
// The counter per_allocation is the time of an iteration over 1,000.

#include <benchmark/benchmark.h>
#include <cuda_runtime_api.h>

#include <cstdio>
#include <memory_resource>
#include <vector>

#include "allocators/memory_pool.hpp"
#include "daa/device_async_arena.hpp"
#include "device/handles.hpp"

namespace daa::bench {
namespace {

constexpr std::size_t allocations = 1000;
constexpr std::size_t bytes = 4096;

// Times `phase`; `synchronise` follows it where the benchmark's argument says so.
template <class Phase>
void run(benchmark::State& state, cudaStream_t stream, Phase phase) {
  const bool sync = state.range(0) != 0;
  phase();
  phase();
  for (auto _ : state) {
    phase();
    if (sync) DAA_CUDA_CHECK(cudaStreamSynchronize(stream));
  }
  DAA_CUDA_CHECK(cudaStreamSynchronize(stream));
  state.counters["per_allocation"] = benchmark::Counter(
      allocations, benchmark::Counter::kIsIterationInvariantRate | benchmark::Counter::kInvert);
}

void run_arena(benchmark::State& state, std::uint64_t release_threshold_bytes, ArenaOptions options) {
  const Stream stream = make_stream();
  const MemoryPool pool{release_threshold_bytes};
  DeviceAsyncArena arena{stream.get(), pool.handle(), options};
  run(state, stream.get(), [&] {
    for (std::size_t i = 0; i < allocations; ++i) benchmark::DoNotOptimize(arena.alloc_bytes(bytes));
    arena.reset();
  });
}

void arena(benchmark::State& state) {
  run_arena(state, 0, {});
}

void arena_individual(benchmark::State& state) {
  ArenaOptions options;
  options.backing = Backing::individual;
  run_arena(state, keep_all, options);
}

void run_async(benchmark::State& state, std::uint64_t release_threshold_bytes) {
  const Stream stream = make_stream();
  const MemoryPool pool{release_threshold_bytes};
  std::vector<void*> live(allocations);
  run(state, stream.get(), [&] {
    for (void*& pointer : live) {
      DAA_CUDA_CHECK(cudaMallocFromPoolAsync(&pointer, bytes, pool.handle(), stream.get()));
    }
    for (void* const pointer : live) DAA_CUDA_CHECK(cudaFreeAsync(pointer, stream.get()));
  });
}

void cuda_malloc_async(benchmark::State& state) {
  run_async(state, 0);
}
void cuda_malloc_async_tuned(benchmark::State& state) {
  run_async(state, keep_all);
}

void cuda_malloc(benchmark::State& state) {
  const Stream stream = make_stream();
  std::vector<void*> live(allocations);
  run(state, stream.get(), [&] {
    for (void*& pointer : live) DAA_CUDA_CHECK(cudaMalloc(&pointer, bytes));
    for (void* const pointer : live) DAA_CUDA_CHECK(cudaFree(pointer));
  });
}

// The standard library's arena over host memory, as a yardstick: nothing of CUDA is in it.
void std_pmr_monotonic(benchmark::State& state) {
  const Stream stream = make_stream();
  std::vector<std::byte> buffer(allocations * bytes + 256);
  std::pmr::monotonic_buffer_resource arena{buffer.data(), buffer.size(), std::pmr::null_memory_resource()};
  run(state, stream.get(), [&] {
    for (std::size_t i = 0; i < allocations; ++i) benchmark::DoNotOptimize(arena.allocate(bytes, 256));
    arena.release();
  });
}

BENCHMARK(std_pmr_monotonic)->UseRealTime()->ArgName("sync")->Arg(0);
BENCHMARK(arena)->UseRealTime()->ArgName("sync")->Arg(0)->Arg(1);
BENCHMARK(cuda_malloc_async_tuned)->UseRealTime()->ArgName("sync")->Arg(0)->Arg(1);
BENCHMARK(arena_individual)->UseRealTime()->ArgName("sync")->Arg(0)->Arg(1);
BENCHMARK(cuda_malloc_async)->UseRealTime()->ArgName("sync")->Arg(0)->Arg(1);
BENCHMARK(cuda_malloc)->UseRealTime()->ArgName("sync")->Arg(0)->Arg(1);

}  // namespace
}  // namespace daa::bench

int main(int argc, char** argv) {
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 1;
  int count = 0;
  const cudaError_t error = cudaGetDeviceCount(&count);
  if (error != cudaSuccess || count == 0) {
    std::fprintf(stderr, "daa-alloc-cost: no usable GPU: %s\n", cudaGetErrorString(error));
    return 2;
  }
  benchmark::RunSpecifiedBenchmarks();
  return 0;
}
