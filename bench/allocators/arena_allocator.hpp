// DeviceAsyncArena on a pool of the allocator's own, so that no other allocator's memory is in the account.
#pragma once

#include "allocators/allocator.hpp"
#include "allocators/memory_pool.hpp"
#include "daa/device_async_arena.hpp"

namespace daa::bench {

class ArenaAllocator final : public ScratchAllocator {
 public:
  ArenaAllocator(cudaStream_t stream, std::uint64_t release_threshold_bytes, ArenaOptions options)
      : pool_(release_threshold_bytes), arena_(stream, pool_.handle(), options) {}

  void* allocate(std::size_t bytes) override { return arena_.alloc_bytes(bytes); }
  void end_phase() override { arena_.reset(); }
  std::size_t bytes_reserved() const override { return arena_.stats().bytes_reserved; }
  std::size_t pool_mapped_bytes() const override { return pool_.bytes_mapped(); }
  std::size_t runtime_calls() const override { return arena_.stats().runtime_calls; }

 private:
  MemoryPool pool_;
  DeviceAsyncArena arena_;
};

}  // namespace daa::bench
