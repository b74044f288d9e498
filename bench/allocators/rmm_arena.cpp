// RMM's arena: address-ordered first fit in superblocks of one block of memory, which is taken beforehand and
// never grows.

#include <rmm/mr/arena_memory_resource.hpp>
#include <rmm/mr/cuda_memory_resource.hpp>

#include <algorithm>

#include "allocators/peer_allocator.hpp"
#include "allocators/rmm_resource.hpp"
#include "allocators/table.hpp"
#include "daa/error.hpp"
#include "primitives/primitives.hpp"

namespace daa::bench {

namespace {

constexpr std::size_t least_bytes = std::size_t{1} << 20;  // a superblock, without which RMM has no arena

// Twice what is live at once in a trace, or asked for in a phase, and some superblocks; but no more than
// there is, less a granule for what the device rounds. RMM is never told to take half of what is free: under
// a limit, half of it would stay unused.
std::size_t arena_size(const Demand& demand) {
  std::size_t free_bytes = 0, total_bytes = 0;
  DAA_CUDA_CHECK(cudaMemGetInfo(&free_bytes, &total_bytes));
  constexpr std::size_t superblocks = 8 * least_bytes;
  const std::size_t most = free_bytes - std::min(free_bytes, primitives::memory_granularity);
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

AllocatorInfo rmm_arena() {
  return {
      RmmArena::name,
      "rmm::mr::arena_memory_resource of twice what a phase asks for or a trace has live, taken beforehand",
      [](cudaStream_t stream, const Demand& demand) {
        return make_peer<RmmArena>(demand, stream, arena_size(demand));
      }};
}

}  // namespace daa::bench
