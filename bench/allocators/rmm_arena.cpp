// RMM's arena: address-ordered first fit in superblocks of one block of memory, which is taken beforehand and
// never grows.

#include <rmm/mr/arena_memory_resource.hpp>
#include <rmm/mr/cuda_memory_resource.hpp>

#include <algorithm>

#include "allocators/peer_allocator.hpp"
#include "allocators/rmm_resource.hpp"
#include "allocators/table.hpp"
#include "daa/error.hpp"

namespace daa::bench {

namespace {

// Twice the temporaries of the largest phase and some superblocks (of 1 MiB and up), but no more than RMM
// takes when it is not told: half of what is free.
std::size_t arena_size(const Demand& demand) {
  std::size_t free_bytes = 0, total_bytes = 0;
  DAA_CUDA_CHECK(cudaMemGetInfo(&free_bytes, &total_bytes));
  constexpr std::size_t superblocks = std::size_t{64} << 20;
  const std::size_t half = free_bytes / 2 / 256 * 256;
  return demand.max_phase_bytes > half / 2 ? half : std::min(half, 2 * demand.max_phase_bytes + superblocks);
}

class RmmArena {
 public:
  static constexpr const char* name = "rmm-arena";

  RmmArena(cudaStream_t stream, std::size_t bytes)
      : bytes_(bytes), arena_(name, stream, rmm::mr::cuda_memory_resource{}, bytes) {}

  void* allocate(std::size_t bytes) { return arena_.allocate(bytes); }
  void deallocate(void* pointer, std::size_t bytes) { arena_.deallocate(pointer, bytes); }
  std::size_t bytes_reserved() const { return bytes_; }
  std::size_t pool_mapped_bytes() const { return 0; }

 private:
  std::size_t bytes_;
  RmmResource<rmm::mr::arena_memory_resource> arena_;
};

}  // namespace

AllocatorInfo rmm_arena() {
  return {RmmArena::name,
          "rmm::mr::arena_memory_resource of twice a phase's bytes and 64 MiB, taken beforehand",
          [](cudaStream_t stream, const Demand& demand) {
            return make_peer<RmmArena>(demand, stream, arena_size(demand));
          }};
}

}  // namespace daa::bench
