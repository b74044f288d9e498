// The memory resources of RMM, each used on one stream.

#include <cuda_runtime_api.h>

#include <rmm/error.hpp>
#include <rmm/mr/arena_memory_resource.hpp>
#include <rmm/mr/cuda_async_memory_resource.hpp>
#include <rmm/mr/cuda_memory_resource.hpp>
#include <rmm/mr/pool_memory_resource.hpp>

#include <algorithm>
#include <cstddef>
#include <string>
#include <utility>

#include "allocators/memory_pool.hpp"
#include "allocators/peer_allocator.hpp"
#include "allocators/table.hpp"
#include "daa/error.hpp"
#include "device/out_of_memory.hpp"

namespace daa::bench {

namespace {

template <class Resource>
class RmmResource {
 public:
  /// `args` are the resource's, which takes `bytes_beforehand`.
  template <class... Args>
  RmmResource(const char* name, cudaStream_t stream, std::size_t bytes_beforehand, Args&&... args) try
      : name_(name), stream_(stream), resource_(std::forward<Args>(args)...) {
  } catch (const rmm::out_of_memory& error) {
    throw_out_of_memory(bytes_beforehand, std::string{name} + " (" + error.what() + ")");
  }

  void* allocate(std::size_t bytes) {
    try {
      return resource_.allocate(stream_, bytes, alignment);
    } catch (const rmm::out_of_memory& error) {
      throw_out_of_memory(bytes, std::string{name_} + " (" + error.what() + ")");
    }
  }

  void deallocate(void* pointer, std::size_t bytes) noexcept {
    resource_.deallocate(stream_, pointer, bytes, alignment);
  }

  [[nodiscard]] const Resource& resource() const { return resource_; }

 private:
  static constexpr std::size_t alignment = 256;

  const char* name_;
  cuda::stream_ref stream_;
  Resource resource_;
};

// RMM's pool: best fit with coalescing, by stream.

// Empty at first, so that what it reserves is what the phases need; it grows as RMM lets it.
class RmmPool {
 public:
  static constexpr const char* name = "rmm-pool";

  explicit RmmPool(cudaStream_t stream)
      : pool_(name, stream, 0, rmm::mr::cuda_memory_resource{}, std::size_t{0}) {}

  void* allocate(std::size_t bytes) { return pool_.allocate(bytes); }
  void deallocate(void* pointer, std::size_t bytes) { pool_.deallocate(pointer, bytes); }
  std::size_t bytes_reserved() const { return pool_.resource().pool_size(); }
  std::size_t pool_mapped_bytes() const { return 0; }

 private:
  RmmResource<rmm::mr::pool_memory_resource> pool_;
};

// RMM over the driver's pool, which is RMM's own and keeps everything.

class RmmAsync {
 public:
  static constexpr const char* name = "rmm-async";

  explicit RmmAsync(cudaStream_t stream) : stream_(stream), resource_(name, stream, 0) {}
  // Its resource destroys a pool: see MemoryPool.
  ~RmmAsync() { static_cast<void>(cudaStreamSynchronize(stream_)); }
  RmmAsync(const RmmAsync&) = delete;
  RmmAsync& operator=(const RmmAsync&) = delete;

  void* allocate(std::size_t bytes) { return resource_.allocate(bytes); }
  void deallocate(void* pointer, std::size_t bytes) { resource_.deallocate(pointer, bytes); }
  std::size_t bytes_reserved() const { return bytes_used(resource_.resource().pool_handle()); }
  std::size_t pool_mapped_bytes() const { return bytes_mapped(resource_.resource().pool_handle()); }

 private:
  cudaStream_t stream_;
  RmmResource<rmm::mr::cuda_async_memory_resource> resource_;
};

// RMM's arena: address-ordered first fit in superblocks of one block of memory, which is allocated in advance
// and never grows.

constexpr std::size_t memory_granularity = std::size_t{2} << 20;  // in which the device maps memory
constexpr std::size_t least_bytes = std::size_t{1} << 20;  // a superblock, without which RMM has no arena

// Twice what a trace has live at once, or a phase asks for, and some superblocks; but no more than is free,
// less one granule for the device's rounding.
std::size_t arena_size(const Demand& demand) {
  std::size_t free_bytes = 0, total_bytes = 0;
  DAA_CUDA_CHECK(cudaMemGetInfo(&free_bytes, &total_bytes));
  constexpr std::size_t superblocks = 8 * least_bytes;
  const std::size_t most = free_bytes - std::min(free_bytes, memory_granularity);
  const std::size_t needed = demand.plan != nullptr ? demand.plan->bytes : demand.max_phase_bytes;
  const std::size_t bytes = needed > most / 2 ? most : std::min(most, 2 * needed + superblocks);
  if (bytes < least_bytes) throw_out_of_memory(least_bytes, "rmm-arena, which begins with that");
  return bytes / 256 * 256;
}

class RmmArena {
 public:
  static constexpr const char* name = "rmm-arena";

  RmmArena(cudaStream_t stream, std::size_t bytes)
      : bytes_(bytes), arena_(name, stream, bytes, rmm::mr::cuda_memory_resource{}, bytes) {}

  void* allocate(std::size_t bytes) { return arena_.allocate(bytes); }
  void deallocate(void* pointer, std::size_t bytes) { arena_.deallocate(pointer, bytes); }
  std::size_t bytes_reserved() const { return bytes_; }
  std::size_t pool_mapped_bytes() const { return 0; }

 private:
  std::size_t bytes_;
  RmmResource<rmm::mr::arena_memory_resource> arena_;
};

}  // namespace

AllocatorInfo rmm_pool() {
  return {RmmPool::name, "rmm::mr::pool_memory_resource on cudaMalloc, empty at first",
          [](cudaStream_t stream, const Demand& demand) { return make_peer<RmmPool>(demand, stream); }};
}

AllocatorInfo rmm_async() {
  return {RmmAsync::name, "rmm::mr::cuda_async_memory_resource as it comes: release threshold at maximum",
          [](cudaStream_t stream, const Demand& demand) { return make_peer<RmmAsync>(demand, stream); }};
}

AllocatorInfo rmm_arena() {
  return {RmmArena::name,
          "rmm::mr::arena_memory_resource of twice what a phase asks for or a trace has live, allocated in "
          "advance",
          [](cudaStream_t stream, const Demand& demand) {
            return make_peer<RmmArena>(demand, stream, arena_size(demand));
          }};
}

}  // namespace daa::bench
