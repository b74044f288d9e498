// DeviceAsyncArena on a pool of the allocator's own, so that no other allocator's memory is in the account.
#pragma once

#include "allocators/allocators.hpp"
#include "allocators/memory_pool.hpp"
#include "daa/device_async_arena.hpp"

namespace daa::bench {

/// What becomes of a temporary that is given back before the phase ends.
enum class EarlyFrees { ignored, recycled };

/// Those of a user who captures graphs, where they are asked for.
[[nodiscard]] inline ArenaOptions arena_options(const Demand& demand) {
  ArenaOptions options;
  if (demand.for_graphs) options.capture = CapturePolicy::presized;
  return options;
}

class ArenaAllocator final : public ScratchAllocator {
 public:
  ArenaAllocator(cudaStream_t stream, std::uint64_t release_threshold_bytes, ArenaOptions options,
                 EarlyFrees early_frees = EarlyFrees::ignored)
      : pool_(release_threshold_bytes), arena_(stream, pool_.handle(), options), early_frees_(early_frees) {}

  void* allocate(std::size_t bytes) override { return arena_.alloc_bytes(bytes); }
  void free(void* pointer, std::size_t bytes) override {
    if (early_frees_ == EarlyFrees::recycled) arena_.recycle(pointer, bytes);
  }
  void end_phase() override { arena_.reset(); }
  std::size_t bytes_reserved() const override { return arena_.stats().bytes_reserved; }
  std::size_t pool_mapped_bytes() const override { return pool_.bytes_mapped(); }

 private:
  MemoryPool pool_;
  DeviceAsyncArena arena_;
  EarlyFrees early_frees_;
};

}  // namespace daa::bench
