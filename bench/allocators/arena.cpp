// DeviceAsyncArena, on a pool of the allocator's own where it takes memory from one, so that its memory is
// counted alone.

#include "daa/device_async_arena.hpp"

#include "allocators/memory_pool.hpp"
#include "allocators/table.hpp"

namespace daa::bench {

namespace {

// Those of a user who captures graphs, where phases will be captured.
ArenaOptions arena_options(const Demand& demand) {
  ArenaOptions options;
  if (demand.for_graphs) options.capture = CapturePolicy::presized;
  return options;
}

class ArenaAllocator final : public ScratchAllocator {
 public:
  ArenaAllocator(cudaStream_t stream, std::uint64_t release_threshold_bytes, ArenaOptions options)
      : pool_(release_threshold_bytes), arena_(stream, pool_.handle(), options) {}

  void* allocate(std::size_t bytes) override { return arena_.alloc_bytes(bytes); }
  void free(void* pointer, std::size_t bytes) override { arena_.recycle(pointer, bytes); }
  void end_phase() override { arena_.reset(); }
  std::size_t bytes_reserved() const override { return arena_.stats().bytes_reserved; }
  std::size_t pool_mapped_bytes() const override { return pool_.bytes_mapped(); }

 private:
  MemoryPool pool_;
  DeviceAsyncArena arena_;
};

class MappedArenaAllocator final : public ScratchAllocator {
 public:
  MappedArenaAllocator(cudaStream_t stream, ArenaOptions options) : arena_(stream, {}, options) {}

  void* allocate(std::size_t bytes) override { return arena_.alloc_bytes(bytes); }
  void free(void* pointer, std::size_t bytes) override { arena_.recycle(pointer, bytes); }
  void end_phase() override { arena_.reset(); }
  std::size_t bytes_reserved() const override { return arena_.stats().bytes_reserved; }
  std::size_t pool_mapped_bytes() const override {
    const ArenaStats stats = arena_.stats();
    return stats.bytes_reserved + stats.bytes_returning;
  }

 private:
  DeviceAsyncArena arena_;
};

}  // namespace

// As a user gets it: chunked, on a pool with default attributes.
AllocatorInfo arena() {
  return {"arena", "DeviceAsyncArena: chunks kept across phases; frees inside a phase are honoured",
          [](cudaStream_t stream, const Demand& demand) -> std::unique_ptr<ScratchAllocator> {
            return std::make_unique<ArenaAllocator>(stream, 0, arena_options(demand));
          }};
}

// Without chunks, on a pool like that of cuda-malloc-async-tuned: the difference between the two is
// bookkeeping.
AllocatorInfo arena_individual() {
  return {"arena-individual",
          "DeviceAsyncArena, Backing::individual, on a pool with the release threshold at maximum",
          [](cudaStream_t stream, const Demand& demand) -> std::unique_ptr<ScratchAllocator> {
            ArenaOptions options = arena_options(demand);
            options.backing = Backing::individual;
            return std::make_unique<ArenaAllocator>(stream, keep_all, options);
          }};
}

AllocatorInfo arena_mapped() {
  return {"arena-mapped",
          "DeviceAsyncArena, Backing::mapped: one range of addresses that is mapped as it grows",
          [](cudaStream_t stream, const Demand& demand) -> std::unique_ptr<ScratchAllocator> {
            ArenaOptions options = arena_options(demand);
            options.backing = Backing::mapped;
            return std::make_unique<MappedArenaAllocator>(stream, options);
          }};
}

}  // namespace daa::bench
