#include "backing_store.hpp"

namespace daa::detail {

// What fails to be freed is tried once more, since no later occasion will come.
BackingStore::~BackingStore() {
  for (int attempt = 0; attempt < 2; ++attempt) {
    static_cast<void>(free_blocks([](const Block&) { return true; }));
  }
}

ArenaStats BackingStore::stats(const Bump& bump) const noexcept {
  ArenaStats stats;
  stats.allocations = bump.allocations;
  stats.bytes_requested = bump.bytes_requested;
  stats.bytes_in_use = bytes_in_use(bump);
  stats.padding_bytes = stats.bytes_in_use - stats.bytes_requested;
  stats.high_water_bytes = std::max(high_water_bytes_, stats.bytes_in_use);
  stats.bytes_reserved = reserved_bytes_;
  stats.chunks = blocks_.size();
  stats.growths = memory_.allocations();
  stats.runtime_calls = memory_.calls();
  return stats;
}

Block& BackingStore::take_block(const Bump& bump, std::size_t asked, std::size_t preferred,
                                std::size_t least) {
  const MemoryShortage shortage{asked, bytes_in_use(bump), reserved_bytes_};
  if (least == 0) memory_.throw_failed_allocation(cudaErrorMemoryAllocation, shortage);
  if (blocks_.size() == blocks_.capacity()) {
    blocks_.reserve(std::max<std::size_t>(16, 2 * blocks_.size()));  // what may throw comes first
  }

  Block block{nullptr, std::max(preferred, least), 0};
  cudaError_t error = memory_.allocate(&block.pointer, block.bytes);
  if (error == cudaErrorMemoryAllocation && block.bytes > least) {
    block.bytes = least;
    error = memory_.allocate(&block.pointer, block.bytes);
  }
  if (error == cudaErrorMemoryAllocation) {
    const std::size_t held = blocks_.size();
    static_cast<void>(free_unused_blocks());
    if (blocks_.size() != held) error = memory_.allocate(&block.pointer, block.bytes);
  }
  if (error != cudaSuccess) memory_.throw_failed_allocation(error, shortage);

  reserved_bytes_ += block.bytes;
  return blocks_.emplace_back(block);
}

cudaError_t BackingStore::free_unused_blocks() noexcept {
  return free_blocks([](const Block& block) { return block.used == 0; });
}

void BackingStore::throw_failed_free(cudaError_t error) {
  if (error != cudaSuccess) throw CudaError(error, "cudaFreeAsync", __FILE__, __LINE__);
}

}  // namespace daa::detail
