// Host cost of an operation, allocation or free, on the traces of real models, frees honoured.
//
// Each benchmark replays a whole trace an iteration, without kernels. The counter per_operation is the time
// of an iteration over its operations; reserved_over_live is the memory that the allocator holds at most over
// what the trace has live at most.

#include "micro/trace_cost.hpp"

#include <benchmark/benchmark.h>

#include <algorithm>
#include <filesystem>
#include <memory>
#include <vector>

#include "allocators/memory_pool.hpp"
#include "daa/device_async_arena.hpp"
#include "driver/handles.hpp"
#include "traces/trace.hpp"

namespace daa::bench {
namespace {

class ArenaSubject {
 public:
  explicit ArenaSubject(cudaStream_t stream) : arena_(stream) {}
  void* allocate(std::size_t bytes) { return arena_.alloc_bytes(bytes); }
  void free(void* pointer, std::size_t bytes) { arena_.recycle(pointer, bytes); }
  void end_phase() { arena_.reset(); }
  [[nodiscard]] std::size_t bytes_reserved() const { return arena_.stats().bytes_reserved; }

 private:
  DeviceAsyncArena arena_;
};

// The driver's pool with the release threshold at maximum.
class TunedSubject {
 public:
  explicit TunedSubject(cudaStream_t stream) : stream_(stream) {}
  void* allocate(std::size_t bytes) {
    void* pointer = nullptr;
    DAA_CUDA_CHECK(cudaMallocFromPoolAsync(&pointer, bytes, pool_.handle(), stream_));
    return pointer;
  }
  void free(void* pointer, std::size_t) { DAA_CUDA_CHECK(cudaFreeAsync(pointer, stream_)); }
  void end_phase() {}
  [[nodiscard]] std::size_t bytes_reserved() const { return pool_.bytes_mapped(); }

 private:
  cudaStream_t stream_;
  MemoryPool pool_{keep_all};
};

template <class Subject>
void replay(benchmark::State& state, const Trace& trace) {
  const Stream stream = make_stream();
  Subject subject{stream.get()};
  std::vector<void*> pointers(trace.blocks);
  std::size_t reserved = 0;
  const auto all_phases = [&](auto after_each_operation) {
    for (const Trace::Phase& phase : trace.phases) {
      for (const TraceOperation& operation : phase) {
        void*& pointer = pointers[operation.block];
        if (operation.allocates) {
          pointer = subject.allocate(operation.bytes);
        } else {
          subject.free(pointer, operation.bytes);
        }
        after_each_operation();
      }
      subject.end_phase();
    }
  };
  for (int round = 0; round < 2; ++round) {
    all_phases([&] { reserved = std::max(reserved, subject.bytes_reserved()); });
  }
  for (auto _ : state) all_phases([] {});
  DAA_CUDA_CHECK(cudaStreamSynchronize(stream.get()));
  state.counters["per_operation"] =
      benchmark::Counter(static_cast<double>(trace.operations),
                         benchmark::Counter::kIsIterationInvariantRate | benchmark::Counter::kInvert);
  state.counters["reserved_over_live"] =
      static_cast<double>(reserved) / static_cast<double>(trace.peak_live_bytes);
}

template <class Subject>
void register_on(const std::string& trace_name, const char* subject_name,
                 const std::shared_ptr<const Trace>& trace) {
  benchmark::RegisterBenchmark(("trace/" + trace_name + "/" + subject_name).c_str(),
                               [trace](benchmark::State& state) { replay<Subject>(state, *trace); })
      ->UseRealTime();
}

}  // namespace

void register_trace_benchmarks(const std::string& folder) {
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator{folder}) {
    if (entry.path().extension() == ".csv") files.push_back(entry.path());
  }
  std::ranges::sort(files);
  for (const std::filesystem::path& file : files) {
    const auto trace = std::make_shared<const Trace>(read_trace(file.string()));
    register_on<ArenaSubject>(file.stem().string(), "arena_recycle", trace);
    register_on<TunedSubject>(file.stem().string(), "cuda_malloc_async_tuned", trace);
  }
}

}  // namespace daa::bench
