// Thrust's memory pool over cudaMalloc: blocks of powers of two. It knows no streams: memory serves again at
// once, which is safe where all work is on one stream.
//
// The disjoint pool, for the other one writes its lists into the memory that it pools: on a device each step
// would be a cudaMemcpy. Unsynchronised, for one thread uses it.

#include <thrust/mr/disjoint_pool.h>
#include <thrust/mr/new.h>
#include <thrust/system/cuda/memory_resource.h>

#include <algorithm>
#include <bit>
#include <new>

#include "allocators/peer_allocator.hpp"
#include "allocators/table.hpp"
#include "daa/error.hpp"
#include "device/out_of_memory.hpp"

namespace daa::bench {

namespace {

// Thrust's own resource of device memory, and how much is taken from it.
class CountedDevice final : public thrust::mr::memory_resource<thrust::cuda::memory_resource::pointer> {
 public:
  pointer do_allocate(std::size_t bytes, std::size_t alignment) override {
    const pointer result = device_.do_allocate(bytes, alignment);
    bytes_taken_ += bytes;
    return result;
  }

  void do_deallocate(pointer memory, std::size_t bytes, std::size_t alignment) override {
    bytes_taken_ -= bytes;
    device_.do_deallocate(memory, bytes, alignment);
  }

  std::size_t bytes_taken() const { return bytes_taken_; }

 private:
  thrust::cuda::memory_resource device_;
  std::size_t bytes_taken_ = 0;
};

class ThrustPool {
 public:
  static constexpr const char* name = "thrust-pool";

  void* allocate(std::size_t bytes) {
    try {
      return pool_.do_allocate(bytes, alignment).get();
    } catch (const std::bad_alloc& error) {
      throw_out_of_memory(bytes, std::string{name} + " (" + error.what() + ")");
    }
  }

  void deallocate(void* pointer, std::size_t bytes) {
    pool_.do_deallocate(CountedDevice::pointer{pointer}, bytes, alignment);
  }

  std::size_t bytes_reserved() const { return device_.bytes_taken(); }
  std::size_t pool_mapped_bytes() const { return 0; }

 private:
  using Pool =
      thrust::mr::disjoint_unsynchronized_pool_resource<CountedDevice, thrust::mr::new_delete_resource>;

  static constexpr std::size_t alignment = 256;

  // As it comes, the pool holds blocks of up to 1 MiB and takes 16 of them at once, and keeps what is larger
  // in a list that is searched. Here every size that the device could hold has its blocks, taken one at a
  // time.
  static thrust::mr::pool_options options() {
    std::size_t free_bytes = 0, total_bytes = 0;
    DAA_CUDA_CHECK(cudaMemGetInfo(&free_bytes, &total_bytes));
    thrust::mr::pool_options result = Pool::get_default_options();
    result.alignment = alignment;
    result.smallest_block_size = alignment;
    result.largest_block_size = std::bit_ceil(total_bytes);
    result.min_blocks_per_chunk = 1;
    result.min_bytes_per_chunk = alignment;
    result.max_bytes_per_chunk = std::max(result.max_bytes_per_chunk, result.largest_block_size);
    return result;
  }

  CountedDevice device_;
  thrust::mr::new_delete_resource host_;
  Pool pool_{&device_, &host_, options()};
};

}  // namespace

AllocatorInfo thrust_pool() {
  return {ThrustPool::name,
          "thrust::mr::disjoint_unsynchronized_pool_resource on cudaMalloc, for all sizes; knows no streams",
          [](cudaStream_t, const Demand& demand) { return make_peer<ThrustPool>(demand); }};
}

}  // namespace daa::bench
