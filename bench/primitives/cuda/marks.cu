#include "daa/error.hpp"
#include "primitives/cuda/launch.cuh"
#include "primitives/primitives.hpp"

namespace daa::bench::primitives {

namespace {

__global__ void __launch_bounds__(block_threads)
    write_mark(unsigned char* block, std::size_t bytes, std::uint32_t mark) {
  const std::size_t offset = thread_element() * mark_spacing;
  if (offset >= bytes) return;
  if (offset + sizeof mark <= bytes) {
    *reinterpret_cast<std::uint32_t*>(block + offset) = mark;
    return;
  }
  for (std::size_t i = 0; offset + i < bytes; ++i)
    block[offset + i] = static_cast<unsigned char>(mark >> (8 * i));
}

__global__ void __launch_bounds__(block_threads)
    check_mark(const unsigned char* block, std::size_t bytes, std::uint32_t mark, WrongMarks* wrong) {
  const std::size_t offset = thread_element() * mark_spacing;
  if (offset >= bytes) return;
  bool is_right = true;
  if (offset + sizeof mark <= bytes) {
    is_right = *reinterpret_cast<const std::uint32_t*>(block + offset) == mark;
  } else {
    for (std::size_t i = 0; offset + i < bytes; ++i)
      is_right = is_right && block[offset + i] == static_cast<unsigned char>(mark >> (8 * i));
  }
  if (is_right) return;
  atomicAdd(reinterpret_cast<unsigned long long*>(&wrong->count), 1ull);
  atomicMin(reinterpret_cast<unsigned long long*>(&wrong->first_mark), mark);
}

}  // namespace

void write_marks(void* block, std::size_t bytes, std::uint32_t mark, cudaStream_t stream) {
  write_mark<<<blocks_for(mark_count(bytes)), block_threads, 0, stream>>>(static_cast<unsigned char*>(block),
                                                                          bytes, mark);
  DAA_CUDA_CHECK(cudaGetLastError());
}

void check_marks(const void* block, std::size_t bytes, std::uint32_t mark, WrongMarks* wrong,
                 cudaStream_t stream) {
  check_mark<<<blocks_for(mark_count(bytes)), block_threads, 0, stream>>>(
      static_cast<const unsigned char*>(block), bytes, mark, wrong);
  DAA_CUDA_CHECK(cudaGetLastError());
}

}  // namespace daa::bench::primitives
