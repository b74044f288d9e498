// Thrust and CUB with temporaries from an arena.
//
//   build/release/bin/thrust_and_cub
//
// Sums a million sales by customer: sorts them by customer and reduces equal keys (Thrust), then adds up
// these sums (CUB). Verifies sums and total on the CPU. Exits with 0 if they are right, 1 if they are wrong,
// 2 without a GPU.
//
// Shows: daa::thrust_allocator in an execution policy; arena.resource(), as CUB's environment if CCCL
// supports that for reductions (3.1 and later), otherwise around CUB's two calls; the arena's statistics as
// proof that both libraries took their temporaries from it, without a CUDA call for memory in the third phase
// (except with DAA_SANITIZER=1). CUDA calls involved: cudaMallocAsync, cudaFreeAsync and
// cudaStreamGetCaptureInfo by the arena; cudaMemcpyAsync, cudaStreamSynchronize; those of Thrust, whose
// reduce_by_key() waits for the number of its results.

#include "daa/memory_resource.hpp"  // ahead of all else of CCCL

#define THRUST_FORCE_32_BIT_OFFSET_TYPE  // halves the number of kernels to compile
#include <cuda_runtime.h>
#include <thrust/execution_policy.h>
#include <thrust/reduce.h>
#include <thrust/sort.h>

#include <cstdio>
#include <cub/device/device_reduce.cuh>
#include <map>
#include <vector>

#include "daa/device_async_arena.hpp"
#include "daa/thrust_allocator.hpp"

namespace {

using daa::alloc;
using daa::DeviceAsyncArena;
using daa::DeviceBufferView;

constexpr int sales = 1'000'000;
constexpr unsigned customers = 1'000;

struct Result {
  std::vector<unsigned> customer, sum;
  unsigned total = 0;
  daa::ArenaStats before_thrust, before_cub, after_cub;
};

// --- CPU reference ---

std::map<unsigned, unsigned> reference(const std::vector<unsigned>& customer,
                                       const std::vector<unsigned>& amount) {
  std::map<unsigned, unsigned> sums;
  for (int i = 0; i < sales; ++i) sums[customer[i]] += amount[i];
  return sums;
}

// --- CUB on the arena, with an environment or with two calls ---

#if CCCL_VERSION >= 3001000
void add_up(DeviceAsyncArena& scratch, DeviceBufferView<const unsigned> in, unsigned* total) {
  DAA_CUDA_CHECK(cub::DeviceReduce::Sum(in.data(), total, static_cast<int>(in.size()), scratch.resource()));
}
#else
void add_up(DeviceAsyncArena& scratch, DeviceBufferView<const unsigned> in, unsigned* total) {
  const daa::ArenaResource resource = scratch.resource();
  const cudaStream_t stream = scratch.stream();
  const auto size = static_cast<int>(in.size());
  std::size_t bytes = 0;
  DAA_CUDA_CHECK(cub::DeviceReduce::Sum(nullptr, bytes, in.data(), total, size, stream));
  void* const storage = resource.allocate(stream, bytes);
  DAA_CUDA_CHECK(cub::DeviceReduce::Sum(storage, bytes, in.data(), total, size, stream));
  resource.deallocate(stream, storage, bytes);  // reusable by later work in the stream
}
#endif

// --- one phase ---

template <class T>
void copy(T* to, const T* from, std::size_t count, cudaMemcpyKind kind, cudaStream_t stream) {
  DAA_CUDA_CHECK(cudaMemcpyAsync(to, from, count * sizeof(T), kind, stream));
}

Result run_phase(DeviceAsyncArena& scratch, const std::vector<unsigned>& customer,
                 const std::vector<unsigned>& amount) {
  const cudaStream_t stream = scratch.stream();
  auto keys = alloc<unsigned>(scratch, sales), values = alloc<unsigned>(scratch, sales);
  auto distinct = alloc<unsigned>(scratch, customers), sums = alloc<unsigned>(scratch, customers);
  auto total = alloc<unsigned>(scratch, 1);
  copy(keys.data(), customer.data(), sales, cudaMemcpyHostToDevice, stream);
  copy(values.data(), amount.data(), sales, cudaMemcpyHostToDevice, stream);

  Result result;
  result.before_thrust = scratch.stats();
  daa::thrust_allocator<char> allocator{scratch};
  const auto policy = thrust::cuda::par_nosync(allocator).on(stream);
  thrust::sort_by_key(policy, keys.begin(), keys.end(), values.begin());
  const auto ends =
      thrust::reduce_by_key(policy, keys.begin(), keys.end(), values.begin(), distinct.begin(), sums.begin());
  const auto found = static_cast<std::size_t>(ends.first - distinct.begin());
  result.before_cub = scratch.stats();
  add_up(scratch, {sums.data(), found}, total);
  result.after_cub = scratch.stats();

  result.customer.resize(found);
  result.sum.resize(found);
  copy(result.customer.data(), distinct.data(), found, cudaMemcpyDeviceToHost, stream);
  copy(result.sum.data(), sums.data(), found, cudaMemcpyDeviceToHost, stream);
  copy(&result.total, total.data(), 1, cudaMemcpyDeviceToHost, stream);
  scratch.reset();
  DAA_CUDA_CHECK(cudaStreamSynchronize(stream));
  return result;
}

bool is_right(const Result& result, const std::map<unsigned, unsigned>& expected) {
  unsigned total = 0;
  std::size_t k = 0;
  if (result.customer.size() != expected.size()) return false;
  for (const auto& [customer, sum] : expected) {
    if (result.customer[k] != customer || result.sum[k] != sum) return false;
    total += sum;
    ++k;
  }
  return result.total == total;
}

// Prints what a library allocated between two snapshots of one phase. Returns whether it allocated anything
// and freed all of it.
bool report(const char* library, const daa::ArenaStats& before, const daa::ArenaStats& after) {
  const std::size_t allocations = after.allocations - before.allocations;
  const std::size_t bytes = after.bytes_requested - before.bytes_requested;
  std::printf("%s took %zu temporaries, %zu bytes\n", library, allocations, bytes);
  return allocations > 0 && bytes > 0 && after.bytes_in_use == before.bytes_in_use;
}

int run() {
  std::vector<unsigned> customer(sales), amount(sales);
  for (unsigned i = 0; i < sales; ++i) {
    customer[i] = i * 2'654'435'761u % customers;
    amount[i] = i * 48'271u % 1'009;
  }
  const std::map<unsigned, unsigned> expected = reference(customer, amount);

  cudaStream_t stream = nullptr;
  DAA_CUDA_CHECK(cudaStreamCreate(&stream));
  bool right = true;
  std::size_t calls = 0;
  {
    DeviceAsyncArena scratch{stream};
    for (int phase = 1; phase <= 3; ++phase) {
      calls = scratch.stats().runtime_calls;
      const Result result = run_phase(scratch, customer, amount);
      calls = scratch.stats().runtime_calls - calls;
      right = right && is_right(result, expected);
      std::printf("phase %d: %zu CUDA calls for memory\n", phase, calls);
      if (phase < 3) continue;
      right = report("Thrust", result.before_thrust, result.before_cub) && right;
      right = report("CUB", result.before_cub, result.after_cub) && right;
    }
  }
  DAA_CUDA_CHECK(cudaStreamDestroy(stream));
  if (!right || calls != 0) {
    std::printf("wrong: a sum or a statistic differs from the expected one\n");
    return 1;
  }
  std::printf("verified: %zu sums of %d sales\n", expected.size(), sales);
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc > 1) {
    std::fprintf(stderr, "thrust_and_cub: unknown argument %s; it takes none\n", argv[1]);
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
