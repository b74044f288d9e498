// What the host runtime sees of the calls of every allocator.

#include <array>

#include "measure_fixture.hpp"

namespace daa::test {
namespace {

namespace host = host_runtime;

/// Calls made for memory: neither those around a batch nor the workload's.
std::size_t calls_for_memory() {
  constexpr std::array others{"cudaStreamSynchronize", "cudaLaunchKernel", "cudaMemcpyAsync",
                              "cudaMemPoolGetAttribute"};
  std::size_t count = host::call_count();
  for (const std::string_view function : others) count -= host::call_count(function);
  return count;
}

using AllocatorCalls = MeasureTest;

TEST_F(AllocatorCalls, AreCountedEachAndNoOther) {
  RunConfig config = small_config();
  config.workloads = {&workload("compact")};
  config.elements = {230'000};  // more than the arena's first chunk holds
  const MadeCallCounter made = make_call_counter();
  for (const std::size_t warmup : {0u, 3u}) {
    config.warmup = warmup;
    Case& compact = prepared(config);
    for (const AllocatorInfo* each : all_allocators()) {
      Measured of = measured(compact, *each);
      of.warmed_up();
      host::clear_calls();
      const Recording recording = of.trial->record(made.counter.get());
      EXPECT_EQ(recording.phases, 4u);
      EXPECT_EQ(recording.calls.value().runtime, calls_for_memory()) << each->name << " after " << warmup;
    }
  }
}

}  // namespace
}  // namespace daa::test
