// The example of arena/README.md: tests/scripts/snippets_test.py compares.

#include <daa/device_async_arena.hpp>
#include <daa/host_runtime.hpp>
namespace host = daa::host_runtime;

void phase(daa::DeviceAsyncArena& scratch) {  // stands for your code
  auto sums = daa::alloc<float>(scratch, 1 << 20);
  DAA_CUDA_CHECK(cudaMemsetAsync(sums, 0, sums.size_bytes(), scratch.stream()));
  scratch.reset();
}

int main() {
  daa::DeviceAsyncArena scratch{cudaStreamPerThread};
  host::fail_call(1, cudaErrorMemoryAllocation, "cudaMallocAsync");  // the next one
  try {
    phase(scratch);
    return 3;  // the failure went unnoticed
  } catch (const daa::OutOfDeviceMemory&) {
  }
  phase(scratch);  // continues after the failure, and takes memory
  host::clear_calls();
  phase(scratch);
  if (host::call_count() != host::call_count("cudaMemsetAsync")) return 4;  // a call in the steady state
  return host::violations().empty() ? 0 : 5;
}
