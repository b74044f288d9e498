#include <algorithm>
#include <span>

#include "daa/error.hpp"
#include "primitives/cuda/launch.cuh"
#include "primitives/primitives.hpp"

namespace daa::bench::primitives {

namespace {

// As many blocks as a launch takes by value: 3.5 of the 4 KiB that parameters may have on any device.
constexpr std::size_t most_blocks = 448;
struct Blocks {
  unsigned char* first_bytes[most_blocks];
};

// The place of a mark, or null behind the last.
__device__ unsigned char* mark_place(unsigned char* block, std::size_t bytes) {
  const std::size_t offset = thread_element() * mark_spacing;
  return offset < bytes ? block + offset : nullptr;
}

__device__ void write_mark(unsigned char* block, std::size_t bytes, std::uint32_t mark) {
  unsigned char* const place = mark_place(block, bytes);
  if (place == nullptr) return;
  const std::size_t left = bytes - static_cast<std::size_t>(place - block);
  if (left >= sizeof mark) {
    *reinterpret_cast<std::uint32_t*>(place) = mark;
    return;
  }
  for (std::size_t i = 0; i < left; ++i) place[i] = static_cast<unsigned char>(mark >> (8 * i));
}

__device__ void check_mark(unsigned char* block, std::size_t bytes, std::uint32_t mark, WrongMarks* wrong) {
  const unsigned char* const place = mark_place(block, bytes);
  if (place == nullptr) return;
  const std::size_t left = bytes - static_cast<std::size_t>(place - block);
  bool is_right = true;
  if (left >= sizeof mark) {
    is_right = *reinterpret_cast<const std::uint32_t*>(place) == mark;
  } else {
    for (std::size_t i = 0; i < left; ++i)
      is_right = is_right && place[i] == static_cast<unsigned char>(mark >> (8 * i));
  }
  if (is_right) return;
  atomicAdd(reinterpret_cast<unsigned long long*>(&wrong->count), 1ull);
  atomicMin(reinterpret_cast<unsigned long long*>(&wrong->first_mark), mark);
}

// A row of the grid is a block of memory.
__global__ void __launch_bounds__(block_threads)
    write_each(Blocks blocks, std::size_t bytes, std::uint32_t first_mark) {
  write_mark(blocks.first_bytes[blockIdx.y], bytes, first_mark + blockIdx.y);
}

__global__ void __launch_bounds__(block_threads)
    check_each(Blocks blocks, std::size_t bytes, std::uint32_t first_mark, WrongMarks* wrong) {
  check_mark(blocks.first_bytes[blockIdx.y], bytes, first_mark + blockIdx.y, wrong);
}

// Calls `launch` with each most_blocks of the blocks, the grid for them and the first one's mark.
template <class Launch>
void in_batches(std::span<void* const> blocks, std::size_t bytes, std::uint32_t first_mark, Launch launch) {
  for (std::size_t begin = 0; begin < blocks.size(); begin += most_blocks) {
    const auto batch = blocks.subspan(begin, std::min(most_blocks, blocks.size() - begin));
    Blocks list{};
    for (std::size_t i = 0; i < batch.size(); ++i)
      list.first_bytes[i] = static_cast<unsigned char*>(batch[i]);
    const dim3 grid(blocks_for(mark_count(bytes)), static_cast<unsigned>(batch.size()));
    launch(list, grid, first_mark + static_cast<std::uint32_t>(begin));
    DAA_CUDA_CHECK(cudaGetLastError());
  }
}

}  // namespace

void write_marks_each(std::span<void* const> blocks, std::size_t bytes, std::uint32_t first_mark,
                      cudaStream_t stream) {
  in_batches(blocks, bytes, first_mark, [=](const Blocks& batch, dim3 grid, std::uint32_t mark) {
    write_each<<<grid, block_threads, 0, stream>>>(batch, bytes, mark);
  });
}

void check_marks_each(std::span<void* const> blocks, std::size_t bytes, std::uint32_t first_mark,
                      WrongMarks* wrong, cudaStream_t stream) {
  in_batches(blocks, bytes, first_mark, [=](const Blocks& batch, dim3 grid, std::uint32_t mark) {
    check_each<<<grid, block_threads, 0, stream>>>(batch, bytes, mark, wrong);
  });
}

void write_marks(void* block, std::size_t bytes, std::uint32_t mark, cudaStream_t stream) {
  write_marks_each({&block, 1}, bytes, mark, stream);
}

void check_marks(const void* block, std::size_t bytes, std::uint32_t mark, WrongMarks* wrong,
                 cudaStream_t stream) {
  void* const blocks[]{const_cast<void*>(block)};
  check_marks_each(blocks, bytes, mark, wrong, stream);
}

}  // namespace daa::bench::primitives
