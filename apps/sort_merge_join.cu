// A join of two tables whose temporaries all come from an arena and are reused within the phase.
//
//   build/release/bin/sort_merge_join
//
// Finds all pairs of a left and a right row with equal keys: sorts both tables by key (CUB), finds each left
// row's matches by binary search, computes prefix sums of their counts (CUB) and writes the matches. Verifies
// the pairs against a hash join on the CPU. Exits with 0 if they are right, 1 if they are wrong, 2 without a
// GPU.
//
// Shows: CUB's two-call interface on an arena, ArenaScope for its temporary storage, recycle() for an array
// whose memory the result then reuses, a size that the host must read before it can allocate, and no CUDA
// call for memory in the third join (except with DAA_SANITIZER=1). CUDA calls involved: cudaMallocAsync and
// cudaFreeAsync by the arena; cudaMemcpyAsync and cudaStreamSynchronize for the size and the result.

#include <cuda_runtime.h>

#include <algorithm>
#include <compare>
#include <cstdio>
#include <cub/device/device_radix_sort.cuh>
#include <cub/device/device_scan.cuh>
#include <unordered_map>
#include <vector>

#include "daa/device_async_arena.hpp"

namespace {

using daa::alloc;
using daa::DeviceAsyncArena;
using daa::DeviceBufferView;

constexpr int left_rows = 400'000, right_rows = 250'000;
constexpr unsigned keys = 400'000;
constexpr unsigned block = 256;

struct Match {
  unsigned key, left, right;  // left and right are values
  auto operator<=>(const Match&) const = default;
};

struct Table {
  std::vector<unsigned> keys, values;
};

// Rows with random keys, many of them duplicates; the value is the row number plus `first`.
Table random_table(int rows, unsigned first) {
  Table table;
  unsigned state = first;
  for (int i = 0; i < rows; ++i) {
    state = state * 1'664'525u + 1'013'904'223u;
    table.keys.push_back((state >> 8) % keys);
    table.values.push_back(first + static_cast<unsigned>(i));
  }
  return table;
}

// --- CPU reference ---

std::vector<Match> hash_join(const Table& left, const Table& right) {
  std::unordered_multimap<unsigned, unsigned> by_key;
  for (int i = 0; i < right_rows; ++i) by_key.emplace(right.keys[i], right.values[i]);
  std::vector<Match> matches;
  for (int i = 0; i < left_rows; ++i) {
    const auto [begin, end] = by_key.equal_range(left.keys[i]);
    for (auto row = begin; row != end; ++row) matches.push_back({row->first, left.values[i], row->second});
  }
  return matches;
}

// --- kernels, one thread per left row ---

// The index of the first of `count` sorted keys that is not less than `key`.
__device__ unsigned lower_bound(const unsigned* sorted, unsigned count, unsigned key) {
  unsigned begin = 0, end = count;
  while (begin < end) {
    const unsigned middle = begin + (end - begin) / 2;
    if (sorted[middle] < key) {
      begin = middle + 1;
    } else {
      end = middle;
    }
  }
  return begin;
}

// Writes one more count than there are left rows, 0: its prefix sum is the total.
__global__ void find_matches(DeviceBufferView<const unsigned> left_keys,
                             DeviceBufferView<const unsigned> right_keys, unsigned* first,
                             unsigned long long* count) {
  const std::size_t i = blockIdx.x * std::size_t{block} + threadIdx.x;
  if (i == left_keys.size()) count[i] = 0;
  if (i >= left_keys.size()) return;
  const unsigned begin = lower_bound(right_keys, right_rows, left_keys[i]);
  first[i] = begin;
  count[i] = lower_bound(right_keys, right_rows, left_keys[i] + 1) - begin;
}

__global__ void write_matches(DeviceBufferView<const unsigned> left_keys, const unsigned* left_values,
                              const unsigned* right_values, const unsigned* first,
                              const unsigned long long* offset, Match* matches) {
  const std::size_t i = blockIdx.x * std::size_t{block} + threadIdx.x;
  if (i >= left_keys.size()) return;
  for (unsigned long long k = offset[i]; k < offset[i + 1]; ++k) {
    matches[k] = {left_keys[i], left_values[i], right_values[first[i] + (k - offset[i])]};
  }
}

// --- one phase ---

// Calls a function of CUB for the size of its temporary storage, and again with that storage.
template <class Function>
void with_storage(DeviceAsyncArena& scratch, Function function) {
  const daa::ArenaScope scope{scratch};
  std::size_t bytes = 0;
  DAA_CUDA_CHECK(function(nullptr, bytes));
  DAA_CUDA_CHECK(function(scratch.alloc_bytes(bytes), bytes));
}

struct Sorted {
  DeviceBufferView<unsigned> keys, values;
};

Sorted sort(DeviceAsyncArena& scratch, const unsigned* keys, const unsigned* values, int rows) {
  const Sorted sorted{alloc<unsigned>(scratch, rows), alloc<unsigned>(scratch, rows)};
  with_storage(scratch, [&](void* storage, std::size_t& bytes) {  // as large as the table
    return cub::DeviceRadixSort::SortPairs(storage, bytes, keys, sorted.keys.data(), values,
                                           sorted.values.data(), rows, 0, 32, scratch.stream());
  });
  return sorted;
}

struct DeviceTables {
  const unsigned *left_keys, *left_values, *right_keys, *right_values;
};

std::vector<Match> join(DeviceAsyncArena& scratch, const DeviceTables& in) {
  const cudaStream_t stream = scratch.stream();
  const unsigned grid = left_rows / block + 1;  // at least one more thread than left rows
  const Sorted left = sort(scratch, in.left_keys, in.left_values, left_rows);
  const Sorted right = sort(scratch, in.right_keys, in.right_values, right_rows);

  auto first = alloc<unsigned>(scratch, left_rows);
  auto offset = alloc<unsigned long long>(scratch, left_rows + 1);
  auto count = alloc<unsigned long long>(scratch, left_rows + 1);
  find_matches<<<grid, block, 0, stream>>>(left.keys, right.keys, first, count);
  DAA_CUDA_CHECK(cudaGetLastError());
  with_storage(scratch, [&](void* storage, std::size_t& bytes) {
    return cub::DeviceScan::ExclusiveSum(storage, bytes, count.data(), offset.data(), left_rows + 1, stream);
  });
  scratch.recycle(count);  // the matches fit into its memory

  unsigned long long size = 0;
  DAA_CUDA_CHECK(
      cudaMemcpyAsync(&size, offset.data() + left_rows, sizeof size, cudaMemcpyDeviceToHost, stream));
  DAA_CUDA_CHECK(cudaStreamSynchronize(stream));  // the host needs the number of matches

  auto matches = alloc<Match>(scratch, size);
  write_matches<<<grid, block, 0, stream>>>(left.keys, left.values, right.values, first, offset, matches);
  DAA_CUDA_CHECK(cudaGetLastError());
  std::vector<Match> result(size);
  DAA_CUDA_CHECK(
      cudaMemcpyAsync(result.data(), matches, matches.size_bytes(), cudaMemcpyDeviceToHost, stream));
  scratch.reset();
  DAA_CUDA_CHECK(cudaStreamSynchronize(stream));
  return result;
}

int run() {
  const Table left = random_table(left_rows, 0), right = random_table(right_rows, 1'000'000);
  cudaStream_t stream = nullptr;
  DAA_CUDA_CHECK(cudaStreamCreate(&stream));

  std::vector<unsigned*> memory;
  for (const auto* column : {&left.keys, &left.values, &right.keys, &right.values}) {
    const std::size_t bytes = column->size() * sizeof(unsigned);
    DAA_CUDA_CHECK(cudaMalloc(reinterpret_cast<void**>(&memory.emplace_back()), bytes));
    DAA_CUDA_CHECK(cudaMemcpyAsync(memory.back(), column->data(), bytes, cudaMemcpyHostToDevice, stream));
  }
  std::vector<Match> matches;
  std::size_t calls = 0;
  {
    DeviceAsyncArena scratch{stream};
    for (int phase = 1; phase <= 3; ++phase) {
      calls = scratch.stats().runtime_calls;
      matches = join(scratch, {memory[0], memory[1], memory[2], memory[3]});
      const daa::ArenaStats stats = scratch.stats();
      calls = stats.runtime_calls - calls;
      std::printf("join %d: requested %zu bytes in total, %zu at peak; %zu reserved; %zu CUDA calls\n", phase,
                  stats.life.bytes_requested / stats.phases, stats.life.peak_bytes, stats.bytes_reserved,
                  calls);
    }
  }
  for (unsigned* const each : memory) DAA_CUDA_CHECK(cudaFree(each));
  DAA_CUDA_CHECK(cudaStreamDestroy(stream));

  std::vector<Match> expected = hash_join(left, right);
  std::sort(matches.begin(), matches.end());
  std::sort(expected.begin(), expected.end());
  if (matches != expected || calls != 0) {
    std::printf("wrong: %zu matches, expected %zu; %zu CUDA calls for memory in the last join, expected 0\n",
                matches.size(), expected.size(), calls);
    return 1;
  }
  std::printf("verified: %d rows and %d rows, %zu matches\n", left_rows, right_rows, matches.size());
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc > 1) {
    std::fprintf(stderr, "sort_merge_join: unknown argument %s; it takes none\n", argv[1]);
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
